package xlsx_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source/xlsx"
)

func TestCells(t *testing.T) {
	table, strs := texts(`<si><t>uno</t></si>`,
		`<si><r><t xml:space="preserve">dos </t></r><r><rPr><b/></rPr><t>negrita</t></r><rPh sb="0" eb="1"><t>pronunciado</t></rPh><phoneticPr fontId="1"/></si>`,
		`<si><t>a &amp; b &lt;c&gt; &quot;d&quot; &apos;e&apos; &#241;&#xF1;&#x1F600;</t></si>`,
		`<si><t xml:space="preserve"> con blancos </t></si>`, `<si><t>línea 1
línea 2</t></si>`, `<si><t>a_x000D__x000A_b_x005F_x000D_c_xZZZZ_d_x00_</t></si>`, `<si/>`, `<si><t/></si>`, `<si><t><![CDATA[<b>&amp;</b>]]></t></si>`)
	for name, c := range map[string]struct{ cells, want string }{
		"shared text":                    {`<c r="A1" t="s"><v>0</v></c>`, "uno"},
		"rich text without its reading":  {`<c r="A1" t="s"><v>1</v></c>`, "dos negrita"},
		"entities":                       {`<c r="A1" t="s"><v>2</v></c>`, `a & b <c> "d" 'e' ññ😀`},
		"blanks at the ends":             {`<c r="A1" t="s"><v>3</v></c>`, " con blancos "},
		"line break":                     {`<c r="A1" t="s"><v>4</v></c>`, "línea 1\nlínea 2"},
		"escapes":                        {`<c r="A1" t="s"><v>5</v></c>`, "a\r\nb_x000D_c_xZZZZ_d_x00_"},
		"CDATA":                          {`<c r="A1" t="s"><v>8</v></c>`, "<b>&amp;</b>"},
		"empty shared texts":             {`<c r="A1" t="s"><v>6</v></c><c r="B1" t="s"><v>7</v></c><c r="C1"><v>1</v></c>`, "||1"},
		"inline text":                    {`<c r="A1" t="inlineStr"><is><t>en </t><r><t>línea</t></r></is></c>`, "en línea"},
		"inline text with an escape":     {`<c r="A1" t="inlineStr"><is><t>a_x0009_b</t></is></c>`, "a\tb"},
		"half an escaped character":      {`<c r="A1" t="inlineStr"><is><t>_xD83D__xDE00_ _xD83D_</t></is></c>`, "😀 _xD83D_"},
		"result of a formula":            {`<c r="A1" t="str"><f>A2&amp;"x"</f><v>juntos</v></c>`, "juntos"},
		"number of a formula":            {`<c r="A1"><f>1+1</f><v>2</v></c>`, "2"},
		"empty result of a formula":      {`<c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c>`, "|1"},
		"booleans":                       {`<c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c>`, "TRUE|FALSE"},
		"ISO date":                       {`<c r="A1" t="d"><v>2024-01-31T10:20:30Z</v></c><c r="B1" t="d"><v>2024-01-31</v></c><c r="C1" t="d"><v>2024-01-31T00:00:00</v></c>`, "2024-01-31 10:20:30|2024-01-31|2024-01-31"},
		"long number":                    {`<c r="A1"><v>202500012345</v></c>`, "202500012345"},
		"scientific number":              {`<c r="A1"><v>2.02500012345E11</v></c><c r="B1"><v>1.5e-7</v></c><c r="C1"><v>-1.20E+2</v></c>`, "202500012345|0.00000015|-120"},
		"all digits of a number":         {`<c r="A1"><v>0.30000000000000004</v></c><c r="B1"><v>12345678901234567890</v></c>`, "0.30000000000000004|12345678901234567890"},
		"sparse cells":                   {`<c r="B1"><v>1</v></c><c r="AB1"><v>2</v></c>`, "|1" + strings.Repeat("|", 26) + "2"},
		"cells without references":       {`<c><v>1</v></c><c t="s"><v>0</v></c><c r="E1"><v>3</v></c><c><v>4</v></c>`, "1|uno|||3|4"},
		"self-closing cells":             {`<c r="A1" s="0"/><c r="B1"/><c r="C1"><v>1</v></c>`, "||1"},
		"prefixes":                       {`<x:c r="A1" xmlns:x="y"><x:v>5</x:v></x:c>`, "5"},
		"comments and instructions":      {`<c r="A1"><!-- <v>9</v> --><v><?pi <v>?>7</v></c>`, "7"},
		"other attributes, other quotes": {`<c t='s' ph = "1" r='A1' cm="1"><v>0</v></c>`, "uno"},
		"unknown elements":               {`<c r="A1"><v>1</v><extLst><ext><v>9</v></ext></extLst></c>`, "1"},
		"a value in CDATA":               {`<c r="A1" t="str"><v><![CDATA[a<b]]></v></c>`, "a<b"},
		"error in a cell":                {`<c r="A1" t="e"><v>#N/A</v></c><c r="B1"><v>1</v></c>`, "#N/A|1 !A the error #N/A"},
		"formula with an empty result":   {`<c r="A1"><v>1</v></c><c r="B1"><f>NOW()</f><v></v></c>`, "1 !B a formula without its result; open the file in the spreadsheet program and save it there"},
		"formula without a result":       {`<c r="A1"><v>1</v></c><c r="B1"><f>NOW()</f></c>`, "1 !B a formula without its result; open the file in the spreadsheet program and save it there"},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, rows(t, sheet(t, `<row r="1">`+c.cells+`</row>`, table, strs)), []string{"1: " + c.want})
		})
	}
}

