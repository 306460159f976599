package source

import (
	"fmt"
	"slices"
	"strings"
)

// header is the row that names the columns.
type header struct {
	names []string
	above int // rows that are not blank, up to the header and with it
	notes []string
}

// readHeader reads the records up to the header: the row of that number, or, for 0, the first
// that isn't empty.
//
// A row that was named is taken as it is, be it a blank one: to look further would take the first
// row of data for names. The records stand behind the header when it returns.
func readHeader(records records, path string, row int) (h header, err error) {
	for records.next() {
		rec := records.record()
		if !rec.blank() {
			h.above++
		}
		if rec.number < row || row == 0 && rec.blank() {
			continue
		}
		if rec.err != nil {
			what := "the header can't be read: " + rec.err.Message
			return h, &Error{Path: path, Row: rec.number, What: what, Hint: rec.err.Hint}
		}
		if rec.blank() || row > 0 && rec.number > row {
			const what = "the row that should be the header is empty"
			const hint = "say in the mapping which row names the columns: input: {header_row: 3}"
			return h, &Error{Path: path, Row: row, What: what, Hint: hint}
		}
		if row == 0 && rec.number > 1 {
			h.notes = []string{fmt.Sprintf("the header is row %d, the first that isn't empty", rec.number)}
		}
		h.names = trimEnd(rec.cells)
		return h, nil
	}
	if err := records.reason(); err != nil {
		return h, err
	}
	if row > 1 {
		what := fmt.Sprintf("there is no row %d that could be the header", row)
		return h, &Error{Path: path, What: what, Hint: "correct header_row in the mapping"}
	}
	const hint = "export it again, with the names of the columns in the first row"
	return h, &Error{Path: path, What: "the file has no rows", Hint: hint}
}

// trimEnd copies the names without empty ones at the end.
// A spreadsheet that was wider once leaves such columns; they would make every row a short one. The
// copy outlives the record, whose slice is used again.
func trimEnd(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return slices.Clone(cells)
}
