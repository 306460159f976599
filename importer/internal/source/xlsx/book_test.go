package xlsx_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source/xlsx"
)

func open(t testing.TB, data []byte) *xlsx.Book {
	t.Helper()
	book, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(book.Close)
	return book
}

// entries makes an archive of parts in their order, names as they are given.
func entries(t testing.TB, parts ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err == nil {
			_, err = w.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	bookOf = `<workbook ` + main + ` xmlns:r="` + office + `"><sheets>%s</sheets></workbook>`
	oneRow = `<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>`
)

func relations(list ...string) string {
	var b strings.Builder
	for i := 0; i+2 < len(list); i += 3 {
		fmt.Fprintf(&b, `<Relationship Id="%s" Type="%s/%s" Target="%s"/>`, list[i], office, list[i+1], list[i+2])
	}
	return "<Relationships>" + b.String() + "</Relationships>"
}

// Programs write the paths within an archive in many ways; all lead to the same parts.
func TestPathsWithinTheArchive(t *testing.T) {
	book := fmt.Sprintf(bookOf, `<sheet name="T" sheetId="1" r:id="rId1"/>`)
	for name, parts := range map[string][]string{
		"relative": {"_rels/.rels", relations("a", "officeDocument", "xl/workbook.xml"), "xl/workbook.xml", book,
			"xl/_rels/workbook.xml.rels", relations("rId1", "worksheet", "worksheets/s.xml"), "xl/worksheets/s.xml", oneRow},
		"absolute": {"_rels/.rels", relations("a", "officeDocument", "/xl/workbook.xml"), "xl/workbook.xml", book,
			"xl/_rels/workbook.xml.rels", relations("rId1", "worksheet", "/xl/worksheets/s.xml"), "xl/worksheets/s.xml", oneRow},
		"up and down": {"_rels/.rels", relations("a", "officeDocument", "xl/workbook.xml"), "xl/workbook.xml", book,
			"xl/_rels/workbook.xml.rels", relations("rId1", "worksheet", "../xl/./worksheets/s.xml"), "xl/worksheets/s.xml", oneRow},
		"backslashes": {`_rels\.rels`, relations("a", "officeDocument", `xl\workbook.xml`), `xl\workbook.xml`, book,
			`xl\_rels\workbook.xml.rels`, relations("rId1", "worksheet", `worksheets\s.xml`), `xl\worksheets\s.xml`, oneRow},
		"capitals": {"_rels/.rels", relations("a", "officeDocument", "xl/Workbook.xml"), "XL/workbook.XML", book,
			"xl/_rels/Workbook.xml.rels", relations("rId1", "worksheet", "Worksheets/S.xml"), "xl/worksheets/s.xml", oneRow},
		"at the root": {"_rels/.rels", relations("a", "officeDocument", "workbook.xml"), "workbook.xml", book,
			"_rels/workbook.xml.rels", relations("rId1", "worksheet", "s.xml"), "s.xml", oneRow},
	} {
		t.Run(name, func(t *testing.T) { equal(t, rows(t, entries(t, parts...)), []string{"1: 1"}) })
	}
}

func TestArchivesThatAreNoSoundWorkbook(t *testing.T) {
	root := relations("a", "officeDocument", "xl/workbook.xml")
	sheets := relations("rId1", "worksheet", "s.xml")
	for name, c := range map[string]struct {
		parts []string
		want  string
	}{
		"no relations":  {[]string{"xl/workbook.xml", fmt.Sprintf(bookOf, "")}, "_rels/.rels: it is missing"},
		"two workbooks": {[]string{"_rels/.rels", relations("a", "officeDocument", "x", "b", "officeDocument", "y")}, "without a workbook"},
		"a workbook that is elsewhere": {[]string{"_rels/.rels", `<Relationships><Relationship Id="a" TargetMode="External" Type="` +
			office + `/officeDocument" Target="http://x/y"/></Relationships>`}, "without a workbook"},
		"a part twice": {[]string{"_rels/.rels", root, "xl/workbook.xml", "<a/>", "XL/Workbook.xml", "<a/>"}, "twice in the archive"},
		"a sheet without a part": {[]string{"_rels/.rels", root, "xl/_rels/workbook.xml.rels", sheets, "xl/workbook.xml",
			fmt.Sprintf(bookOf, `<sheet name="Otra" sheetId="1" r:id="rId9"/>`)}, `the sheet "Otra" is in no part`},
		"nothing in it": {nil, "_rels/.rels: it is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			data := entries(t, c.parts...)
			_, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), 0)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := xlsx.Open(strings.NewReader("PK nothing"), 10, 0); err == nil || !strings.Contains(err.Error(), "damaged or cut short") {
		t.Errorf("what is no archive: %v", err)
	}
}

// Little that unpacks to very much is an attack, long before memory is full.
func TestArchiveThatUnpacksToFarTooMuch(t *testing.T) {
	row := `<row><c><v>1</v></c></row>`
	data := sheet(t, row+strings.Repeat(" ", 101<<20))
	book := open(t, data)
	if _, err := book.Check(book.Sheets[0]); err == nil || !strings.Contains(err.Error(), "which no real table does") {
		t.Errorf("got %v", err)
	}
}

// The check counts what the rows are going to be, and tells those that only have blanks.
func TestCheckCountsWhatRowsRead(t *testing.T) {
	name, part := texts(`<si><t>uno</t></si>`, `<si><t xml:space="preserve"> </t></si>`, `<si><t></t></si>`)
	cell := func(text string) string {
		return `<c t="inlineStr"><is><t xml:space="preserve">` + text + `</t></is></c>`
	}
	for name_, c := range map[string]struct {
		rows string
		want xlsx.Check
	}{
		"nothing":                  {``, xlsx.Check{}},
		"empty rows":               {`<row/><row><c/></row><row><c t="s"><v>2</v></c></row>`, xlsx.Check{}},
		"texts":                    {`<row>` + cell("a") + `</row><row>` + cell("b") + `</row>`, xlsx.Check{Rows: 2, First: 1}},
		"shared texts":             {`<row r="4"><c t="s"><v>0</v></c></row>`, xlsx.Check{Rows: 1, First: 4}},
		"a blank":                  {`<row>` + cell(" \n\t") + `</row>`, xlsx.Check{Rows: 1, Blank: 1, First: 1}},
		"a shared blank":           {`<row><c t="s"><v>1</v></c></row>`, xlsx.Check{Rows: 1, Blank: 1, First: 1}},
		"a blank that is no ASCII": {`<row>` + cell("\u00a0\u2003") + `</row>`, xlsx.Check{Rows: 1, Blank: 1, First: 1}},
		"a text behind a blank":    {`<row>` + cell(" ") + cell("x") + `</row>`, xlsx.Check{Rows: 1, First: 1}},
		"a blank behind a text":    {`<row>` + cell("x") + cell(" ") + `</row>`, xlsx.Check{Rows: 1, First: 1}},
		"an error among blanks":    {`<row>` + cell(" ") + `<c t="e"><v>#N/A</v></c></row>`, xlsx.Check{Rows: 1, First: 1}},
		"a formula without result": {`<row><c><f>A2</f></c></row>`, xlsx.Check{Rows: 1, First: 1}},
		"a number":                 {`<row><c><v>0</v></c></row>`, xlsx.Check{Rows: 1, First: 1}},
		"hidden rows":              {`<row hidden="1">` + cell("a") + `</row><row hidden="true"/>`, xlsx.Check{Rows: 1, First: 1, Hidden: 2}},
		"marks of one row only":    {`<row>` + cell("a") + `</row><row>` + cell(" ") + `</row>`, xlsx.Check{Rows: 2, Blank: 1, First: 1}},
	} {
		t.Run(name_, func(t *testing.T) {
			book := open(t, sheet(t, c.rows, name, part))
			if got, err := book.Check(book.Sheets[0]); got != c.want || err != nil {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

// Several goroutines may read the sheets of a book, each by Rows of its own.
func TestSheetsAreReadAtOnce(t *testing.T) {
	name, part := texts(`<si><t>uno</t></si>`, `<si><t>dos</t></si>`)
	style, xfs := styles(`<cellXfs><xf numFmtId="0"/><xf numFmtId="4"/></cellXfs>`)
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, `<row><c t="s"><v>%d</v></c><c s="1"><v>%d</v></c></row>`, i%2, i*1000)
	}
	book := open(t, sheet(t, b.String(), name, part, style, xfs))
	last := make(chan string)
	const readers = 4
	for range readers {
		go func() {
			r, err := book.Rows(book.Sheets[0])
			if err != nil {
				last <- err.Error()
				return
			}
			defer r.Close()
			r.Show([]int{1})
			text := ""
			for r.Next() {
				text = fmt.Sprint(r.Number(), r.Cells(), r.Shown(1))
			}
			last <- fmt.Sprint(text, r.Err())
		}()
	}
	for range readers {
		if got := <-last; got != "300 [dos 299000]299,000.00<nil>" {
			t.Errorf("got %s", got)
		}
	}
}

// Who leaves in the middle leaves nothing behind: the goroutine that unpacks ends (see TestMain).
func TestRowsMayBeClosedInTheMiddle(t *testing.T) {
	book := open(t, sheet(t, strings.Repeat(`<row><c><v>1</v></c></row>`, 100_000)))
	for range 3 {
		r, err := book.Rows(book.Sheets[0])
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if !r.Next() {
				t.Error(r.Err())
			}
		}
		r.Close()
		r.Close() // as a deferred one may
	}
}

func TestCellsOutliveTheRow(t *testing.T) {
	name, part := texts(`<si><t>uno</t></si>`)
	book := open(t, sheet(t, `<row><c t="s"><v>0</v></c><c><v>1</v></c></row><row><c><v>2</v></c></row>`, name, part))
	r, err := book.Rows(book.Sheets[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var kept []string
	for r.Next() {
		kept = append(kept, r.Cells()...)
	}
	equal(t, kept, []string{"uno", "1", "2"})
}

// What a sheet shows is asked for apart from what it stores.
func TestShownTexts(t *testing.T) {
	for _, c := range []struct{ id, code, value, stored, shown string }{
		{"4", "", "1234.567", "1234.567", "1,234.57"},
		{"14", "", "45322", "2024-01-31", "01-31-24"},
		{"164", "dd/mm/yyyy", "45322", "2024-01-31", "31/01/2024"},
		{"164", "dd/mm/yyyy hh:mm", "45322.5", "2024-01-31 12:00:00", "31/01/2024 12:00"},
		{"164", "00000", "12", "00012", "00012"},
		{"9", "", "0.125", "12.5%", "13%"},
		{"0", "", "12.50", "12.50", "12.50"},
	} {
		t.Run(c.id+c.code+"/"+c.value, func(t *testing.T) {
			format := ""
			if c.code != "" {
				format = `<numFmts><numFmt numFmtId="` + c.id + `" formatCode="` + c.code + `"/></numFmts>`
			}
			style, xfs := styles(format + `<cellXfs><xf numFmtId="0"/><xf numFmtId="` + c.id + `"/></cellXfs>`)
			cell := `<c s="1"><v>` + c.value + `</v></c>`
			book := open(t, sheet(t, `<row>`+cell+cell+`<c t="str"><v>texto</v></c></row>`, style, xfs))
			r, err := book.Rows(book.Sheets[0])
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			r.Show([]int{0, 2, 7})
			if !r.Next() {
				t.Fatal(r.Err())
			}
			got := []string{r.Cells()[0], r.Shown(0), r.Shown(1), r.Shown(2), r.Shown(7)}
			equal(t, got, []string{c.stored, c.shown, c.stored, "texto", ""})
		})
	}
}

// Shown texts are those of the row: the next one doesn't have them.
func TestShownTextIsNotThatOfTheRowBefore(t *testing.T) {
	style, xfs := styles(`<cellXfs><xf numFmtId="0"/><xf numFmtId="4"/></cellXfs>`)
	book := open(t, sheet(t, `<row><c s="1"><v>1</v></c></row><row><c t="str"><v>x</v></c></row><row><c/><c><v>2</v></c></row>`, style, xfs))
	r, err := book.Rows(book.Sheets[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.Show([]int{0})
	var shown []string
	for r.Next() {
		shown = append(shown, r.Shown(0))
	}
	equal(t, shown, []string{"1.00", "x", ""})
}
