package source

import (
	"fmt"
	"strings"

	"wolkvox-import/importer/internal/source/csv"
)

// Row is one row below the header.
type Row struct {
	Number int // as a spreadsheet shows it; in a CSV file, records are counted
	// Cells are one for each column of the header, and those that Show has asked for. The
	// slice is used again by Next; the texts are not.
	Cells   []string
	Missing int    // cells that the row of a CSV file lacks, which are empty in Cells
	Flaws   []Flaw // cells without a value
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

// Error is the message alone: the hint is said apart from it.
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

// InOneCell recognises a row, under a header of so many columns, that lies in one cell as a
// whole, as a spreadsheet leaves it that splits lines at another delimiter.
func InOneCell(text string, columns int) *RowError {
	if columns < 3 {
		return nil
	}
	const what = "the whole row lies in its first cell: that has %d times %q in it, and the header %d columns"
	const hint = "open the file as it was written by the spreadsheet's import of texts, with %q as the delimiter, " +
		"and save it anew"
	for _, delimiter := range csv.Delimiters {
		if n := strings.Count(text, string(delimiter)); n >= columns-1 {
			return &RowError{
				Word:    OneCell,
				Message: fmt.Sprintf(what, n, delimiter, columns),
				Hint:    fmt.Sprintf(hint, delimiter),
			}
		}
	}
	return nil
}
