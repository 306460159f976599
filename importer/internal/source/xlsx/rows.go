package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// The bounds of a sheet, as Excel has them.
const (
	maxColumns = 16384
	maxRows    = 1048576
)

// Flaw is a cell without a value: its text is what stands in the place of one.
type Flaw struct {
	Column int    // from 0
	What   string // what is wrong with it
}

// Rows reads a sheet, a row at a time.
//
// It is not safe for concurrent use. It owns its part of the archive until Close, and needs the book
// to stay open.
type Rows struct {
	// Hidden counts the rows so far that the sheet doesn't show.
	Hidden int

	book *Book
	name string
	lex  *lexer
	dry  bool // cells are checked and counted, and their texts are not made
	err  error

	inData bool // the lexer is inside <sheetData>
	number int  // of the row
	last   int  // column of its last cell, from 0; -1 before the first
	cells  []string
	flaws  []Flaw
	show   map[int]bool   // columns whose shown texts are wanted too
	shown  map[int]string // of the row, where they differ
	texts  display        // what makes them
	filled bool           // some cell of it has a text
	marked bool           // and one that is not all white space; known of a dry reading only
	text   []byte         // of the row's cells that are no shared texts, made into one string
	spans  []span
}

// span tells which piece of the row's text is a cell's.
// The spans wait until the row's end, so that one string holds all of them: a string for each cell
// would be a dozen allocations a row.
type span struct{ column, from, to int }

// Error is what keeps a sheet from being read to its end.
type Error struct {
	Sheet string
	Row   int // where it is, or the last one before it; 0 above the first
	Err   error
}

// Error is the whole of it, in one line.
func (e *Error) Error() string { return fmt.Sprintf("sheet %q: %s", e.Sheet, e.Reason()) }

// Reason is the error without the name of the sheet.
func (e *Error) Reason() string {
	if e.Row == 0 {
		return fmt.Sprintf("it is damaged before its first row: %v", e.Err)
	}
	return fmt.Sprintf("it is damaged in row %d or behind it: %v", e.Row, e.Err)
}

// Unwrap is what was wrong, without the place.
func (e *Error) Unwrap() error { return e.Err }

// Scans counts how often this process has begun to read a sheet, by Rows or by Check. A
// sheet of a million rows takes seconds: tests hold a program against what it should read.
var Scans atomic.Int64

// Rows begins to read a sheet.
func (b *Book) Rows(s Sheet) (*Rows, error) {
	r := &Rows{book: b, name: s.Name, texts: display{codes: b.codes}}
	Scans.Add(1)
	var err error
	if r.lex, err = b.lexer(s.part); err != nil {
		return nil, &Error{Sheet: s.Name, Err: err}
	}
	return r, nil
}

// Check is what is known of a sheet once it has been read to its end.
type Check struct {
	Rows   int // that have a cell with a text, or with a flaw
	Blank  int // of Rows, those with nothing but white space and no flaw
	Hidden int // rows that the sheet doesn't show
	First  int // number of the first of Rows
}

// Check reads a sheet to its end and finds all that [Rows] could stumble over, so that
// it is known before anything depends on it. It is the same reading, with nobody who
// takes the texts.
func (b *Book) Check(s Sheet) (Check, error) {
	r, err := b.Rows(s)
	if err != nil {
		return Check{}, err
	}
	defer r.Close()
	r.dry = true
	var c Check
	for r.Next() {
		if c.Rows++; c.Rows == 1 {
			c.First = r.number
		}
		if !r.marked && len(r.flaws) == 0 {
			c.Blank++
		}
	}
	c.Hidden = r.Hidden
	return c, r.Err()
}

// Close ends the reading. The cells that were returned stay good.
func (r *Rows) Close() {
	r.lex.close()
	r.texts.close()
}

// Number is the row's number, as the sheet shows it.
func (r *Rows) Number() int { return r.number }

// Cells are the row's texts, by column. The slice is used again by Next; the texts
// are not.
func (r *Rows) Cells() []string { return r.cells }

// Flaws are the cells of the row without a value, in the order of columns.
func (r *Rows) Flaws() []Flaw { return r.flaws }

// Show asks for the texts that the sheet shows of these columns; see [Rows.Shown].
func (r *Rows) Show(columns []int) {
	r.show, r.shown = map[int]bool{}, map[int]string{}
	for _, column := range columns {
		r.show[column] = true
	}
}

// Shown is what the sheet shows of a cell: its number as its format has it. Other
// cells show their text.
func (r *Rows) Shown(column int) string {
	if text, ok := r.shown[column]; ok || column >= len(r.cells) {
		return text
	}
	return r.cells[column]
}

// Err is why Next returned false; nil at the end of a whole sheet.
func (r *Rows) Err() error {
	if r.err == nil || r.err == io.EOF {
		return nil
	}
	return &Error{r.name, r.number, r.err}
}

