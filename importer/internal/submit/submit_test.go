package submit

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

func newHalt(t *testing.T) *stop.Switch {
	halt := stop.New(t.Context(), slog.New(slog.DiscardHandler))
	t.Cleanup(halt.Close)
	return halt
}

// What rows become, one after the other, and whether that stops the run.
func TestRefusalsThatAreNotTheRows(t *testing.T) {
	type row = struct {
		o reports.Outcome
		t Task
	}
	task := Task{Case: mapping.Case{JSON: []byte(`{"form":{"Sede":"x"}}`)}}
	refused := func(message string) row {
		o := reports.Outcome{Status: reports.Rejected, Reply: reports.Reply{HTTPStatus: 400, Code: "7", Message: message}}
		return row{o, task}
	}
	foreign := row{reports.Outcome{Status: reports.Rejected, Reply: reports.Reply{Error: pace.RefusedBefore, HTTPStatus: 403}}, task}
	created := row{reports.Outcome{Status: reports.Created}, task}
	doubt := row{reports.Outcome{Status: reports.InDoubt}, task}
	before := refused("no")
	before.t.Refused = true
	times := func(n int, r row) (list []row) {
		for range n {
			list = append(list, r)
		}
		return list
	}
	join := func(parts ...[]row) (list []row) {
		for _, p := range parts {
			list = append(list, p...)
		}
		return list
	}
	for name, c := range map[string]struct {
		rows []row
		why  string // "" if the run goes on
	}{
		"nineteen equal ones":                {times(19, refused("no")), ""},
		"twenty equal ones":                  {times(20, refused("no")), "20 rows in a row with the same words"},
		"twenty with two kinds of words":     {join(times(10, refused("no")), times(10, refused("nada"))), ""},
		"a created one between them":         {join(times(19, refused("no")), times(1, created), times(1, refused("no"))), ""},
		"a doubt between them":               {join(times(19, refused("no")), times(1, doubt), times(1, refused("no"))), "same words"},
		"about a field of the CRM's":         {times(30, refused("El contacto no existe")), ""},
		"about a field of the form's":        {times(30, refused("SEDE: valor desconocido")), ""},
		"refused by an earlier run too":      {times(30, before), ""},
		"four before the CRM":                {times(4, foreign), ""},
		"five before the CRM":                {times(5, foreign), "wrong server: 5 rows"},
		"five, and a created one in between": {join(times(4, foreign), times(1, created), times(4, foreign)), ""},
		"five, and refused ones in between":  {join(times(4, foreign), times(3, refused("no")), times(1, foreign)), "wrong server"},
	} {
		var f refusals
		var halt *stop.Halt
		for i, r := range c.rows {
			if h := f.note(&r.o, &r.t); h != nil {
				if halt = h; i != len(c.rows)-1 {
					t.Errorf("%s: it stopped at row %d of %d", name, i+1, len(c.rows))
				}
			}
		}
		if (halt == nil) != (c.why == "") || halt != nil && (!strings.Contains(halt.Why, c.why) || halt.Status != stop.Stopped || halt.Hint == "") {
			t.Errorf("%s: %+v", name, halt)
		}
	}
}

// fakeLedger has the ids of earlier runs. What isn't here must not be called.
type fakeLedger struct {
	ledger.Ledger
	newest []string
	owned  map[string]string
	asked  int
	fails  error

	notes   []ledger.Record
	refused []ledger.Claim
	settled []ledger.Settlement
}

func (f *fakeLedger) NewestIDs(int) ([]string, error) { return f.newest, f.fails }
func (f *fakeLedger) Owner(id string) (string, bool, error) {
	f.asked++
	key, taken := f.owned[id]
	return key, taken, f.fails
}
func (f *fakeLedger) Note(list []ledger.Record) error { f.notes = append(f.notes, list...); return nil }
func (f *fakeLedger) Refuse(c ledger.Claim, _ ledger.Record) error {
	f.refused = append(f.refused, c)
	return nil
}
func (f *fakeLedger) Settle(s ledger.Settlement, _ ledger.Record, done func(error)) {
	f.settled = append(f.settled, s)
	done(f.fails)
}

// fresh is the n-th id that a CRM makes now.
func fresh(n int) string { return fmt.Sprintf("%08x%016x", time.Now().Unix(), n) }

