package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
)

// Of a hundred missing files a person reads some thirty, and how many more there are.
func TestFindingsOfAKindAreBounded(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(100)
	for i, row := range list {
		row[6] = fmt.Sprintf("carpeta\\no-%d.pdf", i)
	}
	job := d.job
	job.Inputs = []string{d.csv("in.csv", columns, list)}
	_, survey, err := importer.Check(t.Context(), job, "")
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, f := range survey.Findings {
		all += f.Count
	}
	if first := survey.Findings[0]; len(survey.Findings) != 31 || first.Count != 70 || !strings.Contains(first.Message, "results.csv") || all != 100 {
		t.Errorf("%d findings of %d rows: %+v", len(survey.Findings), all, first)
	}
	if last := survey.Findings[30]; !strings.Contains(last.Message, `"carpeta\\no-29.pdf", which was looked for as "carpeta/no-29.pdf"`) {
		t.Errorf("%+v", last)
	}
}
