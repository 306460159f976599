// Package source reads the rows of CSV and XLSX files.
//
//	file ─► recognise ─► unpack ─► decode ─► records ─┬─► Reader ─► Row
//	        by content   gz, zst   to UTF-8   of CSV   │    header, blank rows,
//	             └──────────────────────────► of XLSX ─┘    ragged rows
//
// Its rules:
//
//   - What a file is, its content says and not its name. What can't be read is
//     recognised too, and the error says what to do with it.
//   - A bad row is a row: it travels in the stream with its error, and the next one
//     follows. Err is for what ends the reading: a disk, a damaged archive.
//   - Never fewer rows in silence. What is found out about a whole file before its
//     first row (that a workbook is sound, which encoding a text has) is found out by
//     Open.
//   - Cells are texts. Those of a row are as many as the header's, empty ones included.
//
// Measured by BenchmarkCSV on two cores, a million rows of twelve columns, 324 MB:
// encoding/csv 0.64 s, this package 0.60 s and 18 MB at the peak, the detection of
// dialect and encoding included. Workbooks are measured in package xlsx.
package source

import (
	"fmt"
	"slices"
	"strings"
)

// Options say how to read a file. What is left zero is found out.
type Options struct {
	Sheet     string // of a workbook
	HeaderRow int    // number of the row that names the columns; 0: the first that isn't empty
	Delimiter rune   // of a CSV file
	Encoding  string // of a CSV file, by its name on the web: windows-1252
	Password  string `json:"-"` // of a protected workbook; it is written nowhere
}

// Row is one row below the header.
type Row struct {
	Number  int      // as a spreadsheet shows it; in a CSV file, records are counted
	Cells   []string // one for each column of the header, and those that Show has asked for. The slice is used again by Next; the texts are not
	Missing int      // cells that the row of a CSV file lacks, which are empty in Cells
	Flaws   []Flaw   // cells without a value
	Err     *RowError
}

// Flaw is a cell without a value, such as a formula that failed. Its text in Cells is
// what the sheet has in the value's place. It matters only to who needs that cell.
type Flaw struct {
	Column int    // from 0
	What   string // is wrong with it
}

// RowError says why a row can't be used.
type RowError struct {
	Word    string // that stays the same: one of the constants below
	Message string
	Hint    string
	Column  int // from 0
	surplus []string
}

func (e *RowError) Error() string { return e.Message }

// Surplus are the cells beyond the header, of a row with too many.
func (e *RowError) Surplus() []string {
	if e == nil {
		return nil
	}
	return e.surplus
}

// The words of a RowError.
const (
	TooManyCells = "too_many_cells" // its Cells are good, as far as there are columns for them
	OneCell      = "row_in_one_cell"
	InvalidUTF8  = "invalid_utf8"
	BadQuotes    = "bad_quotes"
)

// Reader reads the rows of a file in their order. It is not safe for concurrent use,
// but for Progress.
type Reader struct {
	original *original
	options  Options
	records  records
	text     bool // a CSV file: a sheet's rows may end early
	header   []string
	notes    []string
	row      Row
	cells    []string
	show     []int
	err      error
	above    int // rows that are not blank, up to the header and with it
}

// records is a file as it is, before anything is known of columns.
type records interface {
	// next reads a record. It returns false at the end and on an error.
	next() bool
	// record is the last one read. Its cells are good until the next.
	record() record
	// shown is what the file shows a person of a cell of the record.
	shown(column int) string
	// unended tells whether the record may go on behind the end of the file, which has no
	// line end after it.
	unended() bool
	// rows is how many records there are that aren't blank, if that is known beforehand.
	rows() (n int, known bool)
	// progress is how much of the file has been read, and of how much: rows of a
	// workbook, bytes of other files. It may be called while another goroutine reads.
	progress() (done, total int64)
	// again begins to read the same records anew, with what is known of the file: nothing
	// is checked or detected once more. It may be called while another goroutine reads;
	// these records have to stay open for as long as those.
	again() (records, error)
	// reason is why next returned false; nil at a good end.
	reason() error
	close() error
}

type record struct {
	number int
	cells  []string
	flaws  []Flaw
	err    *RowError
}

