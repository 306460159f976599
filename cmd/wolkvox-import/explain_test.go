package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/importer"
)

// A row that can't be sent is explained with its reason, also if that is none of a field's: a
// formula that has no result is a cell's.
func TestExplainSaysWhyARowCannotBeSent(t *testing.T) {
	d := newDesk(t, 0)
	book := excelize.NewFile()
	for cell, text := range map[string]string{"A1": "ID", "B1": "Correo", "C1": "Texto", "D1": "Archivos", "A2": "N-1", "B2": "ana@b.co"} {
		if err := book.SetCellStr("Sheet1", cell, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SetCellFormula("Sheet1", "C2", "1/0"); err != nil { // it is saved without a result
		t.Fatal(err)
	}
	if err := book.SaveAs(d.dir + "/in.xlsx"); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	status := execute(t.Context(), []string{"explain", d.dir + "/in.xlsx", "-m", d.dir + "/map.yaml", "--row", "2"}, &out, &talk)
	if status != importer.StatusPartly || !strings.Contains(out.String(), `the column "Texto" has no value`) {
		t.Errorf("status %d\n%s\n%s", status, out.String(), talk.String())
	}
}
