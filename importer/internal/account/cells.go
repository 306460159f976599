package account

import (
	"fmt"
	"path/filepath"
	"slices"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/reports"
)

// cells finds rows in an input that is read along with the outcomes. Both are in the order of rows, so
// one pass over the file is enough, and no row is held in memory.
type cells struct {
	reader  *source.Reader // nil if no cells are needed, or the input isn't there any more
	rejects bool           // it is a rejects file, whose cells are defused
}

// at returns the cells of a row, those without a column behind them. Rows must be asked for in their
// order. They may be used until the next call. A row that isn't there is an error, though the file's
// digest was right: a report must not show another row's cells.
func (c *cells) at(row int) ([]string, error) {
	for c.reader.Next() {
		found := c.reader.Row()
		switch {
		case found.Number < row:
			continue
		case found.Number > row:
			return nil, fmt.Errorf("row %d is not in the input any more", row)
		}
		if c.rejects {
			for i := range found.Cells {
				found.Cells[i] = reports.Undefuse(found.Cells[i])
			}
		}
		return slices.Concat(found.Cells, found.Err.Surplus()), nil
	}
	if err := c.reader.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("row %d is not in the input any more", row)
}

// Reopen opens the input by its path if it is still what it was; a report may have moved it aside. The
// caller closes it.
func (in *Input) Reopen() (*source.Reader, error) {
	// The digest decides, and not the name: a file of today under yesterday's name is another one.
	candidates := []string{in.Source.Path}
	aside, _ := filepath.Glob(escapeGlob(in.Source.Path) + ".bak*") // the pattern is valid
	for _, path := range append(candidates, aside...) {
		if now, err := intake.DigestFile(path); err == nil && now.SHA256 == in.Source.SHA256 {
			return source.Open(path, in.Options)
		}
	}
	return nil, intake.Gone(in.Source.Path)
}

// escapeGlob is a path as a pattern that only the path itself matches.
func escapeGlob(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' && filepath.Separator != '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}
