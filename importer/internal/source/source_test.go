package source_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"wolkvox-import/importer/internal/source"
)

// put writes a file into a folder of the test's own.
func put(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns the header and the rows, each as "number: cell|cell", a bad one as
// "number! word cell|cell".
func read(t testing.TB, path string, opt source.Options) (lines, notes []string, err error) {
	t.Helper()
	r, err := source.Open(path, opt)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	lines = []string{strings.Join(r.Header(), "|")}
	for r.Next() {
		row := r.Row()
		if len(row.Cells) != len(r.Header()) {
			t.Errorf("row %d has %d cells, the header %d", row.Number, len(row.Cells), len(r.Header()))
		}
		line := fmt.Sprintf("%d: ", row.Number)
		if row.Err != nil {
			line = fmt.Sprintf("%d! %s ", row.Number, row.Err.Word)
		}
		line += strings.Join(row.Cells, "|")
		if row.Missing > 0 {
			line += fmt.Sprintf(" (%d missing)", row.Missing)
		}
		lines = append(lines, line)
	}
	return lines, r.Notes(), r.Err()
}

func rows(t testing.TB, path string, opt source.Options) []string {
	t.Helper()
	lines, _, err := read(t, path, opt)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCSV(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain":                        {"a,b\n1,2\n3,4\n", []string{"a|b", "2: 1|2", "3: 3|4"}},
		"no final newline":             {"a,b\n1,2", []string{"a|b", "2: 1|2"}},
		"no final newline, quoted":     {"a,b\n1,\"2\"", []string{"a|b", "2: 1|2"}},
		"only a header":                {"a,b\n", []string{"a|b"}},
		"CRLF":                         {"a,b\r\n1,2\r\n", []string{"a|b", "2: 1|2"}},
		"CRLF behind quotes":           {"a,b\r\n1,\"2\"\r\n3,\"4\"\r\n", []string{"a|b", "2: 1|2", "3: 3|4"}},
		"CR":                           {"a,b\r1,\"2\"\r3,4\r", []string{"a|b", "2: 1|2", "3: 3|4"}},
		"CR within a text":             {"a,b\n1\r2,3\n", []string{"a|b", "2: 1\r2|3"}},
		"byte order mark":              {"\ufeffa,b\n1,2\n", []string{"a|b", "2: 1|2"}},
		"byte order mark and quotes":   {"\ufeff\"a\",b\n1,2\n", []string{"a|b", "2: 1|2"}},
		"semicolons":                   {"a;b\n1,5;2,5\n", []string{"a|b", "2: 1,5|2,5"}},
		"tabs":                         {"a\tb\n1, 2\t3;4\n", []string{"a|b", "2: 1, 2|3;4"}},
		"bars":                         {"a|b\n1|2\n", []string{"a|b", "2: 1|2"}},
		"one column":                   {"a\nx, y\nz\n", []string{"a", "2! too_many_cells x", "3: z"}},
		"one column in quotes":         {"a\n\"x, y\"\nz\n", []string{"a", "2: x, y", "3: z"}},
		"a delimiter in the header":    {"\"a, b\";c\n1;2\n3;4\n", []string{"a, b|c", "2: 1|2", "3: 3|4"}},
		"separator line":               {"sep=;\r\na;b\r\n1,0;2\r\n", []string{"a|b", "2: 1,0|2"}},
		"quotes, doubled":              {"a,b\n\"x \"\"y\"\" z\",\"\"\n", []string{"a|b", "2: x \"y\" z|"}},
		"quotes in a text without":     {"a,b\n5\" pipe,say \"hi\"\n", []string{"a|b", "2: 5\" pipe|say \"hi\""}},
		"single quotes":                {"'a','b'\n'1, 2','it''s'\n", []string{"a|b", "2: 1, 2|it's"}},
		"line ends within quotes":      {"a,b\r\n\"1\r\n2\n3\r4\",x\r\n", []string{"a|b", "2: 1\r\n2\n3\r4|x"}},
		"delimiters within quotes":     {"a,b\n\"1,2\",\"3\n,\n\"\n", []string{"a|b", "2: 1,2|3\n,\n"}},
		"blank lines count":            {"a,b\n\n1,2\n\r\n,\n  ,\t\n3,4\n", []string{"a|b", "3: 1|2", "7: 3|4"}},
		"blank lines before":           {"\n\na,b\n1,2\n", []string{"a|b", "4: 1|2"}},
		"too few cells":                {"a,b,c\n1\n1,2\n", []string{"a|b|c", "2: 1|| (2 missing)", "3: 1|2| (1 missing)"}},
		"too many cells":               {"a,b\n1,2,3\n4,5\n", []string{"a|b", "2! too_many_cells 1|2", "3: 4|5"}},
		"too many cells, but empty":    {"a,b\n1,2,,\n", []string{"a|b", "2: 1|2"}},
		"zero bytes":                   {"a,b\n1\x002,3\n", []string{"a|b", "2: 1\x002|3"}},
		"blanks stay":                  {" a , b\n 1 ,2 \n", []string{" a | b", "2:  1 |2 "}},
		"not UTF-8 among UTF-8":        {"a,b\nñandú,acción\nn\xf3,ok\nñ,ó\n", []string{"a|b", "2: ñandú|acción", "3! invalid_utf8 n\xf3|ok", "4: ñ|ó"}},
		"an unclosed quote":            {"a,b\n1,\"2\n3,4\n5,6\n", []string{"a|b", "2! bad_quotes 1|\"2", "3: 3|4", "4: 5|6"}},
		"an unclosed quote, closed":    {"a,b\n1,\"2\n3,\"4\"\n5,6\n", []string{"a|b", "2! bad_quotes 1|\"2", "3: 3|4", "4: 5|6"}},
		"an unclosed quote at the end": {"a,b\n1,2\n3,\"4", []string{"a|b", "2: 1|2", "3! bad_quotes 3|\"4"}},
		"text behind a quote":          {"a,b\n\"1\"x,2\n3,4\n", []string{"a|b", "2! bad_quotes \"1\"x,2|", "3: 3|4"}},
		"quotes within quotes":         {"a,b\n1,\"x\nsay \"hi\" to\nall\"\n3,4\n", []string{"a|b", "2! bad_quotes 1|\"x\nsay \"hi\" to\nall\"", "3: 3|4"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := rows(t, put(t, "in.csv", c.text), source.Options{})
			for i := range lines { // how many cells a bad row lacks is of no interest
				if strings.Contains(lines[i], "!") {
					lines[i], _, _ = strings.Cut(lines[i], " (")
				}
			}
			equal(t, lines, c.want)
		})
	}
}

func TestOptionsOfCSV(t *testing.T) {
	equal(t, rows(t, put(t, "a.csv", "a;b,c\n1;2,3\n"), source.Options{Delimiter: ','}), []string{"a;b|c", "2: 1;2|3"})
	equal(t, rows(t, put(t, "b.csv", "title\n\na,b\n1,2\n"), source.Options{HeaderRow: 3}), []string{"a|b", "4: 1|2"})
	equal(t, rows(t, put(t, "c.csv", "a,b\nni\xf1o,\x80\n"), source.Options{Encoding: "windows-1252"}), []string{"a|b", "2: niño|€"})
	equal(t, rows(t, put(t, "d.csv", "a,b\nni\xf1o,\xa4\n"), source.Options{Encoding: "iso-8859-15"}), []string{"a|b", "2: niño|€"})
	equal(t, rows(t, put(t, "e.csv", "a,b\nni\xf1o,x\nok,y\n"), source.Options{Encoding: "utf-8"}), []string{"a|b", "2! invalid_utf8 ni\xf1o|x", "3: ok|y"})
}

func TestEncodings(t *testing.T) {
	const text = "nombre;ciudad\r\nMuñoz;\"Bogotá\r\n€\"\r\nÑandú;Cúcuta\r\n"
	want := []string{"nombre|ciudad", "2: Muñoz|Bogotá\r\n€", "3: Ñandú|Cúcuta"}
	for name, encode := range map[string]func(string) (string, error){
		"UTF-8":                 func(s string) (string, error) { return s, nil },
		"UTF-8 with a mark":     func(s string) (string, error) { return "\ufeff" + s, nil },
		"windows-1252":          charmap.Windows1252.NewEncoder().String,
		"UTF-16 LE with a mark": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String,
		"UTF-16 BE with a mark": unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String,
		"UTF-16 LE":             unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String,
		"UTF-16 BE":             unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String,
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := encode(text)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, rows(t, put(t, "in.csv", encoded), source.Options{}), want)
		})
	}
}