// Next reads the next row that has something in it. It returns false at the end of
// the sheet, once all of its XML has been found sound, and on an error.
func (r *Rows) Next() bool {
	for r.err == nil {
		if r.err = r.row(); r.err == nil && (r.filled || len(r.flaws) > 0) {
			return true
		}
	}
	return false
}

// row reads up to the end of the next row.
func (r *Rows) row() error {
	r.cells, r.flaws, r.spans, r.text = r.cells[:0], r.flaws[:0], r.spans[:0], r.text[:0]
	r.filled, r.marked, r.last = false, false, -1
	clear(r.shown)
	for {
		if err := r.lex.next(); err != nil {
			return err
		}
		switch {
		case r.lex.kind == endTag && r.lex.depth() == 1:
			r.inData = false
		case r.lex.kind != startTag:
		case r.lex.depth() == 2 && string(r.lex.name) == "sheetData":
			r.inData = true
		case r.inData && r.lex.depth() == 3 && string(r.lex.name) == "row":
			return r.readRow()
		}
	}
}

// readRow reads a <row> to its end. The lexer has just read its start tag.
// Numbers only ever grow (ECMA-376, part 1, 18.3.1.73 leaves them out if each follows the last): a row
// that comes back would be a case sent twice.
func (r *Rows) readRow() error {
	number, err := r.lex.rowNumber(r.number)
	if err != nil {
		return err
	}
	r.number = number
	if isTrue(r.lex.attr("hidden")) {
		r.Hidden++
	}
	for {
		if err := r.lex.next(); err != nil {
			return err
		}
		switch {
		case r.lex.kind == endTag && r.lex.depth() == 2:
			r.fill()
			return nil
		case r.lex.kind == startTag && r.lex.depth() == 4 && string(r.lex.name) == "c":
			if err := r.cell(); err != nil {
				return fmt.Errorf("column %s: %w", ColumnName(r.last), err)
			}
		}
	}
}

// rowNumber is what the row says, or one more than the last.
func (l *lexer) rowNumber(last int) (int, error) {
	says := l.attr("r")
	if says == nil {
		return last + 1, nil
	}
	n, ok := number(says)
	switch {
	case !ok || n < 1 || n > maxRows:
		return 0, fmt.Errorf("the row number %q", says)
	case n <= last:
		return 0, fmt.Errorf("row %d comes after row %d", n, last)
	}
	return n, nil
}

// cell reads a <c> to its end.
func (r *Rows) cell() error {
	var reference, style, kind []byte
	for i := range r.lex.attrs {
		switch a := &r.lex.attrs[i]; string(a.name) {
		case "r":
			reference = a.value
		case "s":
			style = a.value
		case "t":
			kind = a.value
		}
	}
	column := r.last + 1
	if reference != nil {
		var row int
		var err error
		if column, row, err = parseReference(reference); err != nil {
			return err
		}
		// One of the two is wrong, and nobody knows which.
		if row != r.number {
			return fmt.Errorf("the cell %s in row %d", reference, r.number)
		}
	}
	switch {
	case column >= maxColumns:
		return fmt.Errorf("more than %d columns", maxColumns)
	case column <= r.last:
		return fmt.Errorf("the cell %s comes after column %s", reference, ColumnName(r.last))
	}
	r.last = column
	c := content{kind: kindOf(kind), style: style}
	if c.kind == unknownCell {
		return fmt.Errorf("a cell of the unknown type %q", kind)
	}
	return r.content(column, c)
}

// content is what a cell says of its value.
type content struct {
	kind  cellKind
	style []byte
}

// cellKind is a cell's type, ST_CellType of ECMA-376, part 1, 18.18.11. It says how the text in <v> is
// meant.
type cellKind byte

const (
	numberCell cellKind = iota
	sharedCell
	textCell // the result of a formula
	inlineCell
	boolCell
	errorCell
	dateCell
	unknownCell
)

// kindOf reads the type of a cell. An unknown one is an error and no text: its value may be a number
// of something, as that of a shared text is.
func kindOf(name []byte) cellKind {
	switch string(name) {
	case "", "n":
		return numberCell
	case "s":
		return sharedCell
	case "str":
		return textCell
	case "inlineStr":
		return inlineCell
	case "b":
		return boolCell
	case "e":
		return errorCell
	case "d":
		return dateCell
	}
	return unknownCell
}

// style reads the number of a style.
func (b *Book) style(text []byte) (int, error) {
	if text == nil {
		return 0, nil
	}
	n, ok := number(text)
	if !ok || n >= len(b.formats) {
		return 0, fmt.Errorf("the style %q, where there are %d", text, len(b.formats))
	}
	return n, nil
}

const noResult = "a formula without its result; open the file in the spreadsheet program and save it there"

