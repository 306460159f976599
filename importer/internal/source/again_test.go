package source_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/source/xlsx"
)

// count reads to the end.
func count(t testing.TB, r *source.Reader) (n int) {
	t.Helper()
	for r.Next() {
		n++
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func open(t testing.TB, path string, opt source.Options) *source.Reader {
	t.Helper()
	r, err := source.Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestRowsOfAWorkbookAreKnownBeforeTheyAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		table [][]any
		opt   source.Options
		want  int
	}{
		"plain":                 {[][]any{{"a", "b"}, {"1", 2}, {nil, 3}}, source.Options{}, 2},
		"only a header":         {[][]any{{"a", "b"}}, source.Options{}, 0},
		"blank rows between":    {[][]any{{"a"}, {"1"}, {" \t "}, {nil}, {"\u00a0"}, {"2"}}, source.Options{}, 2},
		"blank rows before":     {[][]any{{" "}, {nil}, {"a"}, {"1"}}, source.Options{}, 1},
		"titles above":          {[][]any{{"title"}, {" "}, {"more"}, {"a", "b"}, {"1", "2"}}, source.Options{HeaderRow: 4}, 1},
		"a text behind a blank": {[][]any{{"a", "b"}, {" ", "x"}, {"x", " "}, {" ", " "}}, source.Options{}, 2},
		"beyond the header":     {[][]any{{"a"}, {nil, nil, "x"}}, source.Options{}, 1},
		"numbers and booleans":  {[][]any{{"a"}, {0}, {false}, {1.5}}, source.Options{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, "in.xlsx", workbook(t, map[string][][]any{"s": c.table}))
			r := open(t, path, c.opt)
			for _, when := range []string{"before", "after"} {
				if n, known := r.Rows(); n != c.want || !known {
					t.Errorf("%s the rows: %d, %v, want %d", when, n, known, c.want)
				}
				again, err := r.Again()
				if err != nil {
					t.Fatal(err)
				}
				if n, known := again.Rows(); n != c.want || !known {
					t.Errorf("again, %s the rows: %d, %v, want %d", when, n, known, c.want)
				}
				if n := count(t, again); n != c.want {
					t.Errorf("again, %s the rows: Next reads %d, want %d", when, n, c.want)
				}
				again.Close()
				if when == "before" {
					if n := count(t, r); n != c.want {
						t.Errorf("Next reads %d, want %d", n, c.want)
					}
				}
			}
		})
	}
}

func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A sheet of random cells, most of them empty or blank, has as many rows as it says.
func TestRowsOfRandomSheets(t *testing.T) {
	random := random(t)
	cells := []any{nil, nil, nil, "", " ", "\n", "\u2003", "x", " y ", 0, true}
	for range 60 {
		table := [][]any{{"a", "b", "c"}}
		for range random.IntN(12) {
			var row []any
			for range random.IntN(5) {
				row = append(row, cells[random.IntN(len(cells))])
			}
			table = append(table, row)
		}
		r := open(t, put(t, "in.xlsx", workbook(t, map[string][][]any{"s": table})), source.Options{})
		says, known := r.Rows()
		if n := count(t, r); n != says || !known {
			t.Fatalf("it says %d, %v, and has %d: %q", says, known, n, table)
		}
	}
}

func TestRowsOfATextAreNotKnown(t *testing.T) {
	for name, content := range map[string]string{"in.csv": "a\n1\n", "in.csv.gz": gzipped(t, "a\n1\n")} {
		r := open(t, put(t, name, content), source.Options{})
		if n, known := r.Rows(); known {
			t.Errorf("%s: %d rows", name, n)
		}
	}
}

// The check of a sheet takes as long as the reading itself: one is enough, however often
// the rows are read.
func TestSheetIsCheckedOnce(t *testing.T) {
	table := [][]any{{"a"}, {"1"}, {"2"}}
	sheet := workbook(t, map[string][][]any{"s": table})
	for name, content := range map[string]string{
		"in.xlsx": sheet, "in.xlsx.gz": gzipped(t, sheet), "in.zip": zipped(t, "in.xlsx", sheet),
	} {
		t.Run(name, func(t *testing.T) {
			before := xlsx.Scans.Load()
			r := open(t, put(t, name, content), source.Options{})
			if n := xlsx.Scans.Load() - before; n != 2 {
				t.Errorf("to open it, the sheet was begun %d times, want 2: the check and the rows", n)
			}
			for range 3 {
				before := xlsx.Scans.Load()
				again, err := r.Again()
				if err != nil {
					t.Fatal(err)
				}
				if n := count(t, again); n != 2 {
					t.Errorf("%d rows", n)
				}
				if n := xlsx.Scans.Load() - before; n != 1 {
					t.Errorf("to read it again, the sheet was begun %d times, want 1", n)
				}
				if err := again.Close(); err != nil {
					t.Error(err)
				}
			}
			if n := count(t, r); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

// Readers of one file are independent of each other, in several goroutines too.
func TestFileIsReadSeveralTimesAtOnce(t *testing.T) {
	var text strings.Builder
	table := [][]any{{"a", "b"}}
	text.WriteString("a,b\n")
	for i := range 500 {
		table = append(table, []any{fmt.Sprint("x", i), i})
		fmt.Fprintf(&text, "x%d,%d\n", i, i)
	}
	for name, content := range map[string]string{
		"in.xlsx": workbook(t, map[string][][]any{"s": table}), "in.csv": text.String(), "in.csv.gz": gzipped(t, text.String()),
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, put(t, name, content), source.Options{})
			r.Show([]int{1})
			results := make(chan string)
			const readers = 4
			for range readers {
				go func() {
					again, err := r.Again()
					if err != nil {
						results <- err.Error()
						return
					}
					defer again.Close()
					again.Show([]int{1})
					var last string
					for again.Next() {
						last = strings.Join(again.Row().Cells, "|")
					}
					results <- fmt.Sprint(last, " ", again.Err())
				}()
			}
			count(t, r)
			for range readers {
				if got := <-results; got != "x499|499|499 <nil>" {
					t.Errorf("got %s", got)
				}
			}
		})
	}
}

func TestAgainKeepsWhatWasFoundOut(t *testing.T) {
	r := open(t, put(t, "in.csv", "\ufefftitle\r\n\r\na;b\r\n\"1\r\n\";ñ\r\n2;x\r\n"), source.Options{HeaderRow: 3, Delimiter: ';'})
	odd := open(t, put(t, "in.csv", "sep=;\na;b\nni\xf1o;1\n"), source.Options{})
	for want, r := range map[string]*source.Reader{"a|b [1\r\n|ñ 2|x]": r, "a|b [niño|1]": odd} {
		for range 2 {
			again, err := r.Again()
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for again.Next() {
				rows = append(rows, strings.Join(again.Row().Cells, "|"))
			}
			if got := fmt.Sprintf("%s %s", strings.Join(again.Header(), "|"), rows); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if fmt.Sprint(again.Notes()) != fmt.Sprint(r.Notes()) {
				t.Errorf("notes %q, at first %q", again.Notes(), r.Notes())
			}
			again.Close()
		}
	}
}
