package reports_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/reports"
)

func open(t *testing.T, dir string) *excelize.File {
	t.Helper()
	book, err := excelize.OpenFile(filepath.Join(dir, "results.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	return book
}

func TestWorkbookHasABoldHeaderThatStaysInView(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir}, oneOfEach...)
	book := open(t, dir)
	bold := func(ref string) bool {
		id, err := book.GetCellStyle("results 1", ref)
		if err != nil {
			t.Fatal(err)
		}
		style, err := book.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		return style.Font != nil && style.Font.Bold
	}
	equal(t, []bool{bold("A1"), bold("P1"), bold("A2")}, []bool{true, true, false})
	panes, err := book.GetPanes("results 1")
	if err != nil || !panes.Freeze || panes.YSplit != 1 || panes.TopLeftCell != "A2" {
		t.Errorf("panes %+v: %v", panes, err)
	}
}

func TestWorkbookKeepsNumbersAndTextsApart(t *testing.T) {
	dir := t.TempDir()
	line := rejected2
	line.Key = "007"
	write(t, reports.Set{Dir: dir}, line)
	book := open(t, dir)
	for ref, want := range map[string]excelize.CellType{
		"B2": excelize.CellTypeUnset, "G2": excelize.CellTypeUnset, "L2": excelize.CellTypeUnset, // numbers
		"C2": excelize.CellTypeInlineString, "H2": excelize.CellTypeInlineString,
	} {
		kind, err := book.GetCellType("results 1", ref)
		if err != nil || kind != want {
			t.Errorf("%s is of type %v, want %v: %v", ref, kind, want, err)
		}
	}
}

func TestTextsLongerThanACellAreCut(t *testing.T) {
	for _, unit := range []struct {
		text  string
		fits  int
		limit int
	}{{"x", 32767, 40000}, {"ñ", 32767, 40000}, {"😀", 16383, 20000}} {
		dir := t.TempDir()
		line := rejected2
		line.Message = strings.Repeat(unit.text, unit.limit)
		write(t, reports.Set{Dir: dir}, line)
		got, err := open(t, dir).GetCellValue("results 1", "J2")
		if err != nil || got != strings.Repeat(unit.text, unit.fits) {
			t.Errorf("%s: %d bytes came back: %v", unit.text, len(got), err)
		}
	}
}
