package lines

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// pair is a line with its key.
type pair struct{ key, line string }

func build(t *testing.T, pairs ...pair) *Index {
	t.Helper()
	x, err := Build(t.TempDir(), func(add func(key, line string) error) error {
		for _, p := range pairs {
			if err := add(p.key, p.line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

func find(t *testing.T, x *Index, key string) string {
	t.Helper()
	found, err := x.Find(key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLinesAreFoundByKeyInTheirOrder(t *testing.T) {
	x := build(t, pair{"1", "one"}, pair{"2", "zwei"}, pair{"1", "uno"}, pair{" 1 ", "one"}, pair{"Café", "c"}, pair{"", "nobody's"}, pair{"3", ""})
	for key, want := range map[string]string{
		"1":          "one\nuno\none",
		" 1\t":       "one\nuno\none",
		"2":          "zwei",
		"Cafe\u0301": "c",
		"café":       "",
		"3":          "",
		"4":          "",
		"":           "",
		"  ":         "",
		"1 OR 1=1":   "",
	} {
		if got := find(t, x, key); got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}

func TestOrphansAreLinesThatNobodyAskedFor(t *testing.T) {
	x := build(t, pair{"1", "a"}, pair{"1", "b"}, pair{"2", "c"}, pair{"", "d"})
	for _, step := range []struct {
		ask  string
		left int
	}{{"", 4}, {"9", 4}, {"2", 3}, {"1", 1}, {"1", 1}} {
		find(t, x, step.ask)
		if n, err := x.Orphans(); err != nil || n != step.left {
			t.Errorf("after %q: %d %v, want %d", step.ask, n, err, step.left)
		}
	}
}

// Whatever is added, each key has its own lines, all of them, in their order.
func TestEveryLineIsItsKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]string{"a", "b", "ñ", "a b", "'", "%"})
		line := rapid.StringN(0, 20, -1)
		want := map[string][]string{}
		x, err := Build(os.TempDir(), func(add func(key, line string) error) error {
			for range rapid.IntRange(0, 30).Draw(t, "n") {
				k, l := keys.Draw(t, "key"), line.Draw(t, "line")
				want[k] = append(want[k], l)
				if err := add(k, l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		for k, lines := range want {
			if got, err := x.Find(k); err != nil || got != strings.Join(lines, "\n") {
				t.Fatalf("%s: got %q %v, want %q", k, got, err, lines)
			}
		}
	})
}

func TestTooManyLinesOfOneKeyAreAnError(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	x := build(t, pair{"1", long}, pair{"1", long}, pair{"1", long}, pair{"1", long}, pair{"2", "short"})
	if _, err := x.Find("1"); err == nil || !strings.Contains(err.Error(), "more than 4 MB") {
		t.Errorf("got %v", err)
	}
	if got := find(t, x, "2"); got != "short" {
		t.Errorf("after an error another key has %q", got)
	}
}

func TestManyLines(t *testing.T) {
	x, err := Build(t.TempDir(), func(add func(key, line string) error) error {
		for i := range 50_000 {
			if err := add(fmt.Sprint(i%10_000), fmt.Sprint("line ", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got := find(t, x, "7"); got != "line 7\nline 10007\nline 20007\nline 30007\nline 40007" {
		t.Errorf("got %q", got)
	}
}

func TestSeveralGoroutinesMayAsk(t *testing.T) {
	x := build(t, pair{"1", "a"}, pair{"2", "b"})
	var wait sync.WaitGroup
	for _, p := range []pair{{"1", "a"}, {"2", "b"}, {"3", ""}} {
		wait.Go(func() {
			for range 300 {
				if got, err := x.Find(p.key); got != p.line || err != nil {
					t.Errorf("%s: got %q %v", p.key, got, err)
				}
			}
		})
	}
	wait.Wait()
}

func temporary(t *testing.T, folder string) {
	t.Helper()
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, folder)
	}
}

// nothing fails if there is anything in a folder.
func nothing(t *testing.T, folder, when string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s there is %v in the folder for temporary files (%v)", when, entries, err)
	}
}

// The lines are people's texts. No file of them has a name, not even while they are used, so
// that none is left when the process is killed.
func TestNoFileOfTheLinesCanBeSeen(t *testing.T) {
	folder := t.TempDir()
	temporary(t, folder)
	large := strings.Repeat("secret ", 3000)
	x, err := Build(t.TempDir(), func(add func(key, line string) error) error {
		for i := range 1000 { // more than the cache holds
			if err := add(fmt.Sprint(i), large); err != nil {
				return err
			}
		}
		nothing(t, folder, "while it is filled")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	nothing(t, folder, "when it is built")
	if runtime.GOOS == "linux" && !holdsDeleted(t, folder) {
		t.Error("the lines are in no file of the folder: what is looked at here is not where they are")
	}
	find(t, x, "7")
	x.Close()
	nothing(t, folder, "when it is closed")
	if runtime.GOOS == "linux" && holdsDeleted(t, folder) {
		t.Error("a file is still open after Close")
	}
}

// holdsDeleted tells whether the process has a file of the folder open that has no name.
func holdsDeleted(t *testing.T, folder string) bool {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, folder) && strings.HasSuffix(to, "(deleted)") {
			return true
		}
	}
	return false
}

// An index that can't be built leaves nothing, whatever goes wrong, even by a panic.
func TestHalfAnIndexLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	temporary(t, folder)
	wrong := errors.New("row 7 is wrong")
	fill := func(add func(key, line string) error) error {
		for i := range 2000 {
			if err := add(fmt.Sprint(i), strings.Repeat("x", 10_000)); err != nil {
				return err
			}
		}
		return wrong
	}
	if _, err := Build(t.TempDir(), fill); err != wrong {
		t.Errorf("got %v", err)
	}
	nothing(t, folder, "after an error")
	if runtime.GOOS == "linux" && holdsDeleted(t, folder) {
		t.Error("a file is still open after an error")
	}
	func() {
		defer func() { recover() }()
		Build(t.TempDir(), func(add func(key, line string) error) error {
			fill(add)
			panic("out of order")
		})
	}()
	nothing(t, folder, "after a panic")
}

func TestWithoutATemporaryFolderTheFallbackIsUsed(t *testing.T) {
	temporary(t, filepath.Join(t.TempDir(), "none"))
	fallback := t.TempDir()
	x, err := Build(fallback, func(add func(key, line string) error) error {
		for i := range 3000 {
			if err := add(fmt.Sprint(i), strings.Repeat("x", 10_000)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if runtime.GOOS == "linux" && !holdsDeleted(t, fallback) {
		t.Error("the lines are not in the fallback")
	}
	nothing(t, fallback, "beside the mapping")
	if got := find(t, x, "2999"); len(got) != 10_000 {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestTablesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f.csv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	never := Tables(func(string) (Table, error) { return nil, errors.New("opened") })
	for _, c := range []struct {
		tables Tables
		path   string
		want   string
	}{
		{never, filepath.Join(dir, "none.csv"), "there is no such file"},
		{never, dir, "it is a folder"},
		{nil, file, "no tables can be read here"},
		{never, file, "opened"},
	} {
		if _, err := c.tables.Open(c.path); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
}
