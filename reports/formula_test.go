package reports_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/reports"
)

func TestFormulasGetOneApostrophe(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+57 300": "'+57 300", "-": "'-", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"'=1": "''=1", "''@x": "'''@x",
		"": "", "'": "'", "''": "''", "'x": "'x", "a=1": "a=1", " =1": " =1", "\n=1": "\n=1", "ñ": "ñ",
	} {
		equal(t, reports.Defuse(cell), want)
		equal(t, reports.Undefuse(want), cell)
	}
}

func TestUndefuseLeavesWhatDefuseNeverWrites(t *testing.T) {
	for _, cell := range []string{"=1", "'", "''x", "'ab", "-2"} {
		equal(t, reports.Undefuse(cell), cell)
	}
}

func FuzzDefuse(f *testing.F) {
	for _, seed := range []string{"", "'", "=", "'=", "''-", "'\r\n", "x'=", "\x00=", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defused := reports.Defuse(s)
		equal(t, reports.Undefuse(defused), s)
		if isFormula(defused) {
			t.Errorf("%q became the live %q", s, defused)
		}
	})
}

// FuzzRejectsRoundTrip writes a cell where a person may mend it and reads it as an import does.
func FuzzRejectsRoundTrip(f *testing.F) {
	for _, seed := range []string{"=1", "'=1", "\r\n=1", "'\r\n", "a\r", "\r", "\"", ",;\t", "\\.", " x ", "\xff\x00", "\ufeff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		dir := t.TempDir()
		line := invalid3
		line.Cells = []string{"T-3", s, s}
		write(t, reports.Set{Dir: dir, Formats: []string{"jsonl"}, Header: header}, line)
		for _, cell := range readCSV(t, dir, "rejects.csv")[1][1:3] {
			if isFormula(cell) {
				t.Errorf("%q is live", cell)
			}
			equal(t, reports.Undefuse(cell), s)
		}
	})
}

const evil = "=HYPERLINK(\"http://x\")"

// evilLines puts a formula into every text of a report.
func evilLines() []reports.Line {
	cells := []string{evil, "'" + evil, evil}
	o := reports.Outcome{
		File: evil, Row: 2, Key: evil, WolkvoxID: evil, IDPrefijo: evil, Code: evil, Error: evil, Message: evil, Hint: evil,
		Changed: true, Attachments: []reports.Attachment{{File: evil, SHA256: evil}},
	}
	made, refused := o, o
	made.Status, refused.Status = reports.Created, reports.Rejected
	return []reports.Line{{Outcome: made, Cells: cells}, {Outcome: refused, Cells: cells}}
}

func TestNoCSVHoldsALiveFormula(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Header: []string{"=A", "B", "@C"}}, evilLines()...)
	for name, defused := range map[string]int{"results.csv": 16, "rejects.csv": 2 + 6, "changed.csv": 2 + 8, "attachments.csv": 4} {
		seen := 0
		for _, cell := range slices.Concat(readCSV(t, dir, name)...) {
			if isFormula(cell) {
				t.Errorf("%s: %q is live", name, cell)
			}
			if reports.Undefuse(cell) != cell {
				seen++
			}
		}
		if seen != defused {
			t.Errorf("%s: %d cells were defused, want %d", name, seen, defused)
		}
	}
}

func TestFormulasAreTextInXLSXAndLeftAloneInJSON(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Formats: []string{"xlsx", "jsonl"}}, evilLines()...)

	book, err := excelize.OpenFile(dir + "/results.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for _, ref := range []string{"A2", "C2", "E2", "F2", "H2", "I2", "J2", "K2"} {
		kind, _ := book.GetCellType("results 1", ref)
		formula, _ := book.GetCellFormula("results 1", ref)
		value, err := book.GetCellValue("results 1", ref)
		if err != nil || kind != excelize.CellTypeInlineString || formula != "" || value != evil {
			t.Errorf("%s is %q of type %v with formula %q: %v", ref, value, kind, formula, err)
		}
	}
	if n := strings.Count(read(t, dir, "results.jsonl"), `":"=HYPERLINK(\"http://x\")"`); n != 16 {
		t.Errorf("%d texts are as they were in JSON, want 16", n)
	}
}

func isFormula(cell string) bool {
	return cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0]))
}
