package account_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/account"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/reports"
)

// view has a run and its outcomes. What isn't here must not be called.
type view struct {
	ledger.View
	run      ledger.Run
	err      error
	outcomes []reports.Outcome
	damaged  int // row whose record is damaged; 0 is none
}

func (v *view) LastRun() (ledger.Run, error) { return v.run, v.err }

func (v *view) Records(int) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, o := range v.outcomes {
			text, err := json.Marshal(o)
			if v.damaged > 0 && o.Row == v.damaged {
				text = text[:3]
			}
			if !yield(ledger.Record{Row: o.Row, Outcome: text}, err) {
				return
			}
		}
	}
}

// What programs of today write. Ledgers have it, so its names must never change.
const today = `{"About":{"mapping":{"path":"m.yaml","sha256":"aa","bytes":7},` +
	`"operation":"op","server":"https://crm.co","ledger":"op.ledger.db","tool_version":"1.2","rows_read":0,` +
	`"started_at":"2026-01-02T03:04:05Z","ended":"paused","status":5},"Formats":["csv"],"Keep":["m.yaml","a.csv"],` +
	`"Inputs":[{"Source":{"path":"a.csv","sha256":"bb","bytes":9},` +
	`"Options":{"Sheet":"Hoja1","HeaderRow":3,"Delimiter":59,"Encoding":"latin1"},` +
	`"Rejects":true,"Header":["ID","Asunto"],"Out":"out/a","Read":12}],` +
	`"Renewed":"2026-01-03T00:00:00Z","Templates":["{{id}}"]}`

func TestTheAccountOfAnOlderProgramIsRead(t *testing.T) {
	run, a, err := account.Last(&view{run: ledger.Run{PID: 7, About: []byte(today)}})
	if err != nil || run.PID != 7 {
		t.Fatal(run, err)
	}
	about := a.Of(0)
	if about.Operation != "op" || about.Mapping.Bytes != 7 || about.Input.SHA256 != "bb" || about.RowsRead != 12 ||
		about.Ended != "paused" || about.StartedAt.Year() != 2026 || about.ToolVersion != "1.2" {
		t.Errorf("%+v", about)
	}
	in := a.Inputs[0]
	if in.Options != (source.Options{Sheet: "Hoja1", HeaderRow: 3, Delimiter: ';', Encoding: "latin1"}) {
		t.Errorf("%+v", in.Options)
	}
	if !in.Rejects || strings.Join(in.Header, " ") != "ID Asunto" || in.Out != "out/a" || len(a.Keep) != 2 ||
		strings.Join(a.Formats, " ") != "csv" || a.Renewed.Day() != 3 || strings.Join(a.Templates, " ") != "{{id}}" {
		t.Errorf("%+v", a)
	}
}

func TestTheAccountIsWrittenAsOlderProgramsReadIt(t *testing.T) {
	_, a, err := account.Last(&view{run: ledger.Run{About: []byte(today)}})
	if err != nil {
		t.Fatal(err)
	}
	var written, known any
	if json.Unmarshal(a.JSON(), &written) != nil || json.Unmarshal([]byte(today), &known) != nil {
		t.Fatal(string(a.JSON()))
	}
	if got, want := fmt.Sprint(written), fmt.Sprint(known); got != want {
		t.Errorf("\n%s, wanted\n%s", got, want)
	}
}

