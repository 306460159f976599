package proof

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
)

// idAt is an id of the CRM's, made then.
func idAt(at time.Time) string {
	return hex.EncodeToString([]byte{byte(at.Unix() >> 24), byte(at.Unix() >> 16), byte(at.Unix() >> 8), byte(at.Unix())}) +
		"0000000000000000"
}

var (
	claimed = time.Now().Add(-100 * time.Hour)
	doubt   = ledger.Doubt{Key: "T-7", Marker: "[Importado: T-7]", Contact: "a@b.co", Claimed: claimed, Length: 100, Bytes: 120}
)

func found(id, description string) crm.Found {
	return crm.Found{WolkvoxID: id, Description: description, Fields: map[string]any{"description": description}}
}

func TestOnlyAMarkerThatIsTheWholeLastLineIsProof(t *testing.T) {
	for description, want := range map[string]bool{
		"Hola\n[Importado: T-7]":             true,
		"Hola\r\n [Importado: T-7] \r\n\r\n": true,
		"[Importado: T-7]":                   true,
		"Hola [Importado: T-7]":              false, // a quotation
		"[Importado: T-7]\nRespuesta":        false,
		"Hola\n[Importado: T-77]":            false,
		"Hola\n[importado: t-7]":             false,
		"":                                   false,
	} {
		if got := endsWith(found("1", description), doubt.Marker); got != want {
			t.Errorf("%q: %v", description, got)
		}
	}
}

