package reports

import (
	"path/filepath"
	"testing"
)

// Drafts of every kind of file are swept away after a kill, those of new formats too.
func TestDraftOfEveryFormatIsKnownAsOne(t *testing.T) {
	var names []string
	for _, f := range formats {
		names = append(names, "results."+f.name)
	}
	for _, d := range documents {
		names = append(names, d.name)
	}
	for _, name := range names {
		for _, what := range []string{"123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
			if !drafted.MatchString(hidden(filepath.Join("folder", name), what)) {
				t.Errorf("a draft of %s is not swept away", name)
			}
		}
	}
}

// The list of all files as they were written can't be written before them.
func TestSummaryIsTheLastDocument(t *testing.T) {
	if last := documents[len(documents)-1].name; last != summaryName {
		t.Errorf("the last one is %s", last)
	}
}