func TestAnAccountWithoutWhatWasAddedLater(t *testing.T) {
	_, a, err := account.Last(&view{run: ledger.Run{About: []byte(`{"Inputs":[{"Out":"o"}]}`)}})
	if err != nil || a.Templates != nil || !a.Renewed.IsZero() || a.Inputs[0].Out != "o" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestNoRunIsAnErrorOfItsOwn(t *testing.T) {
	if _, _, err := account.Last(&view{err: ledger.ErrNoRun}); !errors.Is(err, ledger.ErrNoRun) {
		t.Error(err)
	}
}

func TestAPasswordIsNeverWritten(t *testing.T) {
	a := account.Account{Inputs: []account.Input{{Options: source.Options{Password: "s3cret"}}}}
	if bytes.Contains(a.JSON(), []byte("s3cret")) {
		t.Error(string(a.JSON()))
	}
}

func TestReportsMoveEachIntoAFolderOfItsOwn(t *testing.T) {
	one := account.Account{Inputs: []account.Input{{Out: "old/a"}}}
	one.MoveTo("new")
	two := account.Account{Inputs: []account.Input{{Out: "old/a"}, {Out: "old/a-2"}}}
	two.MoveTo("new")
	if one.Inputs[0].Out != "new" || two.Inputs[0].Out != filepath.Join("new", "a") || two.Inputs[1].Out != filepath.Join("new", "a-2") {
		t.Errorf("%+v, %+v", one, two)
	}
}

func TestOutcomesComeInTheirOrderUntilTheFirstError(t *testing.T) {
	v := new(view)
	for row := range 2*intake.BatchRows + 7 {
		v.outcomes = append(v.outcomes, reports.Outcome{Origin: reports.Origin{Row: row + 2}, Status: reports.Created})
	}
	n := 0
	for o, err := range account.Outcomes(v, 0) {
		if n++; err != nil || o.Row != n+1 {
			t.Fatal(n, o, err)
		}
	}
	if n != len(v.outcomes) {
		t.Error(n)
	}
	v.damaged, n = 300, 0
	var failed error
	for _, err := range account.Outcomes(v, 0) {
		if failed != nil {
			t.Fatal("it goes on after its error")
		}
		if failed = err; err == nil {
			n++
		}
	}
	if failed == nil || n != 298 {
		t.Error(n, failed)
	}
}

// input writes an input of these rows and is its account.
func input(t *testing.T, dir, text string) account.Input {
	t.Helper()
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	digest, err := intake.DigestFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.MkdirAll(out, 0o700); err != nil {
		t.Fatal(err)
	}
	return account.Input{Source: digest, Header: []string{"ID", "Asunto"}, Out: out, Read: 3}
}

func TestRejectsShowTheCellsOfAnInputThatIsStillWhatItWas(t *testing.T) {
	const text = "ID,Asunto\nT-1,uno\nT-2,dos\nT-3,tres\n"
	for name, c := range map[string]struct {
		change func(path string) error
		shown  bool
	}{
		"as it was":   {func(string) error { return nil }, true},
		"moved aside": {func(path string) error { return os.Rename(path, path+".bak") }, true},
		"changed":     {func(path string) error { return os.WriteFile(path, []byte(text+"T-4,x\n"), 0o600) }, false},
		"gone":        {os.Remove, false},
	} {
		dir := t.TempDir()
		a := account.Account{Formats: []string{"csv"}, Inputs: []account.Input{input(t, dir, text)}}
		v := &view{outcomes: []reports.Outcome{
			{Origin: reports.Origin{Row: 2, Key: "T-1"}, Status: reports.Created, Reply: reports.Reply{WolkvoxID: "1"}},
			{Origin: reports.Origin{Row: 3, Key: "T-2"}, Status: reports.Rejected, Reply: reports.Reply{Message: "no"}},
			{Origin: reports.Origin{Row: 4, Key: "T-3"}, Status: reports.Created, Reply: reports.Reply{WolkvoxID: "3"}},
		}}
		if err := c.change(a.Inputs[0].Source.Path); err != nil {
			t.Fatal(err)
		}
		if needed, err := account.NeedsCells(v, 0); !needed || err != nil {
			t.Error(name, needed, err)
		}
		s, _, notes, err := a.Write(v, 0, a.Of(0), a.Inputs[0].Reopen)
		if err != nil || !s.AddsUp() || s.Outcomes[reports.Created] != 2 {
			t.Errorf("%s: %+v, %v", name, s.Outcomes, err)
		}
		rejects, _ := os.ReadFile(filepath.Join(a.Inputs[0].Out, "rejects.csv"))
		shown := bytes.Contains(rejects, []byte("dos")) && !bytes.Contains(rejects, []byte("uno"))
		said := strings.Contains(strings.Join(notes, "\n"), "not written")
		if shown != c.shown || said == c.shown {
			t.Errorf("%s: %q, notes %q", name, rejects, notes)
		}
	}
}

func TestAnInputIsNotNeededIfNoReportShowsCells(t *testing.T) {
	v := &view{outcomes: []reports.Outcome{{Status: reports.Created}, {Status: reports.Skipped}, {Status: reports.InDoubt}}}
	if needed, err := account.NeedsCells(v, 0); needed || err != nil {
		t.Error(needed, err)
	}
	v.outcomes = append(v.outcomes, reports.Outcome{Status: reports.Skipped, Changed: true})
	if needed, err := account.NeedsCells(v, 0); !needed || err != nil {
		t.Error(needed, err)
	}
}

func TestARowThatIsNotInTheInputIsAnErrorAndNotAnothersCells(t *testing.T) {
	a := account.Account{Formats: []string{"csv"}, Inputs: []account.Input{input(t, t.TempDir(), "ID,Asunto\nT-1,uno\n")}}
	v := &view{outcomes: []reports.Outcome{{Origin: reports.Origin{Row: 9}, Status: reports.Invalid}}}
	if _, _, _, err := a.Write(v, 0, a.Of(0), a.Inputs[0].Reopen); err == nil || !strings.Contains(err.Error(), "row 9") {
		t.Error(err)
	}
}

func TestWhatASpreadsheetHasDoneToARejectsFileIsSaid(t *testing.T) {
	const mapping = "operation: op\nkey: \"{{ID}}\"\ncase: {case-type: R, responsible: A, owner: A, contact: {column: Correo}, " +
		"description: \"{{Nota}}\", status: Open, priority: baja}\n"
	const original = "ID,Correo,Nota,Fecha\nT-1,mal,00012,2024-03-04\nT-2,b@b.co,x,2024-03-05\n"
	for name, c := range map[string]struct {
		mended string // of the row T-1
		said   string // a part of the warning; "" is none
	}{
		"only the mail was mended":  {"T-1,a@b.co,00012,2024-03-04", ""},
		"zeros are lost":            {"T-1,a@b.co,12,2024-03-04", `the column "Nota" in 1 row: in row 2 "00012" became "12"`},
		"a word was mended by hand": {"T-1,a@b.co,otra cosa,2024-03-04", ""},
	} {
		dir := t.TempDir()
		last := account.Account{Inputs: []account.Input{input(t, dir, original)}}
		last.Inputs[0].Header = []string{"ID", "Correo", "Nota", "Fecha"}
		v := &view{outcomes: []reports.Outcome{
			{Origin: reports.Origin{Row: 2, Key: "T-1"}, Status: reports.Invalid, Reply: reports.Reply{Message: `the column "Correo" is no address`}},
			{Origin: reports.Origin{Row: 3, Key: "T-2"}, Status: reports.Created},
		}}
		r := intake.Reading{Inputs: []string{filepath.Join(dir, "rejects.csv")}, Mapping: filepath.Join(dir, "m.yaml")}
		rejects := "import_key,import_status,import_error,import_hint,ID,Correo,Nota,Fecha\nT-1,invalid,e,h," + c.mended + "\n"
		for path, text := range map[string]string{r.Mapping: mapping, r.Inputs[0]: rejects} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		inputs, err := intake.Open(r, intake.Reports{Out: dir}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer inputs.Close()
		var log bytes.Buffer
		keys := last.SayRespelled(inputs.All[0], v, slog.New(slog.NewTextHandler(&log, nil)))
		if len(keys) != 1 || !keys["T-1"] {
			t.Errorf("%s: %v", name, keys)
		}
		if said := strings.ReplaceAll(log.String(), `\"`, `"`); (said == "") != (c.said == "") || !strings.Contains(said, c.said) {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func TestReusedKeysAreNoticedInOneInputOfMany(t *testing.T) {
	for name, c := range map[string]struct {
		known, changed int
		want           bool
	}{
		"none":           {100, 0, false},
		"half":           {100, 50, false},
		"more than half": {100, 51, true},
		"too few":        {4, 4, false},
	} {
		one := reports.Summary{Known: c.known, Changed: c.changed}
		many := reports.Summary{Known: 1000 + c.known, Changed: c.changed, Inputs: []reports.Summary{{Known: 1000}, one}}
		if account.ReusedKeys(&one) != c.want || account.ReusedKeys(&many) != c.want {
			t.Errorf("%s: not %v", name, c.want)
		}
	}
}
