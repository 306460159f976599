package xlsx_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/importer/internal/source/xlsx"
)

// excelize is the oracle: another reader, by other people. What it is known to be
// wrong about is left out of these workbooks.

// byExcelize reads a workbook's first sheet, raw values and nothing at the rows' ends.
func byExcelize(t testing.TB, data []byte) (lines []string) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.Rows(book.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for len(cells) > 0 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) > 0 {
			lines = append(lines, fmt.Sprintf("%d: %s", n, strings.Join(cells, "|")))
		}
	}
	return lines
}

// random makes texts and numbers such as exports have, and some that they hardly have.
func random(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomText(r *rand.Rand, more ...string) string {
	pieces := append([]string{"señal", "<b>", "&", "\"", "'", "😀", "\n", "\t", " ", "a_b", "]]>", "日本", "0", "=1+1", "é", "\u00a0", "x"}, more...)
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

// TestAsExcelizeWrites reads back what excelize has written of random tables, by its
// cell functions, which make shared texts, and by its stream, which makes inline ones.
func TestAsExcelizeWrites(t *testing.T) {
	r := random(t)
	for range 20 {
		file := excelize.NewFile()
		stream := r.IntN(2) == 0
		var w *excelize.StreamWriter
		var err error
		if stream {
			if w, err = file.NewStreamWriter("Sheet1"); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for row := 1; row <= 40; row++ {
			cells := make([]any, r.IntN(9))
			texts := make([]string, len(cells))
			for i := range cells {
				switch r.IntN(6) {
				case 0:
					n := r.IntN(1e9)
					cells[i], texts[i] = n, fmt.Sprint(n)
				case 1:
					cells[i], texts[i] = true, "TRUE"
				case 2: // empty
				default:
					texts[i] = randomText(r)
					cells[i] = texts[i]
				}
			}
			at, _ := excelize.CoordinatesToCellName(1, row)
			if stream {
				err = w.SetRow(at, cells)
			} else {
				err = file.SetSheetRow("Sheet1", at, &cells)
			}
			if err != nil {
				t.Fatal(err)
			}
			for len(texts) > 0 && texts[len(texts)-1] == "" {
				texts = texts[:len(texts)-1]
			}
			if len(texts) > 0 {
				want = append(want, fmt.Sprintf("%d: %s", row, strings.Join(texts, "|")))
			}
		}
		if stream {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		var buf bytes.Buffer
		if err := file.Write(&buf); err != nil {
			t.Fatal(err)
		}
		got := trimmed(rows(t, buf.Bytes()))
		if !slices.Equal(got, want) {
			t.Fatalf("stream %t\ngot  %q\nwant %q", stream, got, want)
		}
	}
}

// trimmed takes off empty cells at the ends of rows.
func trimmed(lines []string) (out []string) {
	for _, line := range lines {
		if line = strings.TrimRight(line, "|"); !strings.HasSuffix(line, ": ") {
			out = append(out, line)
		}
	}
	return out
}

// TestAsExcelizeReads reads hand-made sheets of every feature that excelize knows too.
func TestAsExcelizeReads(t *testing.T) {
	r := random(t)
	var strs []string
	for i := range 30 {
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;", "]]>", "]]&gt;", "\t", "&#9;").Replace(randomText(r, "_x0041_", "_x005F_"))
		if i%3 == 0 {
			strs = append(strs, `<si><r><t xml:space="preserve">`+text+`</t></r><r><rPr><sz val="9"/></rPr><t xml:space="preserve">`+text+`</t></r></si>`)
		} else {
			strs = append(strs, `<si><t xml:space="preserve">`+text+`</t></si>`)
		}
	}
	name, part := texts(strs...)
	for range 20 {
		var b strings.Builder
		for row := 1; row <= 30; row++ {
			if r.IntN(5) == 0 {
				continue
			}
			fmt.Fprintf(&b, `<row r="%d">`, row)
			for column := 0; column < 12; column += 1 + r.IntN(3) {
				ref := xlsx.ColumnName(column) + fmt.Sprint(row)
				switch r.IntN(6) {
				case 0:
					fmt.Fprintf(&b, `<c r="%s"><v>%d</v></c>`, ref, r.IntN(1e6))
				case 1:
					fmt.Fprintf(&b, `<c r="%s" t="str"><f>A1&amp;"x"</f><v>r%d</v></c>`, ref, r.IntN(100))
				case 2:
					fmt.Fprintf(&b, `<c r="%s" t="b"><v>%d</v></c>`, ref, r.IntN(2))
				case 3:
					fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>en línea %d</t></is></c>`, ref, r.IntN(100))
				case 4:
					fmt.Fprintf(&b, `<c r="%s"/>`, ref)
				default:
					fmt.Fprintf(&b, `<c r="%s" t="s"><v>%d</v></c>`, ref, r.IntN(len(strs)))
				}
			}
			b.WriteString(`</row>`)
		}
		data := sheet(t, b.String(), name, part)
		got, want := trimmed(rows(t, data)), byExcelize(t, data)
		for i := range want { // excelize's raw booleans are their numbers
			want[i] = strings.TrimRight(want[i], "|")
		}
		for i := range got {
			got[i] = strings.NewReplacer("|TRUE", "|1", ": TRUE", ": 1", "|FALSE", "|0", ": FALSE", ": 0").Replace(got[i])
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s\ngot  %q\nwant %q", b.String(), got, want)
		}
	}
}

func TestDatesAsExcelizeHasThem(t *testing.T) {
	r := random(t)
	file := excelize.NewFile()
	style, err := file.NewStyle(&excelize.Style{NumFmt: 22})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for row := 1; row <= 500; row++ {
		at := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(100*365*24*3600)) * time.Second)
		cell := fmt.Sprintf("A%d", row)
		if err := file.SetCellValue("Sheet1", cell, at); err != nil {
			t.Fatal(err)
		}
		if err := file.SetCellStyle("Sheet1", cell, cell, style); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%d: %s", row, at.Format(time.DateTime)))
	}
	var buf bytes.Buffer
	if err := file.Write(&buf); err != nil {
		t.Fatal(err)
	}
	equal(t, rows(t, buf.Bytes()), want)
}

// TestSample reads the sample as excelize does, once it is there.
func TestSample(t *testing.T) {
	data, err := os.ReadFile("../../../../samples/tickets.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(rows(t, data)), len(byExcelize(t, data)); got != want || got < 200 {
		t.Errorf("%d rows, excelize has %d", got, want)
	}
}