// blank reports whether there is nothing in the record but white space.
func (r *record) blank() bool {
	if r.err != nil || len(r.flaws) > 0 {
		return false
	}
	for _, cell := range r.cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// Header is the names of the columns, as they stand in the file.
func (r *Reader) Header() []string { return r.header }

// Notes are what a person should know of how the file is read, a line each.
func (r *Reader) Notes() []string { return r.notes }

// Progress tells how much of the file has been read, and of how much. It may be
// called while another goroutine reads.
func (r *Reader) Progress() (done, total int64) {
	return r.records.progress()
}

// Rows is how many rows Next is going to read in all, if the format tells that before
// they are read: a workbook's check counts them, and a text's rows have to be read.
func (r *Reader) Rows() (n int, known bool) {
	n, known = r.records.rows()
	return n - r.above, known
}

// Row is the last one that Next has read.
func (r *Reader) Row() Row { return r.row }

// Err is what ended the reading; nil at the end of a whole file.
func (r *Reader) Err() error { return r.err }

// Unended tells whether the last row ends where the file does, without a line end: a file that
// is still being written may have only a part of it.
func (r *Reader) Unended() bool { return r.records.unended() }

// Close ends the reading.
func (r *Reader) Close() error { return r.records.close() }

// Next reads the next row that isn't empty. It returns false at the end of the file,
// and on an error that ends it early.
func (r *Reader) Next() bool {
	for r.records.next() {
		if rec := r.records.record(); !rec.blank() {
			r.fit(rec)
			return true
		}
	}
	r.err = r.records.reason()
	return false
}

// fit makes a row of a record: as many cells as the header has.
func (r *Reader) fit(rec record) {
	surplus := rec.cells[min(len(rec.cells), len(r.header)):]
	r.row = Row{Number: rec.number, Flaws: rec.flaws, Err: rec.err}
	if i := slices.IndexFunc(surplus, func(cell string) bool { return cell != "" }); i >= 0 && rec.err == nil {
		r.row.Err = &RowError{
			Word:    TooManyCells,
			Message: fmt.Sprintf("the row has %d cells and the header %d; without a column is %q", len(rec.cells), len(r.header), shorten(surplus[i])),
			Hint:    "a delimiter within a text needs quotes around that text",
			Column:  len(r.header) + i,
			surplus: slices.Clone(surplus),
		}
	}
	if len(rec.cells) == 1 && r.row.Err == nil {
		r.row.Err = InOneCell(rec.cells[0], len(r.header))
	}
	r.cells = append(r.cells[:0], rec.cells[:len(rec.cells)-len(surplus)]...)
	if r.text {
		r.row.Missing = len(r.header) - len(r.cells)
	}
	for len(r.cells) < len(r.header) {
		r.cells = append(r.cells, "")
	}
	for _, column := range r.show {
		r.cells = append(r.cells, r.records.shown(column))
	}
	r.row.Cells = r.cells
}

// InOneCell recognises a row, under a header of so many columns, that lies in one cell as a
// whole, as a spreadsheet leaves it that splits lines at another delimiter.
func InOneCell(text string, columns int) *RowError {
	if columns < 3 {
		return nil
	}
	for _, delimiter := range delimiters {
		if n := strings.Count(text, string(delimiter)); n >= columns-1 {
			return &RowError{
				Word: OneCell,
				Message: fmt.Sprintf("the whole row lies in its first cell: that has %d times %q in it, and the header %d columns",
					n, delimiter, columns),
				Hint: fmt.Sprintf("open the file as it was written by the spreadsheet's import of texts, with %q as the delimiter, "+
					"and save it anew", delimiter),
			}
		}
	}
	return nil
}

// Show asks for more cells behind those of the header: what a sheet shows of these
// columns, which may be rounded or in another order. It has to be called before Next.
func (r *Reader) Show(columns []int) {
	r.show = columns
	if w, ok := r.records.(*workbook); ok {
		w.lines.Show(columns)
	}
}

// shorten makes a text fit into a message.
func shorten(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// readHeader finds the row that names the columns.
func (r *Reader) readHeader(path string, row int) error {
	for r.records.next() {
		rec := r.records.record()
		if !rec.blank() {
			r.above++
		}
		if rec.number < row || row == 0 && rec.blank() {
			continue
		}
		if rec.err != nil {
			return &Error{Path: path, Row: rec.number, What: "the header can't be read: " + rec.err.Message, Hint: rec.err.Hint}
		}
		if rec.blank() || row > 0 && rec.number > row {
			return &Error{Path: path, Row: row, What: "the row that should be the header is empty", Hint: "say in the mapping which row names the columns: input: {header_row: 3}"}
		}
		if row == 0 && rec.number > 1 {
			r.notes = append(r.notes, fmt.Sprintf("the header is row %d, the first that isn't empty", rec.number))
		}
		r.header = trimEnd(rec.cells)
		return nil
	}
	if err := r.records.reason(); err != nil {
		return err
	}
	if row > 1 {
		return &Error{Path: path, What: fmt.Sprintf("there is no row %d that could be the header", row), Hint: "correct header_row in the mapping"}
	}
	return &Error{Path: path, What: "the file has no rows", Hint: "export it again, with the names of the columns in the first row"}
}

// trimEnd copies the names without empty ones at the end.
func trimEnd(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return slices.Clone(cells)
}