func TestAnIDIsGivenToOneRowOnly(t *testing.T) {
	yesterday := fmt.Sprintf("%08x%016x", time.Now().Add(-24*time.Hour).Unix(), 1)
	for name, c := range map[string]struct {
		newest []string
		owned  map[string]string
		ids    []string
		same   bool // the last one is somebody else's
	}{
		"two ids":                     {nil, nil, []string{fresh(1), fresh(2)}, false},
		"one id twice":                {nil, nil, []string{fresh(1), fresh(2), fresh(1)}, true},
		"one of the last run":         {[]string{"a", fresh(3)}, nil, []string{fresh(3)}, true},
		"an old one that a row has":   {nil, map[string]string{yesterday: "T-1"}, []string{yesterday}, true},
		"an old one that none has":    {nil, nil, []string{yesterday}, false},
		"a canned one that a row has": {nil, map[string]string{"123": "T-1"}, []string{"123"}, true},
	} {
		halt := newHalt(t)
		s := &Submitter{Ledger: &fakeLedger{newest: c.newest, owned: c.owned}, Halt: halt}
		var err error
		for i, id := range c.ids {
			if err = s.distinct(id); err != nil && i != len(c.ids)-1 {
				t.Errorf("%s: %s: %v", name, id, err)
			}
		}
		if (err != nil) != c.same || halt.Thrown() != c.same {
			t.Errorf("%s: %v, %+v", name, err, halt.Halt())
		}
		if e := new(crm.Error); c.same && (!errors.As(err, &e) || e.Class != crm.InDoubt || e.WolkvoxID != c.ids[len(c.ids)-1]) {
			t.Errorf("%s: such a row is in doubt: %#v", name, err)
		}
	}
}

func TestTheWholeLedgerIsSearchedOnlyAFewTimes(t *testing.T) {
	f := new(fakeLedger)
	s := &Submitter{Ledger: f, Halt: newHalt(t)}
	for n := range 50 {
		if err := s.distinct(fresh(n)); err != nil {
			t.Fatal(err)
		}
	}
	if f.asked != 0 {
		t.Error("new ids were looked for", f.asked, "times")
	}
	for n := range 50 {
		if err := s.distinct(fmt.Sprint("odd-", n)); err != nil {
			t.Fatal(err)
		}
	}
	if f.asked != mostLookups {
		t.Error("odd ids were looked for", f.asked, "times")
	}
}

// A message that has a form's name within a word names no field.
func TestAFieldIsNamedByWholeWords(t *testing.T) {
	object := []byte(`{"form":{"ID":"1","Sede Norte":"x"}}`)
	for message, want := range map[string]bool{
		"invalid body":            false,
		"the ID is unknown":       true,
		"id: unknown":             true,
		"no such sede norte":      true,
		"la sede nortena no vale": false,
		"anid and the id":         true,
		"":                        false,
	} {
		if namesField(message, object) != want {
			t.Errorf("%q: %v", message, !want)
		}
	}
}

func TestALedgerThatCannotTellOwnersStopsTheRun(t *testing.T) {
	halt := newHalt(t)
	s := &Submitter{Ledger: &fakeLedger{fails: errors.New("damaged")}, Halt: halt}
	if e := new(crm.Error); !errors.As(s.distinct(fresh(1)), &e) || e.Class != crm.InDoubt || e.WolkvoxID != fresh(1) {
		t.Errorf("%+v: an id that can't be looked up must not become a row's", e)
	}
	if h := halt.Halt(); h == nil || !strings.Contains(h.Why, "damaged") {
		t.Errorf("%+v", h)
	}
}

// What becomes of a row by the class of its error, and of the run.
func TestAFailedInsertIsDoubtUnlessItIsKnownToBeNone(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status reports.Status
		state  ledger.State // of the claim; Unknown if it has none
		stops  int          // 0 if the run goes on
	}{
		"refused":            {&crm.Error{Class: crm.Refused}, reports.Rejected, ledger.Rejected, 0},
		"no answer":          {&crm.Error{Class: crm.InDoubt}, reports.InDoubt, ledger.InDoubt, 0},
		"nobody knows it":    {errors.New("what?"), reports.InDoubt, ledger.InDoubt, 0},
		"another server":     {&crm.Error{Class: crm.Redirected}, reports.InDoubt, ledger.InDoubt, stop.Stopped},
		"a spent quota":      {&crm.Error{Class: crm.TokenSpent}, reports.NotAttempted, ledger.Unknown, stop.Paused},
		"not sent":           {&crm.Error{Class: crm.Unsent}, reports.NotAttempted, ledger.Unknown, stop.Stopped},
		"only not claimable": {&crm.Error{Class: crm.Unsent, Err: ledger.ErrNotClaimable}, reports.NotAttempted, ledger.Unknown, 0},
	} {
		halt := newHalt(t)
		s := &Submitter{Halt: halt}
		var o reports.Outcome
		var settled ledger.Settlement
		s.failed(c.err, &o, &settled)
		if o.Status != c.status || settled.State != c.state {
			t.Errorf("%s: %s, %s", name, o.Status, settled.State)
		}
		if status := 0; halt.Thrown() {
			if status = halt.Halt().Status; status != c.stops {
				t.Errorf("%s: stopped with %d", name, status)
			}
		} else if c.stops != 0 {
			t.Errorf("%s: the run goes on", name)
		}
	}
}

