package source_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"wolkvox-import/importer/internal/source"
)

func TestFileThatIsReplacedByNameIsReadOnAndAgain(t *testing.T) {
	const text = "a,b\n1,2\n3,4\n"
	sheet := workbook(t, map[string][][]any{"s": {{"a", "b"}, {"1", "2"}, {"3", "4"}}})
	for name, content := range map[string]string{"CSV": text, "gzip": gzipped(t, text), "workbook": sheet, "zipped workbook": zipped(t, "in.xlsx", sheet)} {
		t.Run(name, func(t *testing.T) {
			path := put(t, "in", content)
			r, err := source.Open(path, source.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, _, err := r.Digest(); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(put(t, "new.csv", "c\n5\n"), path); err != nil {
				if runtime.GOOS == "windows" {
					t.Skip("a file that is open can't be replaced here")
				}
				t.Fatal(err)
			}
			again, err := r.Again()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*source.Reader{r, again} {
				n := 0
				for r.Next() {
					n++
				}
				if n != 2 || r.Err() != nil {
					t.Errorf("%d rows, %v", n, r.Err())
				}
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
			if same, err := r.Same(true); !same || err != nil {
				t.Errorf("%v, %v", same, err)
			}
		})
	}
}

func TestChangedFileIsNotTheSame(t *testing.T) {
	touch := func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) }
	write := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for name, c := range map[string]struct {
		change     func(path string) error
		thoroughly bool
		same       bool
	}{
		"untouched":         {func(string) error { return nil }, true, true},
		"touched":           {touch, false, true},
		"longer":            {write("a,b\n1,2\n3,4\n"), false, false},
		"shorter":           {write("a,b\n"), true, false},
		"other cells later": {func(path string) error { _ = write("a,b\n1,3\n")(path); return touch(path) }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, "in.csv", "a,b\n1,2\n")
			r, err := source.Open(path, source.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, size, err := r.Digest(); err != nil || size != 8 {
				t.Fatalf("%d bytes, %v", size, err)
			}
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			if same, err := r.Same(c.thoroughly); same != c.same || err != nil {
				t.Errorf("%v, %v", same, err)
			}
		})
	}
}

func TestFileThatIsWrittenBetweenItsHeaderAndItsDigestIsRefused(t *testing.T) {
	path := put(t, "in.csv", "a,b\n1,2\n")
	r, err := source.Open(path, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.WriteFile(path, []byte("b,a\n1,2\n3,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Digest(); err == nil {
		t.Error("it was taken")
	}
}

func TestRowAtTheEndWithoutALineEndIsUnended(t *testing.T) {
	for text, want := range map[string]bool{
		"a,b\n1,2\n":          false,
		"a,b\n1,2\r\n":        false,
		"a,b\n1,2":            true,
		"a,b\n1,\"2\"":        true,
		"a,b\n1,\"2\n\"":      true,
		"a,b\r1,2\r":          false,
		"a,b\n1,2\n3,4\n5,6":  true,
		"\ufeffa,b\n1,2\n":    false,
		"a,b\n1,2\n\n  \n":    false,
		"a;b\n1;\"2\n3\"\r\n": false,
	} {
		r, err := source.Open(put(t, "in.csv", text), source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for r.Next() {
		}
		if r.Unended() != want {
			t.Errorf("%q: %v", text, r.Unended())
		}
		r.Close()
	}
}

func TestRowInOneCellIsBad(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		bad  bool
	}{
		"in quotes":                     {"a,b,c\n\"1,2,3\"\n", true},
		"of another delimiter":          {"a,b,c\n1;2;3\n", true},
		"of tabs":                       {"a;b;c\n1\t2\t3\n", true},
		"with quotes in it":             {"a,b,c\n\"1,\"\"x, y\"\",3\"\n", true},
		"too few of them":               {"a,b,c\n\"1,2\"\n4,5,6\n", false},
		"a text with further cells":     {"a,b,c\n\"uno, dos, tres\",,\n", false},
		"a text under two columns":      {"a,b\n\"uno, dos, tres\"\n4,5\n", false},
		"a short row without delimiter": {"a,b,c\n1\n4,5,6\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := source.Open(put(t, "in.csv", c.text), source.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if !r.Next() {
				t.Fatal(r.Err())
			}
			bad := r.Row().Err != nil && r.Row().Err.Word == source.OneCell
			if bad != c.bad {
				t.Errorf("%+v", r.Row())
			}
		})
	}
}
