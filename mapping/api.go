package mapping

import (
	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/yamlfile"
)

// A Table is the rows of a file that a mapping names.
type Table = lines.Table

// Tables opens such files. They are read as inputs are.
type Tables = lines.Tables

// Mistake is one thing wrong in a mapping file.
type Mistake = yamlfile.Mistake

// Mistakes are all mistakes of a mapping file, in its order.
type Mistakes = yamlfile.Mistakes

// A Problem is why one field of a row can't become part of a case.
type Problem = row.Problem

// Header finds the columns of an input by name.
type Header = row.Header

// NewHeader indexes the cells of a header row.
func NewHeader(names []string) *Header { return row.NewHeader(names) }
