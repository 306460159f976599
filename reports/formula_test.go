package reports_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"wolkvox-import/reports"
)

func TestFormulasGetOneApostrophe(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+57 300": "'+57 300", "-": "'-", "@SUM(A1)": "'@SUM(A1)", "'=1": "''=1", "''@x": "'''@x",
		" =1": "' =1", "\u00a0=1": "'\u00a0=1", "\u200b=1": "'\u200b=1", "\ufeff' =1": "'\ufeff' =1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x",
		"x;=1": "x;'=1", "x, =1,@": "x,' =1,'@", "x\t=1": "x\t'=1", "a\n- b\r\n- c\r+d": "a\n'- b\r\n'- c\r'+d", "x;'=1": "x;''=1", ";\"=1;": ";'\"=1;",
		"\t=1": "'\t'=1", "\r=1": "'\r'=1", "\n=1": "\n'=1", " \tx": "' \tx", "x;\tx": "x;\tx",
		"": "", "'": "'", "''": "''", "'x": "'x", "a=1": "a=1", "ñ": "ñ", "a;b=1": "a;b=1", "2026-01-02, 3-4": "2026-01-02, 3-4", "a;": "a;", "a; \n": "a; \n", "x -1": "x -1",
	} {
		equal(t, reports.Defuse(cell), want)
		equal(t, reports.Undefuse(want), cell)
	}
}

func TestUndefuseLeavesWhatDefuseNeverWrites(t *testing.T) {
	for _, cell := range []string{"=1", "'", "''x", "'ab", "-2", "x;=1", "x;'y", "x'=1"} {
		equal(t, reports.Undefuse(cell), cell)
	}
}

// What rejects files of older programs have, which defused a cell's start only, reads as it did.
func TestUndefuseReadsOlderRejects(t *testing.T) {
	for cell, want := range map[string]string{"'=1": "=1", "'\t=1": "\t=1", "'=A;=B": "=A;=B", "''@x": "'@x", "x;=1": "x;=1"} {
		equal(t, reports.Undefuse(cell), want)
	}
}

// scrap is a piece of a text in which formulas may begin.
var scrap = rapid.SampledFrom([]string{"=", "+", "-", "@", "＝", "＠", "'", "''", "\"", " ", "\u00a0", "\u200b", "\u3000", "\x00", ";", ",", "\t", "\r", "\n", "\r\n", "x", "1", "ñ", "\xff", "\xef\xbc"})

func TestDefusedCellsAreDeadAndComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkDefused(t, strings.Join(rapid.SliceOf(scrap).Draw(t, "text"), ""))
	})
}

func FuzzDefuse(f *testing.F) {
	for _, seed := range []string{"", "'", "=", "'=", "''-", "'\r\n", "x'=", "\x00=", "\xff", "x;=1", "a\n- b", "x;\"=1;y", "\u200b＝1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) { checkDefused(t, s) })
}

// checkDefused defuses a cell and looks at it as a spreadsheet would that splits at this or at
// that.
func checkDefused(t interface{ Errorf(string, ...any) }, s string) {
	defused := reports.Defuse(s)
	if back := reports.Undefuse(defused); back != s {
		t.Errorf("%q came back as %q from %q", s, back, defused)
	}
	line := `1,"` + strings.ReplaceAll(defused, `"`, `""`) + `",x` + "\n"
	for _, separator := range ",;\t" {
		for _, cell := range opened(line, separator) {
			if isFormula(cell) {
				t.Errorf("%q became %q, and %q in a spreadsheet that splits at %q", s, defused, cell, separator)
			}
		}
	}
}

// opened are the cells that a spreadsheet makes of CSV: it ends lines at each break if no quote
// stands at the start of a cell, and takes what follows a quoted part for the rest of the cell.
func opened(text string, separator rune) (cells []string) {
	var cell strings.Builder
	quoted, began := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '"' && strings.HasPrefix(text[i+1:], `"`):
			cell.WriteByte('"')
			i++
		case quoted && c == '"':
			quoted = false
		case quoted:
			cell.WriteByte(c)
		case c == '"' && !began:
			quoted, began = true, true
		case c == byte(separator), c == '\n', c == '\r':
			cells = append(cells, cell.String())
			cell.Reset()
			began = false
		default:
			cell.WriteByte(c)
			began = true
		}
	}
	return append(cells, cell.String())
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
			equal(t, reports.Undefuse(cell), s)
		}
		for _, separator := range ",;\t" {
			for _, cell := range opened(read(t, dir, "rejects.csv"), separator) {
				if isFormula(cell) {
					t.Errorf("%q is live if lines are split at %q", cell, separator)
				}
			}
		}
	})
}

const evil = "=HYPERLINK(\"http://x\")"

// evilLines puts a formula into every text of a report.
func evilLines() []reports.Line {
	cells := []string{evil, "'" + evil, evil}
	o := reports.Outcome{
		Origin:  reports.Origin{File: evil, Row: 2, Key: evil},
		Reply:   reports.Reply{WolkvoxID: evil, IDPrefijo: evil, Code: evil, Error: evil, Message: evil, Hint: evil},
		Changed: true,
		Sending: reports.Sending{Attachments: []reports.Attachment{{File: evil, SHA256: evil}}},
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

// isFormula reports whether a spreadsheet runs the cell: what doesn't show in front of the sign
// doesn't keep it from that.
func isFormula(cell string) bool {
	sign := strings.TrimLeftFunc(cell, func(r rune) bool { return strings.ContainsRune(" \u00a0\u200b\u3000\ufeff\x00", r) })
	r, _ := utf8.DecodeRuneInString(sign)
	return sign != "" && strings.ContainsRune("=+-@＝＋－＠", r)
}
