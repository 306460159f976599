package reports_test

import (
	"os"
	"testing"

	"wolkvox-import/reports"
)

// A process that is killed while it writes reports leaves nothing of them.
func TestReportsHaveNoNameUntilTheyAreComplete(t *testing.T) {
	dir := t.TempDir()
	lines := func(yield func(reports.Line, error) bool) {
		for _, l := range oneOfEach {
			if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
				t.Errorf("%v can be seen, %v", names, err)
			}
			if !yield(l, nil) {
				return
			}
		}
	}
	if _, _, err := (reports.Set{Dir: dir, Header: header}).Write(lines, func(reports.Summary) reports.About { return reports.About{} }); err != nil {
		t.Fatal(err)
	}
}