func TestFallbackIsSaidWithItsReason(t *testing.T) {
	_, notes, err := read(t, put(t, "in.csv", "a,b\n1,\"x\ny\"\nni\xf3,2\n"), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, notes, []string{"read as windows-1252 (not UTF-8: byte 0xF3 in row 3); --encoding to change"})
}

// A text that doesn't decode to its end is a bad row, wherever it was cut.
func TestHalfACharacterOfUTF16(t *testing.T) {
	encoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("a,b\n1,2\n3,4")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, rows(t, put(t, "in.csv", encoded[:len(encoded)-1]), source.Options{}), []string{"a|b", "2: 1|2", "3! invalid_utf8 3|\ufffd"})
}

func TestMessagesOfBadRows(t *testing.T) {
	path := put(t, "in.csv", "a,b\nñ,ñ\n1,2,de más\nx,\"abc\ndef\nk\xf3,l\n5,6\n")
	r, err := source.Open(path, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for r.Next() {
		if e := r.Row().Err; e != nil {
			got = append(got, fmt.Sprintf("%d %s: %s", r.Row().Number, e.Word, e.Message))
			if e.Hint == "" {
				t.Errorf("no hint for %v", e)
			}
		}
	}
	equal(t, got, []string{
		`3 too_many_cells: the row has 3 cells and the header 2; without a column is "de más"`,
		`4 bad_quotes: in column 2 a quote opens and is never closed; 2 lines were taken for this one row`,
		`5 invalid_utf8: column 1 has a character that is not utf-8: byte 0xF3 after "k"`,
	})
}

// What is not a table is recognised by its content, and the error is one line that
// names the file and says what to do.
func TestFilesThatAreNoTables(t *testing.T) {
	office := func(names ...string) string {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for _, name := range names {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(w, "a,b\n1,2\n")
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.String()
	}
	encrypted := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	for name, c := range map[string]struct{ content, want string }{
		"page.csv":      {"<!DOCTYPE html>\n<html><body>Login</body></html>", "a web page"},
		"page2.csv":     {"\ufeff\n <!-- x -->\n<HTML>", "a web page"},
		"table.xls":     {"<table><tr><td>1</td></tr></table>", "a web page"},
		"xml.xls":       {`<?xml version="1.0"?><Workbook/>`, "an XML document"},
		"old.xls":       {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), "old .xls format"},
		"stub.xls":      {"\xd0\xcf\x11\xe0", "cut short"},
		"secret.xlsx":   {encrypted, "protected by a password"},
		"empty.csv":     {"", "the file is empty"},
		"blank.csv":     {"\n \n\r\n", "the file has no rows"},
		"doc.pdf":       {"%PDF-1.7\n", "a PDF document"},
		"pointer.csv":   {"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"},
		"ledger.db":     {"SQLite format 3\x00", "a database"},
		"table.ods":     {office("mimetype", "content.xml"), "OpenDocument"},
		"letter.docx":   {office("[Content_Types].xml", "word/document.xml"), "a Word document"},
		"binary.xlsb":   {office("[Content_Types].xml", "xl/workbook.bin"), ".xlsb"},
		"none.zip":      {office("readme.md"), "no table"},
		"two.zip":       {office("a.csv", "b.csv"), "2 tables"},
		"empty.zip":     {"PK\x05\x06" + strings.Repeat("\x00", 18), "empty zip"},
		"cut.xlsx":      {office("[Content_Types].xml", "xl/workbook.xml")[:60], "damaged or cut short"},
		"noise.csv":     {"\x01\x02\x03\x04\x05\x06\x00\x07", "no text and no workbook"},
		"notgzip.gz":    {"\x1f\x8bnothing", "can't be read"},
		"page.csv.gz":   {gzipped(t, "<html>"), "a web page"},
		"empty.csv.gz":  {gzipped(t, ""), "empty"},
		"twice.csv.gz":  {gzipped(t, gzipped(t, "a,b\n")), "packed once more"},
		"pic.csv":       {"\x89PNG\r\n\x1a\n", "a picture"},
		"nosheets.xlsx": {office("[Content_Types].xml", "xl/workbook.xml"), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, name, c.content)
			_, _, err := read(t, path, source.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for name, path := range map[string]string{"no such file": filepath.Join(t.TempDir(), "missing.csv"), "a folder": t.TempDir()} {
		if _, err := source.Open(path, source.Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := source.Open(put(t, "in.csv", "a,b\n"), source.Options{Encoding: "klingon"}); err == nil || !strings.Contains(err.Error(), `"klingon" is not known`) {
		t.Errorf("got %v", err)
	}
	if _, err := source.Open(put(t, "in.csv", "a,b\n"), source.Options{HeaderRow: 4}); err == nil || !strings.Contains(err.Error(), "row 4") {
		t.Errorf("got %v", err)
	}
	if _, err := source.Open(put(t, "in.csv", "a,b\n\nc,d\n"), source.Options{HeaderRow: 2}); err == nil || !strings.Contains(err.Error(), "row 2") {
		t.Errorf("got %v", err)
	}
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func zstded(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func zipped(t testing.TB, name, text string) string {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, part := range []struct{ name, text string }{{"__MACOSX/._" + name, "x"}, {name, text}} {
		w, err := z.Create(part.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(part.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// workbook makes an XLSX file by excelize.
func workbook(t testing.TB, sheets map[string][][]any) string {
	t.Helper()
	file := excelize.NewFile()
	for name, table := range sheets {
		if _, err := file.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range table {
			if err := file.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := file.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := file.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// All formats are one suite: the same rows come out of each.
func TestEveryFormatReadsTheSameRows(t *testing.T) {
	table := [][]string{
		{"ID", "Asunto", "Detalle", "Vacía"},
		{"1", "acción", "línea 1\nlínea 2", ""},
		{"2", "con \"comillas\"", "coma, punto y coma; tab\t", ""},
		{},
		{"3", " blancos ", "=1+1", ""},
		{"", "sin número", "", ""},
		{"6"},
		{"7", "7", "7", "7", "de más"},
	}
	want := []string{
		"ID|Asunto|Detalle|Vacía",
		"2: 1|acción|línea 1\nlínea 2|",
		"3: 2|con \"comillas\"|coma, punto y coma; tab\t|",
		"5: 3| blancos |=1+1|",
		"6: |sin número||",
		"7: 6|||",
		"8! too_many_cells 7|7|7|7",
	}
	var text strings.Builder
	var cells [][]any
	for _, record := range table {
		var row []any
		for i, cell := range record {
			if i > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, "\"%s\"", strings.ReplaceAll(cell, `"`, `""`))
			row = append(row, cell)
		}
		text.WriteString("\r\n")
		cells = append(cells, row)
	}
	book := workbook(t, map[string][][]any{"Hoja": cells})
	for name, content := range map[string]string{
		"t.csv": text.String(), "t.xlsx": book,
		"t.csv.gz": gzipped(t, text.String()), "t.csv.zst": zstded(t, text.String()), "t.csv.zip": zipped(t, "t.csv", text.String()),
		"t.xlsx.gz": gzipped(t, book), "t.xlsx.zip": zipped(t, "t.xlsx", book),
	} {
		t.Run(name, func(t *testing.T) {
			lines := rows(t, put(t, name, content), source.Options{})
			for i := range lines { // what is missing, and what is empty, only a CSV file tells apart
				lines[i], _, _ = strings.Cut(lines[i], " (")
			}
			equal(t, lines, want)
		})
	}
}

func TestSheetIsChosen(t *testing.T) {
	one := [][]any{{"a", "b"}, {1, 2}}
	for name, c := range map[string]struct {
		sheets map[string][][]any
		sheet  string
		want   []string
		err    string
	}{
		"the only one":             {map[string][][]any{"Uno": one}, "", []string{"a|b", "2: 1|2"}, ""},
		"the only one with rows":   {map[string][][]any{"Uno": one, "Vacía": nil}, "", []string{"a|b", "2: 1|2"}, ""},
		"the one that is named":    {map[string][][]any{"Uno": one, "Dos": {{"c"}, {"x"}}}, " dos", []string{"c", "2: x"}, ""},
		"two with rows, none said": {map[string][][]any{"Uno": one, "Dos": {{"c"}, {"x"}, {"y"}}}, "", nil, "several sheets have rows: "},
		"one that isn't there":     {map[string][][]any{"Uno": one}, "Otra", nil, `there is no sheet "Otra"; there is "Uno"`},
		"none with rows":           {map[string][][]any{"Uno": nil}, "", nil, "the workbook has no rows"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, _, err := read(t, put(t, "in.xlsx", workbook(t, c.sheets)), source.Options{Sheet: c.sheet})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, lines, c.want)
		})
	}
}

func TestProtectedWorkbook(t *testing.T) {
	plain := workbook(t, map[string][][]any{"Uno": {{"a", "b"}, {1, "señal"}}})
	protected, err := excelize.Encrypt([]byte(plain), &excelize.Options{Password: "contraseña"})
	if err != nil {
		t.Fatal(err)
	}
	path := put(t, "in.xlsx", string(protected))
	equal(t, rows(t, path, source.Options{Password: "contraseña"}), []string{"a|b", "2: 1|señal"})
	if _, _, err := read(t, path, source.Options{Password: "otra"}); err == nil || !strings.Contains(err.Error(), "can't be opened with this password") {
		t.Errorf("got %v", err)
	}
	if _, _, err := read(t, path, source.Options{}); err == nil || !strings.Contains(err.Error(), "--password-file") {
		t.Errorf("got %v", err)
	}
	for n := 0; n < len(protected); n += 97 { // no damage may end in a panic
		damaged := slices.Clone(protected)
		damaged[n] ^= 0xff
		if lines, _, err := read(t, put(t, "in.xlsx", string(damaged)), source.Options{Password: "contraseña"}); err == nil && len(lines) != 2 {
			t.Errorf("byte %d: %q", n, lines)
		}
	}
}

func TestShownTextsComeBehindTheCells(t *testing.T) {
	file := excelize.NewFile()
	code := "dd/mm/yyyy"
	date, err := file.NewStyle(&excelize.Style{CustomNumFmt: &code})
	if err != nil {
		t.Fatal(err)
	}
	money, err := file.NewStyle(&excelize.Style{NumFmt: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{{"fecha", "monto", "texto"}, {45322, 1234.567, "a"}, {45323, 1234.567, nil}, {nil, 5, "c"}} {
		if err := file.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	for column, style := range map[string]int{"A": date, "B": money} {
		if err := file.SetCellStyle("Sheet1", column+"2", column+"4", style); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "in.xlsx")
	if err := file.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		path: {"2024-01-31|1234.567|a|1,234.57|31/01/2024|a", "2024-02-01|1234.567||1,234.57|01/02/2024|", "|5|c|5.00||c"},
		put(t, "in.csv", "fecha,monto,texto\n1,2,3\n4\n"): {"1|2|3|2|1|3", "4||||4|"},
	} {
		r, err := source.Open(name, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.Show([]int{1, 0, 2})
		var got []string
		for r.Next() {
			got = append(got, strings.Join(r.Row().Cells, "|"))
		}
		equal(t, got, want)
	}
}

// A damaged sheet is known before its first row is used, and where it is damaged.
func TestDamagedWorkbookDoesNotOpen(t *testing.T) {
	var table [][]any
	for i := range 300 {
		table = append(table, []any{fmt.Sprint(i), "texto"})
	}
	for name, c := range map[string]struct{ part, old, new, want string }{
		"a bad byte":      {"xl/worksheets/sheet2.xml", `<row r="200"`, "\x01<row r=\"200\"", `sheet "Uno": it is damaged in row`},
		"a lost end":      {"xl/worksheets/sheet2.xml", `</sheetData>`, "", `sheet "Uno": it is damaged in row 300`},
		"a missing text":  {"xl/sharedStrings.xml", `<si>`, "<xx>", "the workbook is damaged"},
		"a damaged style": {"xl/styles.xml", `</styleSheet>`, "", "the workbook is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			good := workbook(t, map[string][][]any{"Uno": table})
			in, err := zip.NewReader(strings.NewReader(good), int64(len(good)))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			z := zip.NewWriter(&out)
			for _, part := range in.File {
				r, err := part.Open()
				if err != nil {
					t.Fatal(err)
				}
				content, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if part.Name == c.part {
					if !bytes.Contains(content, []byte(c.old)) {
						t.Fatalf("no %s in %s", c.old, part.Name)
					}
					content = bytes.Replace(content, []byte(c.old), []byte(c.new), 1)
				}
				w, err := z.Create(part.Name)
				if err == nil {
					_, err = w.Write(content)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			_, err = source.Open(put(t, "in.xlsx", out.String()), source.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "nothing of it was read") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A sheet that has fewer rows than its check met is no shorter sheet.
func TestFewerRowsThanTheCheckMetAreAnError(t *testing.T) {
	r, err := source.Open(put(t, "in.xlsx", workbook(t, map[string][][]any{"Uno": {{"a"}, {"1"}}})), source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.ExpectOneRowMore()
	for r.Next() {
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}

func TestHiddenRowsAreReadAndSaid(t *testing.T) {
	file := excelize.NewFile()
	for i, row := range [][]any{{"a"}, {"1"}, {"2"}} {
		if err := file.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.SetRowVisible("Sheet1", 2, false); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "in.xlsx")
	if err := file.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	lines, notes, err := read(t, path, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, lines, []string{"a", "2: 1", "3: 2"})
	if len(notes) != 1 || !strings.Contains(notes[0], "one row that the sheet hides") {
		t.Errorf("notes %q", notes)
	}
}

// A packed file that is cut or damaged gives no rows at all.
func TestDamagedStreamIsAnError(t *testing.T) {
	var text strings.Builder
	text.WriteString("año,b\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "ñandú %d,%x\n", i, i*i)
	}
	packed := gzipped(t, text.String())
	for name, content := range map[string]string{"cut": packed[:len(packed)/2], "flipped": packed[:len(packed)-8] + "\x00" + packed[len(packed)-7:]} {
		if _, err := source.Open(put(t, "in.csv.gz", content), source.Options{}); err == nil || !strings.Contains(err.Error(), "in.csv.gz: it can't be read") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What is not packed can be cut anywhere: every row before the cut is there, and the
// last one is whole, short or bad.
func TestTruncationAtEveryByte(t *testing.T) {
	const text = "id,texto,fin\r\n1,\"línea 1\r\nlínea 2, \"\"x\"\"\",a\r\n2,b,c\r\n3,\"d\",\"e\"\r\n4,f,g\r\n"
	whole := rows(t, put(t, "in.csv", text), source.Options{})
	for n := strings.Index(text, "\n") + 1; n < len(text); n++ {
		lines, _, err := read(t, put(t, "in.csv", text[:n]), source.Options{Encoding: "utf-8"})
		if err != nil {
			t.Errorf("cut at %d: %v", n, err)
			continue
		}
		last := len(lines) - 1
		for i := range last {
			if lines[i] != whole[i] {
				t.Errorf("cut at %d: row %q", n, lines[i])
			}
		}
		if records := strings.Count(strings.ReplaceAll(text[:n], "1\r\nl", ""), "\n"); last < records-1 {
			t.Errorf("cut at %d: %d rows of %d records", n, last, records)
		}
	}
}

// A flipped bit may make another text of a text. Where it makes one row of two, or two
// of one, some row is bad or short, or the file can't be read.
func TestBitFlipAtEveryByteOfCSV(t *testing.T) {
	const text = "id,texto,fin\n1,\"línea 1\nlínea 2, \"\"x\"\"\",a\n2,b,c\n3,\"d\",\"e\"\n4,f,g\n"
	whole := len(rows(t, put(t, "in.csv", text), source.Options{}))
	for n := range len(text) {
		for bit := range 8 {
			flipped := []byte(text)
			flipped[n] ^= 1 << bit
			lines, _, err := read(t, put(t, "in.csv", string(flipped)), source.Options{})
			loud := err != nil || strings.Contains(strings.Join(lines, "\n"), "! ") || strings.Contains(strings.Join(lines, "\n"), " missing)")
			if len(lines) != whole && !loud {
				t.Errorf("bit %d of byte %d: %q", bit, n, lines)
			}
		}
	}
}

// A packed workbook is unpacked into a file that nobody can see, and if there is no folder for
// such files, beside the input.
func TestPackedWorkbookNeedsNoTemporaryFolder(t *testing.T) {
	path := put(t, "in.xlsx.gz", gzipped(t, workbook(t, map[string][][]any{"Uno": {{"a"}, {"1"}, {"2"}}})))
	for _, folder := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
			t.Setenv(variable, folder)
		}
		r, err := source.Open(path, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" { // an open file has a name there
			for _, where := range []string{folder, filepath.Dir(path)} {
				if left, err := filepath.Glob(filepath.Join(where, "wolkvox-*")); err != nil || len(left) > 0 {
					t.Errorf("%q can be seen, %v", left, err)
				}
			}
		}
		rows := 0
		for r.Next() {
			rows++
		}
		if err := errors.Join(r.Err(), r.Close()); err != nil || rows != 2 {
			t.Errorf("%d rows, %v", rows, err)
		}
	}
}
