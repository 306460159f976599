package importer_test

import (
	"context"
	"testing"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/importer/internal/source/xlsx"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// A workbook is checked once a run, which reads its sheet to the end, and is read once for its rows.
// A canary reads it once more, for a row of each kind, and so do the reports that show cells. The
// forecast knows the number of rows from the check.
func TestWorkbookIsCheckedOnceARun(t *testing.T) {
	for name, c := range map[string]struct {
		canary bool
		bad    bool
		reads  int64
	}{
		"a run":                                 {false, false, 2},
		"with a canary":                         {true, false, 3},
		"with a row that can't be sent":         {false, true, 3},
		"with a canary and a row that can't be": {true, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			d.job.Canary, d.job.MinRows = c.canary, 40
			d.job.Agreed = func(context.Context, string) bool { return true }
			table, want := rows(40), n{reports.Created: 40}
			if c.bad {
				table[7][1] = ""
				want = n{reports.Created: 39, reports.Invalid: 1}
			}
			before := xlsx.Scans.Load()
			result := d.run(d.xlsx("in.xlsx", table))
			status := 0
			if c.bad {
				status = 3
			}
			d.counts(result, status, want)
			if reads := xlsx.Scans.Load() - before; reads != c.reads {
				t.Errorf("the sheet was read %d times", reads)
			}
		})
	}
}

// xlsx writes rows under the header into a workbook.
func (d *desk) xlsx(name string, rows [][]string) string {
	d.t.Helper()
	book := excelize.NewFile()
	for i, row := range append([][]string{columns}, rows...) {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("Sheet1", cell, &row)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	if err := book.SaveAs(d.path(name)); err != nil {
		d.t.Fatal(err)
	}
	return d.path(name)
}
