package xlsx

import (
	"github.com/xuri/excelize/v2"
)

// formatCode is a number format: one that every workbook has, by its id, or one of the
// workbook's own, by its code.
type formatCode struct {
	id   int
	code string
}

// display makes the texts that a sheet shows of stored numbers. That is a language of
// its own, which excelize speaks: a number is put into a workbook of excelize's with
// the style that it has here, and read from there.
//
// It is for comparing with texts that a person has copied from the screen. No cell of a case is made
// by it, so a mistake of excelize's can't get into one.
type display struct {
	codes  []formatCode // of the book, by the number of a cell's style
	book   *excelize.File
	styles map[int]int // of ours, in that workbook
	shown  map[stored]string
}

// stored is a number as the sheet has it. The same number is shown differently by each style.
type stored struct {
	style int
	value string
}

// maxShown bounds the texts that are remembered. Few formats show many values.
const maxShown = 50_000

// close frees the workbook that formats. Most readers never needed one.
func (d *display) close() {
	if d.book != nil {
		d.book.Close()
	}
}

// text is what the sheet shows of a stored number. What can't be formatted is shown as
// it is stored.
func (d *display) text(style int, value string, date1904 bool) string {
	if style >= len(d.codes) || d.codes[style].id == 0 {
		return value
	}
	key := stored{style, value}
	if text, ok := d.shown[key]; ok {
		return text
	}
	text, err := d.format(style, value, date1904)
	if err != nil {
		return value
	}
	// All are dropped at once: to drop the oldest would cost each text more than to make it again.
	if d.shown == nil || len(d.shown) >= maxShown {
		d.shown = map[stored]string{}
	}
	d.shown[key] = text
	return text
}

// format has excelize show the number. The workbook for that is made once, and its styles as they
// are met: to make either is slower than to read a row.
func (d *display) format(style int, value string, date1904 bool) (string, error) {
	const sheet, cell = "Sheet1", "A1"
	if d.book == nil {
		d.book, d.styles = excelize.NewFile(), map[int]int{}
		if err := d.book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}); err != nil {
			return "", err
		}
	}
	id, ok := d.styles[style]
	if !ok {
		code, err := d.codes[style], error(nil)
		s := &excelize.Style{NumFmt: code.id}
		if code.code != "" {
			s = &excelize.Style{CustomNumFmt: &code.code}
		}
		if id, err = d.book.NewStyle(s); err != nil {
			return "", err
		}
		d.styles[style] = id
	}
	if err := d.book.SetCellDefault(sheet, cell, value); err != nil {
		return "", err
	}
	if err := d.book.SetCellStyle(sheet, cell, cell, id); err != nil {
		return "", err
	}
	return d.book.GetCellValue(sheet, cell)
}
