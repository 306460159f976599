package reports

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	sheetRows = 1_048_576 // that Excel takes in a sheet, the header's among them
	cellUnits = 32_767    // that Excel takes in a cell, counted in UTF-16
)

// xlsxEncoder streams a workbook: sheets go out as they are made, and the parts that list
// them come last.
//
// It is our own because of what a report promises. Excelize, by which the tests read it, was
// measured in its place:
//
//   - Its StreamWriter lays a sheet down unpacked, 228 MB for 300,000 rows, in a file that has a
//     name: the personal data in it outlives a process that is killed.
//   - It packs the workbook in memory, which therefore grows with the rows.
//   - It can't write a control character: it makes U+FFFD of it, and escapes any _x0007_ that is
//     given to it in its place. A key with such a character would not come back.
//   - It writes 85,000 rows a second, where this encoder writes 310,000.
type xlsxEncoder struct {
	zip    *zip.Writer
	header []string
	sheets int       // so far
	sheet  io.Writer // the last of them
	rows   int       // in it
	line   []byte
}

// newXLSX begins a workbook with its first sheet.
func newXLSX(w io.Writer, header []string) (encoder, error) {
	e := &xlsxEncoder{zip: zip.NewWriter(w), header: header}
	e.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed) // packing is most of the work here
	})
	return e, e.beginSheet()
}

// row adds a row, in a new sheet if Excel would take no more in this one.
func (e *xlsxEncoder) row(cells []cell) error {
	if e.rows == sheetRows {
		if err := e.endSheet(); err != nil {
			return err
		}
		if err := e.beginSheet(); err != nil {
			return err
		}
	}
	return e.write(cells, "")
}

// close writes the parts that list the sheets: only now their number is known.
func (e *xlsxEncoder) close() error {
	if err := e.endSheet(); err != nil {
		return err
	}
	for _, p := range workbookParts(e.sheets) {
		if err := e.part(p.name, p.text); err != nil {
			return err
		}
	}
	return e.zip.Close()
}

// beginSheet begins a part of the archive with the header in bold. An archive has one open part, so
// the sheet before must have ended.
func (e *xlsxEncoder) beginSheet() (err error) {
	e.sheets++
	e.rows = 0
	if e.sheet, err = e.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", e.sheets)); err != nil {
		return err
	}
	if _, err := io.WriteString(e.sheet, sheetStart); err != nil {
		return err
	}
	var names []cell
	for _, h := range e.header {
		names = append(names, text(h))
	}
	return e.write(names, ` s="1"`)
}

// endSheet closes the sheet's elements; the next part ends its entry in the archive.
func (e *xlsxEncoder) endSheet() error {
	_, err := io.WriteString(e.sheet, sheetEnd)
	return err
}

// part adds a whole part to the archive.
func (e *xlsxEncoder) part(name, text string) error {
	w, err := e.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// write adds a row to the sheet. A text is an inline one, which nothing takes for a formula
// or a number.
func (e *xlsxEncoder) write(cells []cell, style string) error {
	e.rows++
	b := append(e.line[:0], "<row r=\""...)
	b = strconv.AppendInt(b, int64(e.rows), 10)
	b = append(b, "\">"...)
	for i, c := range cells {
		if c.kind == isEmpty || c.kind == isText && c.text == "" {
			continue
		}
		b = append(b, "<c r=\""...)
		b = appendColumn(b, i)
		b = strconv.AppendInt(b, int64(e.rows), 10)
		b = append(b, '"')
		b = append(b, style...)
		if c.kind == isNumber {
			b = append(b, "><v>"...)
			b = strconv.AppendInt(b, c.number, 10)
			b = append(b, "</v></c>"...)
			continue
		}
		b = append(b, ` t="inlineStr"><is><t xml:space="preserve">`...)
		b = appendCellText(b, c.text)
		b = append(b, "</t></is></c>"...)
	}
	e.line = append(b, "</row>"...)
	_, err := e.sheet.Write(e.line)
	return err
}

// appendCellText writes a text so that XML can carry it. What XML can't hold has a form of
// its own in spreadsheets, _x0007_, and so a text that looks like that must not. What is
// longer than a cell can be is cut: Excel calls a file with more of it damaged.
func appendCellText(b []byte, s string) []byte {
	units := 0
	for i, r := range s {
		units++
		if r > 0xFFFF {
			units++
		}
		if units > cellUnits {
			break
		}
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '\r':
			b = append(b, "&#xD;"...) // raw, an XML reader takes it for a line feed
		case r == '_' && looksEscaped(s[i:]):
			b = append(b, "_x005F_"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			b = fmt.Appendf(b, "_x%04X_", r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// looksEscaped reports whether s begins as _x0007_ does.
func looksEscaped(s string) bool {
	return len(s) >= 7 && s[1] == 'x' && s[6] == '_' && strings.Trim(s[2:6], "0123456789abcdefABCDEF") == ""
}

// appendColumn writes A for 0, Z for 25, AA for 26.
func appendColumn(b []byte, i int) []byte {
	if i >= 26 {
		b = appendColumn(b, i/26-1)
	}
	return append(b, byte('A'+i%26))
}
