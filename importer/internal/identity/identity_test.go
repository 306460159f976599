package identity_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/stop"
)

const (
	byID     = "key: \"{{ID}}\"\n"
	withMark = `operation: op
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo}
  description: "{{Asunto}}"
  status: Open
  priority: baja
`
	withState = withMark + "  form: {Estado: {column: Estado}}\n"
	header    = "ID,Correo,Asunto,Estado\n"
	rejects   = "import_key,import_status,import_error,import_hint," + header
)

// bench is a folder with a ledger.
type bench struct {
	t      *testing.T
	dir    string
	ledger *sqlite.Ledger
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir()}
	b.open()
	t.Cleanup(func() { b.ledger.Close() })
	return b
}

func (b *bench) open() {
	b.t.Helper()
	l, err := sqlite.Open(filepath.Join(b.dir, "op.ledger.db"), ledger.Binding{Operation: "op", Server: "crm"})
	if err != nil {
		b.t.Fatal(err)
	}
	if b.ledger = l; l.Begin(1, []byte("{}")) != nil {
		b.t.Fatal("no run can begin")
	}
}

// reopen makes the ledger one that an earlier run has left.
func (b *bench) reopen() {
	b.t.Helper()
	if err := b.ledger.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

// inputs opens files with these texts.
func (b *bench) inputs(mapping string, texts ...string) *intake.Inputs {
	b.t.Helper()
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		b.t.Fatal(err)
	}
	r := intake.Reading{Mapping: filepath.Join(dir, "map.yaml")}
	files := map[string]string{r.Mapping: mapping}
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("%c.csv", 'a'+i))
		r.Inputs, files[path] = append(r.Inputs, path), text
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	all, err := intake.Open(r, intake.Reports{Out: filepath.Join(dir, "out")}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(all.Close)
	return all
}

