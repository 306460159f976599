package importer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// An input may have any name. Its reports go into a folder of their own within --out, and lead
// nowhere else.
func TestFolderOfAnInputStaysWithinOut(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	var inputs []string
	for i, name := range []string{"...csv", "..csv", ".csv", "a. .csv", "b.c.csv", ".hidden.csv"} {
		inputs = append(inputs, d.csv("in/"+name, columns, rows(6)[i:i+1]))
	}
	d.counts(d.run(inputs...), 0, n{reports.Created: 6})
	var folders []string
	found, err := os.ReadDir(d.path("out"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		folders = append(folders, f.Name())
	}
	if want := []string{".hidden", "a", "b.c", "input", "input-2", "input-3"}; !slices.Equal(folders, want) {
		t.Errorf("the folders are %q, wanted %q", folders, want)
	}
	for _, path := range []string{"summary.json", "out/summary.json"} {
		if _, err := os.Stat(d.path(path)); err == nil {
			t.Errorf("there is a report %s", path)
		}
	}
}

// Who lays a link where the standard input is kept doesn't have it written to another file.
func TestKeptStandardInputFollowsNoLink(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("victim", "not yours")
	if err := os.Mkdir(d.path("out"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.path("victim"), d.path("out/stdin")); err != nil {
		t.Skip(err)
	}
	text, err := os.ReadFile(d.csv("in.csv", columns, rows(3)))
	if err != nil {
		t.Fatal(err)
	}
	d.job.Stdin = strings.NewReader(string(text))
	d.counts(d.run("-"), 0, n{reports.Created: 3})
	if victim, err := os.ReadFile(d.path("victim")); err != nil || string(victim) != "not yours" {
		t.Errorf("the file behind the link holds %.20q, %v", victim, err)
	}
	if kept, err := os.ReadFile(d.path("out/stdin")); err != nil || string(kept) != string(text) {
		t.Errorf("the standard input was not kept: %v", err)
	}
}

// A run needs no folder for temporary files, and leaves none behind.
func TestRunNeedsNoTemporaryFolder(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(30))
	none := d.path("none")
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, none)
	}
	d.counts(d.run(input), 0, n{reports.Created: 30})
	left, err := filepath.Glob(d.path("*.keys"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %q, %v", left, err)
	}
	if runtime.GOOS != "windows" {
		if _, err := os.Stat(none); err == nil {
			t.Error("the folder was made")
		}
	}
}