// content reads the elements of a cell.
func (r *Rows) content(column int, c content) error {
	style, err := r.book.style(c.style) // good for as long as its tag is
	if err != nil {
		return err
	}
	from := len(r.text)
	if text, ok := r.lex.plainValue(); ok {
		r.text = append(r.text, text...)
		return r.value(column, c.kind, style, from)
	}
	inValue, hasValue, formula := false, false, false
	for {
		if err := r.lex.next(); err != nil {
			return err
		}
		switch {
		case r.lex.kind == charData:
			if inValue {
				if r.text, err = r.lex.appendText(r.text); err != nil {
					return err
				}
			}
		case r.lex.kind == startTag && r.lex.depth() == 5:
			switch string(r.lex.name) {
			case "v":
				if hasValue {
					return errors.New("a cell with two values")
				}
				inValue, hasValue = true, true
			case "f":
				formula = true
			case "is":
				text, err := r.lex.richText(nil)
				if err != nil {
					return err
				}
				r.text = append(r.text, text...)
			}
		case r.lex.kind == endTag && r.lex.depth() == 4:
			inValue = false
		case r.lex.kind == endTag && r.lex.depth() == 3:
			// A result that is an empty text says so by its type; other empty ones
			// were never computed.
			// Programs that aren't spreadsheets write formulas without results and leave them to Excel.
			if formula && len(r.text) == from && (!hasValue || c.kind == numberCell) {
				r.flaw(column, noResult)
				return nil
			}
			return r.value(column, c.kind, style, from)
		}
	}
}

// value turns what stands in r.text from that byte on into the cell's text.
func (r *Rows) value(column int, kind cellKind, style, from int) error {
	raw := r.text[from:]
	if len(raw) == 0 {
		return nil
	}
	switch kind {
	case sharedCell:
		// Nothing is copied: the text is a piece of the table, which lives as long as somebody holds it.
		i, err := r.book.strings.find(bytes.TrimSpace(raw))
		r.text = r.text[:from]
		if err != nil {
			return err
		}
		if r.dry {
			text := r.book.strings.refs[i]
			r.filled = r.filled || text.length > 0
			r.marked = r.marked || text.length > 0 && !text.blank
			return nil
		}
		text, err := r.book.strings.at(i)
		r.put(column, text)
		return err
	case errorCell:
		r.flaw(column, fmt.Sprintf("the error %s", raw))
	case boolCell:
		text := "FALSE"
		if isTrue(bytes.TrimSpace(raw)) {
			text = "TRUE"
		}
		r.text = append(r.text[:from], text...)
	case dateCell:
		text, _ := isoDate(string(raw))
		r.text = append(r.text[:from], text...)
	case textCell:
		r.text = append(r.text[:from], unescape(raw)...)
	case numberCell:
		// Before the format is applied: that overwrites the stored number.
		if r.show[column] {
			r.shown[column] = r.texts.text(style, string(raw), r.book.date1904)
		}
		f := r.book.formats[style]
		if f.kind != plain || bytes.IndexByte(raw, 'E') >= 0 || bytes.IndexByte(raw, 'e') >= 0 {
			r.text = append(r.text[:from], f.appendNumber(nil, bytes.Clone(raw), r.book.date1904)...)
		}
	}
	r.filled = true
	if r.dry && !r.marked {
		r.marked = len(bytes.TrimSpace(r.text[from:])) > 0
	}
	r.spans = append(r.spans, span{column, from, len(r.text)})
	return checkLength(r.text[from:])
}

// flaw adds a cell without a value. The row goes on: its other cells are good.
func (r *Rows) flaw(column int, what string) {
	r.flaws = append(r.flaws, Flaw{column, what})
}

// put sets a cell. Those between it and the last one are empty.
func (r *Rows) put(column int, text string) {
	for len(r.cells) <= column {
		r.cells = append(r.cells, "")
	}
	r.cells[column] = text
	r.filled = r.filled || text != ""
}

// fill makes the row's own texts, all of them in one string.
func (r *Rows) fill() {
	if r.dry || len(r.spans) == 0 {
		return
	}
	text := string(r.text)
	for _, s := range r.spans {
		r.put(s.column, text[s.from:s.to])
	}
}

// parseReference reads a cell's reference: column 0 and row 1 for A1.
//
// A dollar sign, as formulas have it, is a mistake here.
func parseReference(reference []byte) (column, row int, err error) {
	i := 0
	for ; i < len(reference) && reference[i]|0x20 >= 'a' && reference[i]|0x20 <= 'z'; i++ {
		if column = 26*column + int(reference[i]|0x20-'a') + 1; column > maxColumns {
			return 0, 0, fmt.Errorf("the cell %q, behind the last column", reference)
		}
	}
	row, ok := number(reference[i:])
	if !ok || i == 0 {
		return 0, 0, fmt.Errorf("the cell reference %q", reference)
	}
	return column - 1, row, nil
}

// ColumnName is the letters of a column: A for 0, AB for 27.
func ColumnName(column int) string {
	var letters []byte
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		letters = append([]byte{byte('A' + (n-1)%26)}, letters...)
	}
	return string(letters)
}
