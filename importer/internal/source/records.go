package source

import "strings"

// Options say how to read a file. What is left zero is found out.
// They are part of a run's account, which the ledger keeps as JSON: names must stay as they are.
type Options struct {
	Sheet     string // of a workbook
	HeaderRow int    // number of the row that names the columns; 0: the first that isn't empty
	Delimiter rune   // of a CSV file
	Encoding  string // of a CSV file, by its name on the web: windows-1252
	Password  string `json:"-"` // of a protected workbook; it is written nowhere
}

// records is a file as it is, before anything is known of columns: what a format has to give.
// One goroutine reads; only progress and again may be called by others meanwhile.
type records interface {
	// next reads a record. It returns false at the end and on an error.
	next() bool
	// record is the last one read. Its cells are good until the next.
	record() record
	// expect says how many columns the header has, once it has been read.
	expect(columns int)
	// show asks for the texts of these columns as the file shows them to a person, and
	// shown is such a text of the record. Most formats show what they hold.
	show(columns []int)
	shown(column int) string
	// unended tells whether the record may go on behind the end of the file, which has no
	// line end after it.
	unended() bool
	// notes are what a person should know of how the file is read, before a row of it is.
	notes() []string
	// rows is how many records there are that aren't blank, if that is known beforehand.
	rows() (n int, known bool)
	// progress is how much of the file has been read, and of how much: rows of a
	// workbook, bytes of other files.
	progress() (done, total int64)
	// again begins to read the same records anew, with what is known of the file: nothing
	// is checked or detected once more. These records have to stay open for as long as those.
	again() (records, error)
	// reason is why next returned false; nil at a good end.
	reason() error
	// close ends the reading and closes the file, unless that belongs to other records.
	close() error
}

// record is one line of a table: the header, a row, or nothing.
type record struct {
	number int
	cells  []string
	ragged bool // fewer cells than the header has are a mistake: a sheet's rows may end early
	flaws  []Flaw
	err    *RowError
}

// blank reports whether there is nothing in the record but white space. A format that counts its
// rows beforehand has to take the same ones for blank.
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
