package reports_test

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"wolkvox-import/reports"
)

func TestAnErrorInTheMiddleLeavesTheOldReports(t *testing.T) {
	dir := t.TempDir()
	set := reports.Set{Dir: dir, Header: header, Formats: reports.Formats()}
	write(t, set, oneOfEach...)
	before := contents(t, dir)

	boom := errors.New("the ledger is gone")
	_, paths, err := set.Write(breaking(boom, created1, rejected2), known(reports.About{}))
	if !errors.Is(err, boom) || paths != nil {
		t.Errorf("wrote %v, error %v", paths, err)
	}
	equal(t, contents(t, dir), before)
}

func TestAPanicLeavesNoTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { recover() }()
		reports.Set{Dir: dir}.Write(func(func(reports.Line, error) bool) { panic("in the lines") }, known(reports.About{}))
	}()
	equal(t, len(names(t, dir)), 0)
}

func TestNewReportsReplaceTheOldOnes(t *testing.T) {
	dir := t.TempDir()
	set := reports.Set{Dir: dir, Header: header}
	write(t, set, oneOfEach...)
	before := names(t, dir)
	write(t, set, created1)
	equal(t, names(t, dir), before)
	equal(t, len(readCSV(t, dir, "results.csv")), 2)
	equal(t, len(readCSV(t, dir, "rejects.csv")), 1)
}

func TestAnInputIsKeptBesideTheReportThatTakesItsPlace(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "rejects.csv", "first input")
	input := filepath.Join(dir, ".", "sub", "..", "rejects.csv") // the same file by another name
	os.Mkdir(filepath.Join(dir, "sub"), 0o700)
	set := reports.Set{Dir: dir, Header: header, Inputs: []string{filepath.Join(dir, "absent.csv"), input}}

	write(t, set, oneOfEach...)
	equal(t, read(t, dir, "rejects.csv.bak"), "first input")
	equal(t, len(readCSV(t, dir, "rejects.csv")), 3)

	for i, kept := range []string{"rejects.csv.bak2", "rejects.csv.bak3"} {
		put(t, dir, "rejects.csv", kept)
		write(t, set, oneOfEach...)
		equal(t, read(t, dir, kept), kept)
		equal(t, read(t, dir, "rejects.csv.bak"), "first input")
		equal(t, len(names(t, dir)), 9+i)
	}
}

// Somebody mends rejects.csv, or writes into results, while the next run is on its way.
func TestWhatSomebodyHasWorkedOnIsKept(t *testing.T) {
	dir := t.TempDir()
	var notes []string
	set := reports.Set{Dir: dir, Header: header, Formats: []string{"csv"}, Note: func(text string) { notes = append(notes, text) }}
	put(t, dir, "results.csv", "somebody's, of no import")
	write(t, set, oneOfEach...)
	equal(t, read(t, dir, "results.csv.bak"), "somebody's, of no import")
	write(t, set, oneOfEach...)
	equal(t, len(notes), 1)
	equal(t, len(names(t, dir)), 6)

	put(t, dir, "rejects.csv", "half of it mended")
	long := time.Now().Add(-time.Hour) // it was mended elsewhere and moved here
	if err := os.Chtimes(filepath.Join(dir, "rejects.csv"), long, long); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "summary.json", strings.TrimSpace(read(t, dir, "summary.json"))) // an editor did
	write(t, set, oneOfEach...)
	equal(t, read(t, dir, "rejects.csv.bak"), "half of it mended")
	equal(t, len(readCSV(t, dir, "rejects.csv")), 3)
	equal(t, len(names(t, dir)), 7)
	if len(notes) != 2 || !strings.Contains(notes[1], "rejects.csv is kept as rejects.csv.bak: it is not what the last reports were") {
		t.Errorf("%q", notes)
	}
}

func TestAnInputBehindALinkIsKept(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	put(t, elsewhere, "input.csv", "an input")
	input := filepath.Join(elsewhere, "input.csv")
	if err := os.Symlink(input, filepath.Join(dir, "results.csv")); err != nil {
		t.Skip(err)
	}
	write(t, reports.Set{Dir: dir, Inputs: []string{input}}, created1)
	equal(t, read(t, elsewhere, "input.csv"), "an input")
	equal(t, read(t, dir, "results.csv.bak"), "an input")
	equal(t, len(readCSV(t, dir, "results.csv")), 2)
}