func TestNumberFormats(t *testing.T) {
	for _, c := range []struct{ id, code, value, want string }{
		{"14", "", "45322", "2024-01-31"},
		{"22", "", "45322.430902777778", "2024-01-31 10:20:30"},
		{"20", "", "0.5", "12:00:00"},
		{"46", "", "1.5", "36:00:00"},
		{"164", "dd/mm/yyyy", "45322", "2024-01-31"},
		{"164", `[$-C0A]d" de "mmmm" de "yyyy`, "45322", "2024-01-31"},
		{"164", "yyyy\\-mm\\-dd;@", "45322", "2024-01-31"},
		{"164", "[h]:mm:ss", "2.25", "54:00:00"},
		{"164", "dd/mm/yyyy hh:mm", "45322.99999999999", "2024-02-01"},
		{"164", "dd/mm/yyyy", "1", "1900-01-01"},
		{"164", "dd/mm/yyyy", "59", "1900-02-28"},
		{"164", "dd/mm/yyyy", "60", "60"}, // a day that never was
		{"164", "dd/mm/yyyy", "61", "1900-03-01"},
		{"164", "dd/mm/yyyy", "2958465", "9999-12-31"},
		{"164", "dd/mm/yyyy", "2958466", "2958466"},
		{"164", "dd/mm/yyyy", "-1", "-1"},
		{"164", "dd/mm/yyyy", "text", "text"},
		{"164", "00000", "123", "00123"},
		{"164", "00000", "1234567", "1234567"},
		{"164", "00000", "-12", "-00012"},
		{"164", "00000", "12.5", "00012.5"},
		{"164", "00000", "1.2E2", "00120"},
		{"9", "", "0.125", "12.5%"},
		{"10", "", "1", "100%"},
		{"164", "0.0%", "-1.5E-3", "-0.15%"},
		{"164", "0", "12", "12"},
		{"164", "#,##0.00", "1234.5", "1234.5"},
		{"164", `"día "0`, "3", "3"},
		{"164", `0\d`, "3", "3"},
		{"164", "[Red]0.00", "3", "3"},
		{"164", "General", "3", "3"},
		{"164", "0.00E+00", "202500012345", "202500012345"},
		{"2", "", "1.005", "1.005"},
		{"49", "", "007", "007"},
	} {
		t.Run(c.code+c.id+"/"+c.value, func(t *testing.T) {
			format := ""
			if c.code != "" {
				format = `<numFmts count="1"><numFmt numFmtId="` + c.id + `" formatCode="` + strings.ReplaceAll(c.code, `"`, "&quot;") + `"/></numFmts>`
			}
			name, part := styles(format + `<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="` + c.id + `"/></cellXfs><cellStyles/>`)
			equal(t, rows(t, sheet(t, `<row r="1"><c r="A1" s="1"><v>`+c.value+`</v></c></row>`, name, part)), []string{"1: " + c.want})
		})
	}
}