func TestTheIDOfADoubtfulAnswerIsNoCasesColumn(t *testing.T) {
	s := &Submitter{Halt: newHalt(t)}
	var o reports.Outcome
	var settled ledger.Settlement
	s.failed(&crm.Error{Class: crm.InDoubt, Message: "cut", Reply: crm.Reply{WolkvoxID: "77"}}, &o, &settled)
	if o.WolkvoxID != "" || !strings.Contains(o.Message, "77") || settled.WolkvoxID != "77" {
		t.Errorf("%+v, %+v", o, settled)
	}
}

func TestOnlyTooManyOpenFilesStopTheRun(t *testing.T) {
	halt := newHalt(t)
	if OutOfFiles(halt, nil) || OutOfFiles(halt, os.ErrNotExist) || halt.Thrown() {
		t.Error(halt.Halt())
	}
	if !OutOfFiles(halt, &os.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}) || halt.Halt().Status != stop.Stopped {
		t.Error(halt.Halt())
	}
}

func TestARowThatTheStopOvertakesLeavesNothing(t *testing.T) {
	halt, f := newHalt(t), new(fakeLedger)
	r := record.New(f, halt, new(record.Meter), 1, 0)
	s := &Submitter{Ledger: f, Record: r, Halt: halt, Budget: 1} // it has no sender to send by
	s.Start()
	halt.Stop(&stop.Halt{Status: stop.Paused, Why: "night", Hint: "tomorrow"})
	o := s.Submit(Task{File: "a.csv", Row: 7, Claim: ledger.Claim{Key: "T-7"}})
	if o.Status != reports.NotAttempted || o.Row != 7 || o.Key != "T-7" || !strings.Contains(o.Message, "night") {
		t.Errorf("%+v", o)
	}
	if len(f.notes) != 1 || len(f.settled) != 0 {
		t.Errorf("%d notes, %d settlements", len(f.notes), len(f.settled))
	}
}

// withFile makes a case whose row names a file of this age.
func withFile(t *testing.T, age time.Duration) (c mapping.Case, path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "files", "a.pdf")
	texts := map[string]string{
		"map.yaml": "operation: op\nkey: \"{{ID}}\"\ncase: {case-type: Request, responsible: A, owner: A, " +
			"contact: {column: Correo}, description: x, status: Open, priority: baja}\n" +
			"attachments: {root: files, files: [{column: F}]}\n",
		"a.csv":       "ID,Correo,F\nT-1,a@b.co,a.pdf\n",
		"files/a.pdf": "one",
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	r := intake.Reading{Inputs: []string{filepath.Join(dir, "a.csv")}, Mapping: filepath.Join(dir, "map.yaml")}
	inputs, err := intake.Open(r, intake.Reports{Out: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inputs.Close)
	row := new(intake.Row)
	inputs.All[0].Next(row)
	inputs.All[0].FindKey(row)
	c, wanted, problems := inputs.All[0].Case(row)
	if !wanted || len(problems) > 0 || len(c.Attachments) != 1 {
		t.Fatal(c, problems)
	}
	return c, path
}

func TestASumIsKeptOnlyOfAFileThatCannotHaveChanged(t *testing.T) {
	for name, c := range map[string]struct {
		age    time.Duration
		change bool
		want   string
	}{
		"an old file":                {time.Hour, false, "abc"},
		"a file of just now":         {0, false, ""},
		"a file that somebody wrote": {time.Hour, true, ""},
	} {
		made, path := withFile(t, c.age)
		a := &made.Attachments[0]
		file, problem := a.Open()
		if problem != nil {
			t.Fatal(problem)
		}
		defer file.Close()
		if c.change {
			if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var s sums
		s.keep(&made, []*os.File{file}, []reports.Attachment{{SHA256: "abc"}})
		if got := s.of(a); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
		if remark := Remarks(&made, []*os.File{file}); strings.Contains(remark, "changed while it was sent") != c.change {
			t.Errorf("%s: %q", name, remark)
		}
	}
}

func TestAMissingFileIsFoundBeforeTheClaim(t *testing.T) {
	made, path := withFile(t, time.Hour)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	halt, f := newHalt(t), new(fakeLedger)
	s := &Submitter{Ledger: f, Record: record.New(f, halt, new(record.Meter), 1, 0), Halt: halt, Budget: 1}
	s.Start()
	o := s.Submit(Task{Row: 2, Case: made}) // a claim would call what the fake ledger lacks
	if o.Status != reports.Invalid || !strings.Contains(o.Message, "a.pdf") || len(f.refused) != 1 {
		t.Errorf("%+v", o)
	}
}