func (b *bench) finder(inputs *intake.Inputs) *identity.Finder {
	b.t.Helper()
	seen := duplicates.New(filepath.Join(b.dir, "keys"))
	b.t.Cleanup(func() { seen.Close() })
	f, err := identity.NewFinder(b.ledger, seen, inputs, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return f
}

// found is a row as a test keeps it.
type found struct {
	identity.Known
	Input, Number int
	Key           string
	Given         bool
	Problem       string
	claim         ledger.Claim
}

// find identifies all rows, read anew.
func (b *bench) find(f *identity.Finder, inputs *intake.Inputs) (list []found, err error) {
	b.t.Helper()
	for _, in := range inputs.All {
		again, err := in.Anew()
		if err != nil {
			b.t.Fatal(err)
		}
		defer again.Done()
		for batch, err := range again.Batches(1) {
			if err != nil {
				b.t.Fatal(err)
			}
			rows, err := f.Find(again, batch, nil)
			if err != nil {
				return list, err
			}
			for i := range rows {
				row := &rows[i]
				kept := found{Known: row.Known, Input: in.Number, Number: row.Number, Key: row.Key, Given: row.Given}
				if row.Problem != nil {
					kept.Problem = row.Problem.Error + ": " + row.Problem.Message
				}
				kept.claim = f.Claim(again, row)
				list = append(list, kept)
			}
		}
		f.NextInput()
	}
	return list, nil
}

// rows identifies the rows of some texts by a new finder.
func (b *bench) rows(mapping string, texts ...string) []found {
	b.t.Helper()
	inputs := b.inputs(mapping, texts...)
	list, err := b.find(b.finder(inputs), inputs)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// becomes brings rows to a state.
func (b *bench) becomes(state ledger.State, list ...found) {
	b.t.Helper()
	for i, row := range list {
		if err := b.ledger.Claim(row.claim); err != nil {
			b.t.Fatal(err)
		}
		s := ledger.Settlement{ID: row.claim.ID, State: state, WolkvoxID: fmt.Sprintf("id-%d-%s", i, row.Key)}
		b.ledger.Settle(s, ledger.Record{Row: row.Number, Outcome: []byte("{}")}, func(error) {})
	}
	if err := b.ledger.Flush(); err != nil {
		b.t.Fatal(err)
	}
	b.reopen()
}

func TestAKeyThatStandsTwice(t *testing.T) {
	for name, c := range map[string]struct {
		texts []string
		want  []identity.Earlier
	}{
		"in one input, the same cells": {
			[]string{header + "A,a@b.co,x,\nB,a@b.co,x,\nA,a@b.co,x,ignored\n"},
			[]identity.Earlier{{}, {}, {Row: 2, Same: true}},
		},
		"in one input, other cells": {
			[]string{header + "A,a@b.co,x,\nA,a@b.co,y,\n"},
			[]identity.Earlier{{}, {Row: 2}},
		},
		"in two inputs, the same cells": { // the ledger tells what became of the first
			[]string{header + "A,a@b.co,x,\n", header + "A,a@b.co,x,\n"},
			[]identity.Earlier{{}, {}},
		},
		"in two inputs, other cells": {
			[]string{header + "A,a@b.co,x,\n", header + "A,a@b.co,y,\n"},
			[]identity.Earlier{{}, {Row: 2}},
		},
		"in an input and its mended rejects": {
			[]string{header + "A,a@b.co,x,\n", rejects + "A,rejected,e,h,A,a@b.co,y,\n"},
			[]identity.Earlier{{}, {}},
		},
	} {
		b := newBench(t)
		for i, row := range b.rows(byID+withMark, c.texts...) {
			if row.Before != c.want[i] {
				t.Errorf("%s: row %d: %+v", name, i, row.Before)
			}
		}
	}
}

func TestTheLedgerIsAskedByTheKeyAlone(t *testing.T) {
	b := newBench(t)
	b.becomes(ledger.Created, b.rows(byID+withMark, header+"A,a@b.co,x,\nB,a@b.co,x,\n")...)
	list := b.rows(byID+withMark, header+"A,a@b.co,x,other\nB,a@b.co,y,\nC,a@b.co,x,\n")
	for i, want := range []struct {
		state   ledger.State
		changed bool
	}{{ledger.Created, false}, {ledger.Created, true}, {ledger.Unknown, false}} {
		if list[i].Entry.State != want.state || list[i].Changed != want.changed || list[i].ID != identity.IDOf(list[i].Key) {
			t.Errorf("%s: %+v", list[i].Key, list[i].Known)
		}
	}
	if list[0].Entry.WolkvoxID != "id-0-A" {
		t.Error(list[0].Entry.WolkvoxID)
	}
}

func TestAMappingOfOtherColumnsMakesNoRowLookChanged(t *testing.T) {
	b := newBench(t)
	b.becomes(ledger.Created, b.rows(byID+withMark, header+"A,a@b.co,x,abierto\n")...)
	for text, want := range map[string]bool{
		header + "A,a@b.co,x,cerrado\n": false, // the entry doesn't know this column
		header + "A,a@b.co,y,abierto\n": true,
	} {
		if row := b.rows(byID+withState, text)[0]; row.Changed != want || row.Entry.State != ledger.Created {
			t.Errorf("%q: %+v", text, row.Known)
		}
	}
}

func TestEqualRowsWithoutAKeyAreCounted(t *testing.T) {
	b := newBench(t)
	text := header + "A,a@b.co,x,\nB,a@b.co,x,\nC,a@b.co,y,\nD,a@b.co,x,\n"
	list := b.rows(withMark, text, text)
	first := list[0].Key
	if !strings.HasPrefix(first, "row-") {
		t.Fatal(first)
	}
	for input := range 2 { // each input counts for itself, so an input that comes again is the same
		for i, want := range []string{first, first + "#2", list[2].Key, first + "#3"} {
			if row := list[4*input+i]; row.Key != want || row.Before.Met() {
				t.Errorf("input %d, row %d: %q, wanted %q", input, i, row.Key, want)
			}
		}
	}
}

func TestRowsWithoutAKeyAreKnownByTheColumnsOfTheirTime(t *testing.T) {
	b := newBench(t)
	text := header + "A,a@b.co,x,1\nB,a@b.co,x,2\n"
	old := b.rows(withMark, text) // they are equal in these columns
	b.becomes(ledger.Created, old...)
	list := b.rows(withState, text+"C,a@b.co,x,3\nD,a@b.co,z,4\n")
	for i := range 2 {
		if list[i].Key != old[i].Key || list[i].Entry.State != ledger.Created || list[i].Changed {
			t.Errorf("row %d: %q, was %q: %+v", i, list[i].Key, old[i].Key, list[i].Known)
		}
	}
	for i := 2; i < 4; i++ {
		if list[i].Entry.State != ledger.Unknown || !strings.HasPrefix(list[i].Key, "row-") {
			t.Errorf("row %d: %+v", i, list[i].Known)
		}
	}
}

func TestForgetLetsRowsComeAgain(t *testing.T) {
	b := newBench(t)
	inputs := b.inputs(byID+withMark, header+"A,a@b.co,x,\n")
	f := b.finder(inputs)
	for _, forget := range []bool{true, true, false} {
		list, err := b.find(f, inputs)
		if err != nil || list[0].Before.Met() {
			t.Fatal(list, err)
		}
		if forget && f.Forget() != nil {
			t.Fatal("it can't forget")
		}
	}
	if list, err := b.find(f, inputs); err != nil || !list[0].Before.Met() { // or the test shows nothing
		t.Error(list, err)
	}
}

func TestBadRowsWithAKeyAreLookedUpAndMeetNobody(t *testing.T) {
	b := newBench(t)
	list := b.rows(byID+withMark, header+"A,a@b.co,x,,too,many\nA,a@b.co,x,\n")
	if list[0].ID != identity.IDOf("A") || list[0].Before.Met() || list[1].Before.Met() {
		t.Errorf("%+v\n%+v", list[0].Known, list[1].Known)
	}
}

func TestImportKeysOfARejectsFile(t *testing.T) {
	line := func(key, id string) string { return key + ",rejected,e,h," + id + ",a@b.co,x,\n" }
	b := newBench(t)
	b.becomes(ledger.Rejected, b.rows(byID+withMark, header+"00012,a@b.co,x,\nKEY 7,a@b.co,x,\n")...)
	for text, want := range map[string]string{
		line("00012", "00012"): "",
		line("KEY 7", "OTHER"): "",
		line("12", "12"):       `doesn't know "12"; a spreadsheet has probably made it of "00012"`,
		line("NEW", "NEW"):     `doesn't know "NEW"; a spreadsheet may have changed it`,
		line("", "12"):         `the key "12" is new; a spreadsheet may have made it of "00012"`,
		line("", "99"):         "",
		line("1.2E+13", "9"):   `doesn't know "1.2E+13"`,
	} {
		row := b.rows(byID+withMark, rejects+text)[0]
		if (want == "") != (row.Problem == "") || !strings.Contains(row.Problem, want) {
			t.Errorf("%q: %q", text, row.Problem)
		}
		if row.Problem != "" && row.Known != (identity.Known{}) {
			t.Errorf("%q: such a key must not become one that the ledger knows: %+v", text, row.Known)
		}
	}
	given := b.rows(byID+withMark, rejects+line("KEY 7", "OTHER"))[0]
	if given.claim.Key != "KEY 7" || given.claim.Template != "{{id}}" || given.Entry.State != ledger.Rejected {
		t.Errorf("%+v", given.claim)
	}
}

func TestANewKeyThatASpreadsheetMayHaveMadeIsQuestioned(t *testing.T) {
	b := newBench(t)
	b.becomes(ledger.Created, b.rows(byID+withMark, header+"000126,a@b.co,x,\nab 7,a@b.co,x,\n")...)
	inputs := b.inputs(byID+withMark, header+"126,a@b.co,x,\nAB7,a@b.co,x,\n127,a@b.co,x,\n000126,a@b.co,x,\n")
	list, err := b.find(b.finder(inputs), inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, questioned := range []bool{true, false, false, false} {
		if (list[i].Problem != "") != questioned {
			t.Errorf("%s: %q", list[i].Key, list[i].Problem)
		}
	}
	f := b.finder(inputs)
	f.NewKeys = true // a person has said so
	if list, err = b.find(f, inputs); err != nil || list[0].Problem != "" {
		t.Error(list[0].Problem, err)
	}
}

func TestTooManySuchKeysAreTheExportsFault(t *testing.T) {
	b := newBench(t)
	was, now := header, header
	for i := range 120 {
		was += fmt.Sprintf("000%d,a@b.co,x,\n", 100+i)
		now += fmt.Sprintf("%d,a@b.co,x,\n", 100+i)
	}
	b.becomes(ledger.Created, b.rows(byID+withMark, was)...)
	inputs := b.inputs(byID+withMark, now)
	_, err := b.find(b.finder(inputs), inputs)
	if halt := new(stop.Halt); !errors.As(err, &halt) || halt.Status != stop.Stopped || halt.Hint == "" {
		t.Errorf("%v", err)
	}
}

func TestRekeyedRowsAreSaid(t *testing.T) {
	other := "key: \"{{ID}}/{{Correo}}\"\n"
	text := header + "A,a@b.co,x,\n"
	for name, c := range map[string]struct {
		state     ledger.State
		was, is   string
		text      string
		wantParts []string
	}{
		"another key":                {ledger.Created, byID, other, text, []string{`with the key "{{id}}"`, "sent again"}},
		"no key before":              {ledger.Created, "", byID, text, []string{"without a key"}},
		"no key now":                 {ledger.InDoubt, byID, "", text, []string{`with the key "{{id}}"`}},
		"the same key":               {ledger.Created, byID, byID, text, nil},
		"another key, and other row": {ledger.Created, byID, other, header + "B,b@b.co,z,\n", nil},
		"what was refused is free":   {ledger.Rejected, byID, other, text, nil},
	} {
		b := newBench(t)
		b.becomes(c.state, b.rows(c.was+withMark, text)...)
		inputs := b.inputs(c.is+withMark, c.text)
		f := b.finder(inputs)
		said, err := f.Rekeyed()
		if err != nil || (said == "") != (c.wantParts == nil) {
			t.Errorf("%s: %q, %v", name, said, err)
		}
		for _, part := range c.wantParts {
			if !strings.Contains(said, part) {
				t.Errorf("%s: nothing of %q in %q", name, part, said)
			}
		}
		if list, err := b.find(f, inputs); err != nil || list[0].Before.Met() {
			t.Errorf("%s: the look counts as a row met: %v", name, err)
		}
	}
}

func TestTemplatesAreHandedOnToTheNextRun(t *testing.T) {
	b := newBench(t)
	b.becomes(ledger.Created, b.rows(byID+withMark, header+"A,a@b.co,x,\n")...)
	got := b.finder(b.inputs("key: \"{{Correo}}\"\n"+withMark, header)).Templates()
	if slices.Sort(got); !slices.Equal(got, []string{"{{correo}}", "{{id}}"}) {
		t.Errorf("%q", got)
	}
}

// A check, which has no ledger, must say of rows what a first run does with them.
func TestMemoryAndFinderAgreeOnAFreshLedger(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	line := func() string {
		return fmt.Sprintf("%c,%c@b.co,%c,%d\n", 'A'+random.IntN(6), 'a'+random.IntN(2), 'x'+random.IntN(2), random.IntN(2))
	}
	repeats := 0
	for range 20 {
		texts := make([]string, 1+random.IntN(3))
		for i := range texts {
			texts[i] = header
			for range random.IntN(8) {
				texts[i] += line()
			}
		}
		b := newBench(t)
		inputs := b.inputs(byID+withMark, texts...)
		want, err := b.find(b.finder(inputs), inputs)
		if err != nil {
			t.Fatal(err)
		}
		m, n := identity.NewMemory(inputs), 0
		first := map[string]found{}
		for _, in := range inputs.All {
			for row := new(intake.Row); in.Next(row); n++ {
				got := m.Find(in, row)
				if got.Key != want[n].Key || got.Before != want[n].Before {
					t.Fatalf("%q: row %d of %d: %+v, the finder says %+v", texts, row.Number, in.Number, got.Known, want[n].Known)
				}
				// A copy is what the ledger would know of by then: the first row has been sent.
				f, met := first[row.Key]
				if copied := met && f.Input != in.Number && !got.Before.Met(); copied != got.Copy.Met() {
					t.Fatalf("%q: row %d of %d: copy %+v", texts, row.Number, in.Number, got.Copy)
				}
				if !met {
					first[row.Key] = want[n]
				} else {
					repeats++
				}
			}
		}
	}
	if repeats < 30 {
		t.Error("only", repeats, "repeated keys: the test shows little")
	}
}