func TestWorkbookOf1904(t *testing.T) {
	name, part := styles(`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>`)
	book := `<workbook ` + main + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><workbookPr date1904="1"/><sheets><sheet name="T" sheetId="1" r:id="rId1"/></sheets></workbook>`
	equal(t, rows(t, sheet(t, `<row r="1"><c r="A1" s="1"><v>43860</v></c><c r="B1" s="1"><v>0</v></c></row>`, name, part, "xl/workbook.xml", book)), []string{"1: 2024-01-31|1904-01-01"})
}

func TestRows(t *testing.T) {
	cell := func(ref string) string { return `<c r="` + ref + `"><v>1</v></c>` }
	for name, c := range map[string]struct {
		rows string
		want []string
	}{
		"sparse rows":             {`<row r="2">` + cell("A2") + `</row><row r="1048576">` + cell("XFD1048576") + `</row>`, []string{"2: 1", "1048576: " + strings.Repeat("|", 16383) + "1"}},
		"rows without numbers":    {`<row>` + `<c><v>1</v></c>` + `</row><row r="5"/><row><c><v>2</v></c></row>`, []string{"1: 1", "6: 2"}},
		"empty rows":              {`<row r="1"/><row r="2"><c r="A2" s="0"/></row><row r="3">` + cell("B3") + `</row>`, []string{"3: |1"}},
		"hidden rows":             {`<row r="1" hidden="1">` + cell("A1") + `</row>`, []string{"1: 1"}},
		"no rows":                 {``, nil},
		"text between the rows":   {"\n  <row r=\"1\">\n " + cell("A1") + "\n</row>\n", []string{"1: 1"}},
		"rows of something else":  {`<row r="1">` + cell("A1") + `</row></sheetData><extLst><ext><sheetData><row r="9">` + cell("A9") + `</row></sheetData></ext></extLst><sheetData>`, []string{"1: 1"}},
		"a row of only a flaw":    {`<row r="4"><c r="C4" t="e"><v>#REF!</v></c></row>`, []string{"4: ||#REF! !C the error #REF!"}},
		"rows of merged cells":    {`<row r="1">` + cell("A1") + `<c r="B1"/></row></sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells><sheetData>`, []string{"1: 1"}},
		"a row of an empty value": {`<row r="1"><c r="A1"><v></v></c><c r="B1"><v/></c></row>`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, rows(t, sheet(t, c.rows)), c.want)
		})
	}
}

