package reports

import (
	"fmt"
	"strings"
)

// The parts of a workbook that don't depend on its cells: the least that spreadsheet
// programs open without a complaint.
const (
	xmlStart = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

	xmlns    = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	packages = "http://schemas.openxmlformats.org/package/2006/"
	office   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	types    = "application/vnd.openxmlformats-officedocument.spreadsheetml."

	sheetType = types + "worksheet+xml"

	// The first row stays in view.
	sheetStart = xmlStart + `<worksheet ` + xmlns + `><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`
	sheetEnd = `</sheetData></worksheet>`

	// Style 0 is plain, style 1 is bold.
	styles = xmlStart + `<styleSheet ` + xmlns + `>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>` +
		`<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill>` +
		`<fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

	rootRels = xmlStart + `<Relationships xmlns="` + packages + `relationships">` +
		`<Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
)

// A part is a file within the workbook's archive.
type part struct{ name, text string }

// workbookParts ties so many sheets together.
func workbookParts(sheets int) []part {
	var list, rels, overrides strings.Builder
	for n := 1; n <= sheets; n++ {
		fmt.Fprintf(&list, `<sheet name="results %d" sheetId="%d" r:id="rId%d"/>`, n, n, n)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="`+office+
			`/worksheet" Target="worksheets/sheet%d.xml"/>`, n, n)
		fmt.Fprintf(&overrides, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="`+sheetType+`"/>`, n)
	}
	fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="`+office+`/styles" Target="styles.xml"/>`, sheets+1)

	return []part{
		{"xl/styles.xml", styles},
		{"xl/workbook.xml", xmlStart + `<workbook ` + xmlns + ` xmlns:r="` + office + `"><sheets>` +
			list.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlStart + `<Relationships xmlns="` + packages + `relationships">` +
			rels.String() + `</Relationships>`},
		{"_rels/.rels", rootRels},
		{"[Content_Types].xml", xmlStart + `<Types xmlns="` + packages + `content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + types + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + types + `styles+xml"/>` +
			overrides.String() + `</Types>`},
	}
}
