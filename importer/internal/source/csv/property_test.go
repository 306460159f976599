package csv_test

import (
	stdcsv "encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source/csv"
)

func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// writeCSV writes a table as other programs do, with quotes where they are needed.
func writeCSV(table [][]string, comma, newline string, always bool) string {
	var b strings.Builder
	for _, record := range table {
		for i, cell := range record {
			if i > 0 {
				b.WriteString(comma)
			}
			if always || strings.ContainsAny(cell, comma+"\r\n\"") {
				cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
			}
			b.WriteString(cell)
		}
		b.WriteString(newline)
	}
	return b.String()
}

// Any table comes back as it was written, in every dialect, line ends within texts
// included.
func TestRandomTablesComeBack(t *testing.T) {
	r := random(t)
	pieces := []string{"señal", "a", "7", "\"", "\r\n", "\n", "\r", ",", ";", "\t", "|", " ", "'", "😀", "\ufeff", "=1"}
	for range 300 {
		table := [][]string{{"uno", "dos", "tres", "cuatro"}}
		want := []string{"uno|dos|tres|cuatro"}
		for n := range 1 + r.IntN(30) {
			record := []string{fmt.Sprint(n)}
			for range 3 {
				var cell strings.Builder
				for range r.IntN(6) {
					cell.WriteString(pieces[r.IntN(len(pieces))])
				}
				record = append(record, cell.String())
			}
			table = append(table, record)
			want = append(want, strings.Join(record, "|"))
		}
		comma := []string{",", ";", "\t", "|"}[r.IntN(4)]
		newline := []string{"\n", "\r\n"}[r.IntN(2)]
		text := writeCSV(table, comma, newline, r.IntN(2) == 0)
		if got := read(t, text); !slices.Equal(got, want) {
			t.Fatalf("%q\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// What Go's own reader takes for a sound file reads the same here, but for the CRLF
// within texts, which it shortens, and blank lines, which it doesn't count.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a,b\r\n\"x\r\ny\",\"\"\"\"\r\n", "a\n\n\nb", "\"a\"\"\",\n,\n", "a,b\n1,\"2\n3,4\n", "a,b\r1,2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := open(t, strings.NewReader(text), csv.UTF8, ',')
		var got []string
		for r.Next() {
			r.Expect(len(r.Cells())) // once more with every record: a bad one never ends the reading
			if line := strings.Join(r.Cells(), "|"); line != "" {
				got = append(got, line)
			}
		}
		if strings.ContainsAny(text, "\r\x00") || strings.HasPrefix(text, "'") ||
			strings.HasPrefix(strings.ToLower(strings.TrimLeft(text, "\"")), "sep=") {
			return // a dialect of which Go's reader knows nothing
		}
		std := stdcsv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
		std.FieldsPerRecord = -1
		all, err := std.ReadAll()
		if err != nil {
			return
		}
		var want []string
		for _, record := range all {
			if line := strings.Join(record, "|"); line != "" {
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q\ngot  %q\nwant %q", text, got, want)
		}
	})
}