// What a reader could stumble over must be an error, and one that tells where.
func TestDamage(t *testing.T) {
	const good = `<row r="1"><c r="A1"><v>1</v></c></row>`
	for name, c := range map[string]struct{ rows, want string }{
		"a control character":       {good + "\x01", `sheet "Tickets": it is damaged`},
		"a zero byte":               {`<row r="2"><c r="A2" t="str"><v>a` + "\x00" + `b</v></c></row>`, "byte 0x00, which XML forbids"},
		"a byte that is not UTF-8":  {`<row r="2"><c r="A2" t="str"><v>a` + "\xf3" + `b</v></c></row>`, "byte 0xF3, which is not UTF-8"},
		"an undeclared entity":      {good + `<row r="2"><c r="A2" t="str"><v>a&nbsp;b</v></c></row>`, "row 2 or behind it: column A: the undeclared entity &nbsp;"},
		"a lone ampersand":          {`<row r="2"><c r="A2" t="str"><v>a & b</v></c></row>`, "& that begins no entity"},
		"a number of no character":  {`<row r="2"><c r="A2" t="str"><v>&#0;</v></c></row>`, "no character of XML"},
		"a surrogate's number":      {`<row r="2"><c r="A2" t="str"><v>&#xD800;</v></c></row>`, "no character of XML"},
		"the wrong end tag":         {good + `<row r="2"><c r="A2"><v>1</c></v></row>`, "</c> where </v> belongs"},
		"a lone end tag":            {good + `</row>`, "</row> where </sheetData> belongs"},
		"a second root":             {good + `</sheetData></worksheet><worksheet><sheetData>`, "a second root element"},
		"text behind the root":      {good + `</sheetData></worksheet>more<worksheet><sheetData>`, "text outside the root element"},
		"an attribute twice":        {`<row r="1" r="2"/>`, "the attribute r twice"},
		"an attribute unquoted":     {`<row r=1/>`, "without quotes"},
		"an attribute unvalued":     {`<row hidden/>`, "an attribute without a value"},
		"attributes not separated":  {`<row r="1"spans="1:2"/>`, "no blank before an attribute"},
		"a tag in an attribute":     {`<row r="<"/>`, "< within an attribute"},
		"an entity in an attribute": {`<row r="1" ht="&x;"/>`, "undeclared entity"},
		"]]> in a text":             {`<row r="2"><c r="A2" t="str"><v>]]></v></c></row>`, "]]> in a text"},
		"a declaration":             {`<!ELEMENT x>`, "a declaration that is not XML"},
		"rows in disorder":          {`<row r="5">` + `</row><row r="5"/>`, "row 5 comes after row 5"},
		"a row number of letters":   {`<row r="x"/>`, `the row number "x"`},
		"a row too far down":        {`<row r="1048577"/>`, `the row number "1048577"`},
		"cells in disorder":         {`<row r="1"><c r="B1"/><c r="A1"/></row>`, "the cell A1 comes after column B"},
		"a cell of another row":     {`<row r="1"><c r="A2"/></row>`, "the cell A2 in row 1"},
		"a cell too far right":      {`<row r="1"><c r="XFE1"/></row>`, "behind the last column"},
		"a cell without letters":    {`<row r="1"><c r="11"/></row>`, "the cell reference"},
		"a cell without a number":   {`<row r="1"><c r="A"/></row>`, "the cell reference"},
		"a shared text too many":    {`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, "the shared text 0, where there are 0"},
		"a shared text of letters":  {`<row r="1"><c r="A1" t="s"><v>x</v></c></row>`, "no number of one"},
		"a style too many":          {`<row r="1"><c r="A1" s="4"><v>1</v></c></row>`, `the style "4"`},
		"an unknown type":           {`<row r="1"><c r="A1" t="z"><v>1</v></c></row>`, "unknown type"},
		"two values":                {`<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>`, "two values"},
		"a cell too long":           {`<row r="1"><c r="A1" t="str"><v>` + strings.Repeat("ñ", 32768) + `</v></c></row>`, "32767 characters"},
		"elements without end":      {strings.Repeat("<a>", 300), "elements in one another"},
		"a tag without end":         {`<row r="1" ` + strings.Repeat(" ", 2<<20), "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, sheet(t, c.rows))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q in one line", err, c.want)
			}
		})
	}
}

func TestDamageOutsideTheSheet(t *testing.T) {
	const row = `<row r="1"><c r="A1"><v>1</v></c></row>`
	for name, c := range map[string]struct{ part, text, want string }{
		"DOCTYPE":                {"xl/worksheets/sheet1.xml", `<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>`, "a DOCTYPE"},
		"another encoding":       {"xl/worksheets/sheet1.xml", `<?xml version="1.0" encoding="ISO-8859-1"?><worksheet/>`, "the encoding ISO-8859-1"},
		"an empty part":          {"xl/worksheets/sheet1.xml", ` `, "no XML element"},
		"a part cut short":       {"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row>`, "the text ends inside <sheetData>"},
		"a tag cut short":        {"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"`, "the text ends in the middle"},
		"shared texts cut short": {"xl/sharedStrings.xml", `<sst><si><t>a</t></si><si><t>b`, "text 1: the text ends"},
		"a shared text too long": {"xl/sharedStrings.xml", `<sst><si><t>` + strings.Repeat("a", 32768) + `</t></si></sst>`, "32767 characters"},
		"damaged styles":         {"xl/styles.xml", `<styleSheet><cellXfs></styleSheet>`, "xl/styles.xml: </styleSheet> where"},
		"a damaged workbook":     {"xl/workbook.xml", `<workbook`, "xl/workbook.xml: the text ends"},
		"no sheet":               {"xl/worksheets/sheet1.xml", ``, "it is missing in the archive"},
		"no workbook":            {"_rels/.rels", `<Relationships/>`, "without a workbook"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, sheet(t, row, c.part, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDamagedSheetNamesTheRow(t *testing.T) {
	var b strings.Builder
	for i := 1; i <= 5000; i++ {
		if i == 3000 {
			b.WriteString("<oops")
		}
		fmt.Fprintf(&b, `<row r="%d"><c r="A%d"><v>%d</v></c></row>`, i, i, i)
	}
	lines, err := read(t, sheet(t, b.String()))
	damage, ok := errors.AsType[*xlsx.Error](err)
	if !ok || damage.Sheet != "Tickets" || damage.Row != 2999 || len(lines) != 2999 {
		t.Errorf("%d rows, then %v", len(lines), err)
	}
}

func TestSheetsAndTheirState(t *testing.T) {
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	data := sheet(t, "", "xl/workbook.xml", `<workbook `+main+` xmlns:r="`+rel+`"><sheets><sheet name="A &amp; B" sheetId="1" r:id="rId1"/><sheet name="Oculta" state="veryHidden" sheetId="2" r:id="rId4"/><sheet name="Gráfico" sheetId="3" r:id="rId5"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="`+rel+`/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId4" Type="`+rel+`/worksheet" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="rId5" Type="`+rel+`/chartsheet" Target="chartsheets/sheet1.xml"/></Relationships>`)
	book, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if len(book.Sheets) != 2 || book.Sheets[0].Name != "A & B" || book.Sheets[0].Hidden || !book.Sheets[1].Hidden {
		t.Errorf("%+v", book.Sheets)
	}
}

func TestUnpackedSizeIsBounded(t *testing.T) {
	data := sheet(t, `<row r="1"><c r="A1"><v>1</v></c></row>`+strings.Repeat(" ", 1<<20))
	book, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if _, err := book.Check(book.Sheets[0]); err == nil || !strings.Contains(err.Error(), "more than the 1048576 that are allowed") {
		t.Errorf("got %v", err)
	}
}

func TestCellAtTheFarEndCostsNothing(t *testing.T) {
	data := sheet(t, `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`)
	allocs := testing.AllocsPerRun(1, func() { rows(t, data) })
	if allocs > 2000 {
		t.Errorf("%v allocations", allocs)
	}
}

// A table that doesn't fit into memory goes on in a temporary file.
func TestManySharedTextsSpill(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	text := strings.Repeat("x", 1000)
	const count = 60_000
	var strs, cells strings.Builder
	for i := range count {
		fmt.Fprintf(&strs, "<si><t>%d %s</t></si>", i, text)
		fmt.Fprintf(&cells, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c></row>`, i+1, i+1, count-1-i)
	}
	name, part := texts(strs.String())
	for i, line := range rows(t, sheet(t, cells.String(), name, part)) {
		if want := fmt.Sprintf("%d: %d %s", i+1, count-1-i, text); line != want {
			t.Fatalf("got %.30q, want %.30q", line, want)
		}
	}
}

// Each piece of the feed may end anywhere within a tag, a text or a character.
func TestTokensAcrossPieces(t *testing.T) {
	for shift := range 64 {
		var b strings.Builder
		b.WriteString(strings.Repeat(" ", 128<<10-300-shift))
		var want []string
		for i := 1; i <= 20; i++ {
			fmt.Fprintf(&b, `<row r="%d" spans="1:2"><c r="A%d" t="inlineStr"><is><t>señal 😀 &amp; niño</t></is></c><c r="B%d"><v>%d</v></c></row>`, i, i, i, i)
			want = append(want, fmt.Sprintf("%d: señal 😀 & niño|%d", i, i))
		}
		equal(t, rows(t, sheet(t, b.String())), want)
	}
}