func TestWhatMayBeTheRowsCaseIsNeverAbsence(t *testing.T) {
	old, recent := idAt(claimed.Add(-48*time.Hour)), idAt(claimed.Add(time.Minute))
	deep := found(old, "otra cosa")
	deep.Fields["form"] = map[string]any{"notas": []any{"x", "copia: [IMPORTADO: T-7]"}}
	for name, c := range map[string]struct {
		found crm.Found
		field string
		want  string // a part of why; "" if it can't be the row's
	}{
		"another case":                      {found(old, "Hola\n[Importado: T-8]"), crm.ByDescription, ""},
		"named by a doubtful answer":        {found(old, "Hola"), crm.ByID, "doubtful answer named"},
		"an agent wrote below the marker":   {found(old, "Hola\n[Importado: T-7]\nListo"), crm.ByDescription, "not as its last line"},
		"other capitals and blanks":         {found(old, "Hola\n[ImPortado:   T-7] !"), crm.ByDescription, "not as its last line"},
		"escaped twice":                     {found(old, "Hola\n&amp;#91;Importado: T-7&amp;#93; x"), crm.ByDescription, "not as its last line"},
		"the marker in another field":       {deep, crm.ByDescription, "not as its last line"},
		"cut within the marker":             {found(old, "Hola\n[Import"), crm.ByDescription, "may have been cut"},
		"cut after two characters":          {found(old, "Hola\n[I"), crm.ByDescription, ""},
		"of the contact, and older":         {found(old, "Hola"), crm.ByContact, ""},
		"of the contact, and not older":     {found(recent, "Hola"), crm.ByContact, "isn't older"},
		"of the contact, within the error":  {found(idAt(claimed.Add(-23*time.Hour)), "Hola"), crm.ByContact, "isn't older"},
		"of the contact, made nobody knows": {found("77", "Hola"), crm.ByContact, "isn't older"},
	} {
		got := strings.Join(resembles(doubt, c.found, c.field), "; ")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestEveryCutOfAMarkerIsNoticed(t *testing.T) {
	marker := []rune(fold("[Importado: Ñandú 7]"))
	for n := range len(marker) + 1 {
		want := n >= fewestCut && n < len(marker) // the whole of it is looked for before
		if got := endsWithin("texto "+string(marker[:n]), string(marker)); got != want {
			t.Errorf("%d characters: %v", n, got)
		}
	}
}

func TestOnlyWhatIsCertainlyOlderIsOlder(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		id   string
		than time.Time
		want bool
	}{
		"two days before":       {idAt(claimed.Add(-2 * day)), claimed, true},
		"within a wrong zone":   {idAt(claimed.Add(-day + time.Minute)), claimed, false},
		"after":                 {idAt(claimed.Add(day)), claimed, false},
		"an id without a time":  {"abc", claimed, false},
		"an id of other digits": {"zzzzzzzz0000000000000000", claimed, false},
		"a claim yet to come":   {idAt(claimed), time.Now().Add(9 * day), false},
	} {
		if got := older(c.id, c.than); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAControlHasTheSameKindsOfCharacters(t *testing.T) {
	for _, c := range []struct {
		own, control string
		want         bool
	}{
		{"[T-7]", "[A-9 b]", true},
		{"[T-7]", "[t-7]", false}, // no capital
		{"T+7", "T-7", false},     // another sign
		{"T-ñ", "T-é a", true},    // both outside ASCII
		{"T-ñ", "T-n", false},
		{"T-😀", "T-ñ", false}, // four bytes
		{"", "", true},
	} {
		if got := kinds(c.own).within(kinds(c.control)); got != c.want {
			t.Errorf("%q within %q: %v", c.own, c.control, got)
		}
	}
}

func TestAllTextsOfACase(t *testing.T) {
	got := texts(map[string]any{"a": "1", "b": []any{"2", map[string]any{"c": "3"}, 4.0, nil}, "d": true})
	if slices.Sort(got); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("%q", got)
	}
}

func TestErrorsThatEndTheAsking(t *testing.T) {
	of := func(c crm.Class) error { return fmt.Errorf("asked: %w", &crm.Error{Class: c}) }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"none":            {nil, false},
		"a refusal":       {of(crm.Refused), false},
		"nonsense":        {of(crm.InDoubt), false},
		"a spent quota":   {of(crm.TokenSpent), true},
		"another server":  {of(crm.Redirected), true},
		"nothing left":    {of(crm.Unsent), true},
		"the ledger's":    {errors.New("disk"), true},
		"an interruption": {context.Canceled, true},
	} {
		if got := stops(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// fakeLedger answers as it is told, and keeps what is resolved.
type fakeLedger struct {
	ledger.Ledger
	doubts   []ledger.Doubt
	owner    string
	longer   string
	known    []ledger.Known
	controls []ledger.Control
	resolved []ledger.Resolution
}

func (f *fakeLedger) Doubts(int) ([]ledger.Doubt, error)     { return f.doubts, nil }
func (f *fakeLedger) Owner(string) (string, bool, error)     { return f.owner, f.owner != "", nil }
func (f *fakeLedger) Longer(string) (string, error)          { return f.longer, nil }
func (f *fakeLedger) KnownOf(string) ([]ledger.Known, error) { return f.known, nil }
func (f *fakeLedger) Resolve(list ...ledger.Resolution) error {
	f.resolved = append(f.resolved, list...)
	return nil
}
func (f *fakeLedger) Controls(_, _, most int, fits func(ledger.Control) bool) (list []ledger.Control, err error) {
	for _, c := range f.controls {
		if fits(c) && len(list) < most {
			list = append(list, c)
		}
	}
	return list, nil
}

func settler(f *fakeLedger) *Settler {
	return &Settler{Ledger: f, Log: slog.New(slog.DiscardHandler), Margin: time.Hour}
}

func TestOfTwoCasesTheOlderIsTheRowsAndBothAreSaid(t *testing.T) {
	f := new(fakeLedger)
	first, second := found(idAt(claimed), "x"), found(idAt(claimed.Add(time.Hour)), "x")
	end, err := settler(f).present(doubt, crm.ByDescription, []crm.Found{second, first})
	if err != nil || end.State != "created" || end.WolkvoxID != first.WolkvoxID || !strings.Contains(end.Why, second.WolkvoxID) {
		t.Errorf("%+v, %v", end, err)
	}
	if len(f.resolved) != 1 || f.resolved[0].To != ledger.Created || f.resolved[0].WolkvoxID != first.WolkvoxID {
		t.Errorf("%+v", f.resolved)
	}
}

func TestACaseThatMayBeAnotherRowsSettlesNothing(t *testing.T) {
	for name, f := range map[string]*fakeLedger{
		"it is another row's":          {owner: "T-1"},
		"its marker may be a longer's": {longer: "[Importado: T-7]0"},
	} {
		end, err := settler(f).present(doubt, crm.ByDescription, []crm.Found{found("1", "x")})
		if err != nil || end.State != "in_doubt" || end.WolkvoxID != "" || len(f.resolved) > 0 || end.Why == "" {
			t.Errorf("%s: %+v, %v", name, end, err)
		}
	}
}

func TestAnAnswerThatLacksAKnownCaseIsNotWhole(t *testing.T) {
	mine := []ledger.Known{{WolkvoxID: "1", Key: "T-1"}, {WolkvoxID: "2", Key: "T-2"}}
	both := map[string]ledger.Known{"1": mine[0], "2": mine[1]}
	for name, c := range map[string]struct {
		field  string
		answer crm.Answer
		owners map[string]ledger.Known
		gap    string
	}{
		"all that are known":      {crm.ByContact, crm.Answer{}, both, ""},
		"one is lacking":          {crm.ByContact, crm.Answer{}, map[string]ledger.Known{"1": mine[0]}, "it lacks 2"},
		"a part, as the CRM says": {crm.ByContact, crm.Answer{Partial: "page 1 of 2"}, both, "page 1 of 2"},
		"nothing by description":  {crm.ByDescription, crm.Answer{}, nil, ""},
		"something else entirely": {crm.ByDescription, crm.Answer{Cases: []crm.Found{found("9", "Hola")}}, nil, "doesn't have what was asked"},
		"what was asked for":      {crm.ByDescription, crm.Answer{Cases: []crm.Found{found("9", "x [importado: t-7] y")}}, nil, ""},
	} {
		gap, err := settler(&fakeLedger{known: mine}).incomplete(doubt, c.field, c.answer, c.owners)
		if err != nil || (gap == "") != (c.gap == "") || !strings.Contains(gap, c.gap) {
			t.Errorf("%s: %q, %v", name, gap, err)
		}
	}
}

func TestAnAnswerThatSurroundsTheTimeOfTheRequest(t *testing.T) {
	d := doubt
	d.Last = clock.Moment{Wall: claimed.Add(time.Minute)}
	before := ledger.Known{Claimed: claimed.Add(-2 * time.Hour), Settled: claimed.Add(-time.Hour)}
	after := ledger.Known{Claimed: claimed.Add(2 * time.Hour), Settled: claimed.Add(3 * time.Hour)}
	within := ledger.Known{Claimed: claimed.Add(30 * time.Minute), Settled: claimed.Add(31 * time.Minute)} // of the margin
	for name, c := range map[string]struct {
		owners map[string]ledger.Known
		want   bool
	}{
		"both sides":       {map[string]ledger.Known{"1": before, "2": after}, true},
		"only older ones":  {map[string]ledger.Known{"1": before}, false},
		"only newer ones":  {map[string]ledger.Known{"2": after}, false},
		"newer, too early": {map[string]ledger.Known{"1": before, "2": within}, false},
	} {
		if got := settler(nil).surrounds(d, c.owners); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	d.Last = clock.Moment{}
	if settler(nil).surrounds(d, map[string]ledger.Known{"1": before, "2": after}) {
		t.Error("nobody knows when the request could leave no more")
	}
}

func TestWithoutAControlThereIsNoProof(t *testing.T) {
	short := doubt
	short.Length = 0
	for name, c := range map[string]struct {
		d    ledger.Doubt
		f    *fakeLedger
		want string
	}{
		"no length noted":       {short, new(fakeLedger), "didn't note how long"},
		"no created case":       {doubt, new(fakeLedger), "no created case"},
		"only other characters": {doubt, &fakeLedger{controls: []ledger.Control{{WolkvoxID: "1", Marker: "T 7"}}}, "no created case"},
	} {
		gap, err := settler(c.f).control(t.Context(), c.d, crm.ByDescription, new(proof))
		if err != nil || !strings.Contains(gap, c.want) {
			t.Errorf("%s: %q, %v", name, gap, err)
		}
	}
}

func TestARowWithoutAMarkerStaysInDoubt(t *testing.T) {
	f := &fakeLedger{doubts: []ledger.Doubt{{Key: "T-1"}, {Key: "T-2"}}}
	all, err := settler(f).Settle(t.Context())
	if err != nil || len(all) != 2 || len(f.resolved) > 0 {
		t.Fatal(all, err, f.resolved)
	}
	for i, end := range all {
		if end.Key != f.doubts[i].Key || end.State != "in_doubt" || !strings.Contains(end.Why, "without a marker") {
			t.Errorf("%+v", end)
		}
	}
}

func TestAnInterruptedSettlerLeavesTheRestInDoubt(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f := &fakeLedger{doubts: []ledger.Doubt{{Key: "T-1"}, doubt}}
	all, err := settler(f).Settle(ended) // the second one would have to be waited for
	if err != nil || len(all) != 2 || all[1].State != "in_doubt" || all[1].Why != "not asked for" || len(f.resolved) > 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestTheMarginIsOverOnlyByACertainClock(t *testing.T) {
	at := func(boot string, uptime time.Duration) clock.Clock {
		return func() (string, time.Duration) { return boot, uptime }
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel() // whoever would wait fails at once
	last := clock.Moment{Wall: time.Now().Add(-9 * time.Hour), Boot: "b", Uptime: time.Hour}
	for name, c := range map[string]struct {
		clock clock.Clock
		waits bool
	}{
		"long ago, by the same start":     {at("b", 3*time.Hour), false},
		"just now, by the same start":     {at("b", 90*time.Minute), true},
		"another start, not long ago":     {at("c", time.Minute), true},
		"nobody knows which start it was": {at("", 99*time.Hour), true},
	} {
		s := settler(nil)
		s.Clock, s.began = c.clock, time.Now()
		if err := s.waitOut(ended, ledger.Doubt{Last: last}, 1); (err != nil) != c.waits {
			t.Errorf("%s: %v", name, err)
		}
	}
}
