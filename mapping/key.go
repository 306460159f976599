package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
)

// Key makes the keys of an input's rows, and nothing else. Like a Program it is for one
// goroutine at a time; but it has memory of its own, so that a reader may make the keys of
// rows that are still ahead of those which a Program applies.
type Key struct {
	pieces []row.Piece // none if rows are known by their cells
	row    row.Row
}

// CompileKey ties the mapping's key to the header of an input. The error holds all mistakes of
// the key, and those of Load.
func (m *Mapping) CompileKey(header []string) (*Key, error) {
	c := m.columns(header)
	k := compileKey(c, m.key)
	if err := append(slices.Clone(m.file.Mistakes), c.Mistakes...).Err(); err != nil {
		return nil, err
	}
	return k, nil
}

// compileKey ties a key to the columns; without one the Key has no pieces.
func compileKey(c *row.Columns, key *row.Template) *Key {
	if key == nil {
		return &Key{}
	}
	return &Key{pieces: c.Pieces(key)}
}

// columns begins to tie the mapping to a header. Its lookups are words of every text.
func (m *Mapping) columns(header []string) *row.Columns {
	c := row.NewColumns(&steps.Reader{File: m.file.Again()}, header, m.Input.Empty)
	for _, l := range m.lookups {
		c.Lookup(l)
	}
	return c
}

// Exists tells whether the mapping has a `key:`; without one, rows are known by their cells.
func (k *Key) Exists() bool { return len(k.pieces) > 0 }

// Of returns the row's key. A blank column in it, or one in scientific notation, is a
// problem, because rows would be taken for one another.
func (k *Key) Of(cells []string) (string, *Problem) {
	k.row.Begin(cells, "")
	var key strings.Builder
	for _, p := range k.pieces {
		if p.Text == nil {
			key.WriteString(p.Literal)
			continue
		}
		cell := p.Text(&k.row)
		if problem := keyProblem(p.Column, cell); problem != nil {
			return "", problem
		}
		key.WriteString(cell)
	}
	if problem := k.row.Fault(); problem != nil { // such as a lookup's: what is left of the key may be another row's
		return "", problem
	}
	return text.Key(key.String()), nil
}

// scientific is how spreadsheets show a number whose last digits they dropped; with
// a decimal comma too. It needs the exponent's sign, since 1E5 may well be an id.
var scientific = regexp.MustCompile(`^[+-]?\d(?:[.,]\d+)?[eE][+-]\d{2,3}$`)

// keyProblem refuses what would make one key of two rows: blanks, and numbers whose last digits
// a spreadsheet has dropped.
func keyProblem(column, cell string) *Problem {
	switch {
	case text.Blank(cell):
		return &Problem{Field: "key", Error: "blank_key", Message: fmt.Sprintf("key: the column %q is blank", column),
			Hint: "every row needs a value there: it is what keeps the row from being imported twice"}
	case scientific.MatchString(strings.TrimSpace(cell)):
		return &Problem{Field: "key", Error: "key_lost_digits",
			Message: fmt.Sprintf("key: %q in the column %q is a number whose digits a spreadsheet has cut", cell,
				column),
			Hint: "export the column as text from the old system; the digits can't be had back from here"}
	}
	return nil
}
