package importer_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// numbered are rows whose keys are numbers of so many digits.
func numbered(first, many, digits int) [][]string {
	table := rows(many)
	for i := range table {
		table[i][0] = fmt.Sprintf("%0*d", digits, first+i)
		table[i][6] = ""
	}
	return table
}

// An export that somebody opened and saved in a spreadsheet has lost the zeros of its keys. None of
// its rows is sent a second time, and each says so; rows that are really new are sent.
func TestKeysThatLostTheirZerosAreNotSentAgain(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.counts(d.run(d.csv("in.csv", columns, numbered(1, 50, 6))), 0, n{reports.Created: 50})
	saved := append(numbered(1, 50, 1), numbered(51, 10, 1)...)
	d.counts(d.run(d.csv("in.csv", columns, saved)), importer.StatusPartly, n{reports.Invalid: 50, reports.Created: 10})
	d.requests(60)
	for _, row := range d.results()[:50] {
		if row["error"] != reports.SimilarKey || !strings.Contains(row["message"], fmt.Sprintf("%q", "0000"+row["key"])) &&
			!strings.Contains(row["message"], fmt.Sprintf("%q", "00000"+row["key"])) {
			t.Fatalf("%v", row)
		}
	}
	// What the run wrote of them is no way around, unless it is mended.
	rejects, err := os.ReadFile(d.path("out/rejects.csv"))
	if err != nil {
		t.Fatal(err)
	}
	d.write("mended.csv", string(rejects))
	d.counts(d.run(d.path("mended.csv")), importer.StatusPartly, n{reports.Invalid: 50})
	d.requests(60)
	// They are not known by the wrong key now: the export as it was is passed over.
	d.counts(d.run(d.csv("in.csv", columns, numbered(1, 50, 6))), 0, n{reports.Skipped: 50})
}

// A canary looks at the rows beforehand: each counts once all the same.
func TestACanaryCountsKeysThatLostTheirZerosOnce(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, numbered(1, 60, 6)))
	d.job.Canary, d.job.Assent = true, false
	d.job.Agreed = func(context.Context, string) bool { return true }
	saved := append(numbered(1, 60, 1), numbered(61, 3, 1)...)
	d.counts(d.run(d.csv("in.csv", columns, saved)), importer.StatusPartly, n{reports.Invalid: 60, reports.Created: 3})
}

// It isn't single rows that were changed if there are many: the run stops, and nothing of them is sent.
func TestExportThatLostItsZerosStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.counts(d.run(d.csv("in.csv", columns, numbered(1, 400, 6))), 0, n{reports.Created: 400})
	r := d.run(d.csv("in.csv", columns, numbered(1, 400, 1)))
	if r.Status() != importer.StatusStopped || r.Halt == nil || !strings.Contains(r.Halt.Why, "a spreadsheet has changed") {
		t.Errorf("status %d, %v", r.Status(), r.Halt)
	}
	d.requests(400)
}

// If a person says so, they are other tickets.
func TestKeysThatLookAlikeAreSentIfThatIsMeant(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, numbered(1, 5, 6)))
	d.job.Assent = true
	d.job.Agreed = func(context.Context, string) bool { t.Error("asked"); return false }
	d.counts(d.run(d.csv("in.csv", columns, numbered(1, 5, 1))), 0, n{reports.Created: 5})
}

// Keys that differ in more than what spreadsheets do to numbers are others.
func TestKeysThatNoSpreadsheetMakesOfOthersAreNew(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	first, second := rows(4), rows(4)
	for i, key := range []string{"A-1", "B 2", "10", "2024-05"} {
		first[i][0], first[i][6] = key, ""
	}
	for i, key := range []string{"a-1", "B2", "100", "2024-06"} {
		second[i][0], second[i][6] = key, ""
	}
	d.counts(d.run(d.csv("in.csv", columns, first)), 0, n{reports.Created: 4})
	d.counts(d.run(d.csv("in.csv", columns, second)), 0, n{reports.Created: 4})
}