func TestAnInputStaysInItsPlaceUntilTheReportIsComplete(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "results.csv", "an input")
	input := filepath.Join(dir, "results.csv")
	set := reports.Set{Dir: dir, Inputs: []string{input}}

	write := func(end error) {
		set.Write(func(yield func(reports.Line, error) bool) {
			equal(t, read(t, dir, "results.csv"), "an input") // it is read while the reports are made
			yield(created1, end)
		}, known(reports.About{}))
	}
	write(errors.New("cut short"))
	equal(t, contents(t, dir), map[string]string{"results.csv": "an input"})
	write(nil)
	equal(t, read(t, dir, "results.csv.bak"), "an input")
}

// A folder can't be renamed over, as a file can't that Excel has open.
func TestWhatCannotBeReplacedGetsTheReportBesideIt(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "results.csv/locked", "")
	put(t, dir, "results-2.csv", "somebody's")

	var notes []string
	_, paths := write(t, reports.Set{Dir: dir, Formats: []string{"csv"}, Note: func(text string) { notes = append(notes, text) }}, created1)
	if len(notes) != 1 || !strings.Contains(notes[0], "results.csv can't be replaced") || !strings.Contains(notes[0], "results-3.csv") {
		t.Errorf("%q", notes)
	}
	equal(t, bases(paths), []string{"results-3.csv", "attachments.csv", "summary.json"})
	equal(t, len(readCSV(t, dir, "results-3.csv")), 2)
	equal(t, read(t, dir, "results-2.csv"), "somebody's")
	equal(t, names(t, dir), []string{"attachments.csv", "results-2.csv", "results-3.csv", "results.csv", "summary.json"})
}

func TestOnlyTheOwnerReadsReports(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps access lists instead of modes")
	}
	dir := filepath.Join(t.TempDir(), "new", "out")
	put(t, dir, "results.csv", "of an earlier version")
	os.Chmod(filepath.Join(dir, "results.csv"), 0o644)
	_, paths := write(t, reports.Set{Dir: dir, Header: header, Formats: reports.Formats()}, oneOfEach...)
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "out", "a file")
	_, _, err := reports.Set{Dir: filepath.Join(dir, "out")}.Write(lines(), known(reports.About{}))
	if err == nil || !strings.Contains(err.Error(), "out") {
		t.Errorf("got %v", err)
	}
}

func breaking(err error, ls ...reports.Line) iter.Seq2[reports.Line, error] {
	return func(yield func(reports.Line, error) bool) {
		for l := range lines(ls...) {
			if !yield(l, nil) {
				return
			}
		}
		yield(reports.Line{}, err)
	}
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all[e.Name()] = read(t, filepath.Dir(path), e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What a killed process has left of its reports is personal data that nobody knows of: the next one
// removes it, unless it may be another one's that still writes.
func TestDraftsOfDeadProcessesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	old, young, other := filepath.Join(dir, ".results.csv.123.tmp"), filepath.Join(dir, ".rejects.csv.456.tmp"), filepath.Join(dir, "notes.tmp")
	for _, path := range []string{old, young, other} {
		if err := os.WriteFile(path, []byte("Ana"), 0o600); err != nil {
			t.Fatal(err)
		}
		if path == young {
			continue
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, reports.Set{Dir: dir, Header: header}, oneOfEach...)
	for path, left := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Lstat(path); (err == nil) != left {
			t.Errorf("%s: %v", path, err)
		}
	}
	if drafts, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(drafts) != 1 {
		t.Errorf("%q are left, %v", drafts, err)
	}
}

// A link that somebody has laid where a file belongs is replaced: nothing is written through it.
func TestFilesFollowNoLink(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(t.TempDir(), "victim"), filepath.Join(dir, "missing-values.yaml")
	if err := os.WriteFile(victim, []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, path); err != nil {
		t.Skip(err)
	}
	at, err := reports.WriteFile(path, strings.NewReader("values: {}\n"))
	if err != nil || at != path {
		t.Fatal(at, err)
	}
	equal(t, read(t, dir, "missing-values.yaml"), "values: {}\n")
	if content, err := os.ReadFile(victim); err != nil || string(content) != "not yours" {
		t.Errorf("the file behind the link holds %q, %v", content, err)
	}
}
