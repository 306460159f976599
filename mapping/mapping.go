// Package mapping is the language that turns the columns of a spreadsheet into
// the fields of a case.
//
// A mapping file is loaded, compiled against the header of one input, and then
// applied to each of its rows:
//
//	tickets.yaml ──Load──► Mapping ──Compile(header)──► Program ──Apply(cells)──► Case
//	                          │                            │
//	                          └──── every mistake, with file:line:column ◄──┘
//
// Its rules:
//
//   - All mistakes are found before a row is read and reported at once. Load keeps
//     those that it meets, so that Compile can report them together with the
//     columns that the header lacks.
//   - What a row's work needs is looked up when compiling: a Program holds closures
//     over column numbers and knows no names.
//   - A row that can't become a case is not an error but a list of [Problem]s, one
//     for each field that is at fault.
//   - The steps of a field are one table (steps.go), in the order in which they are
//     applied; so are the converters of {{column|converter}} (template.go).
package mapping

import (
	"fmt"
	"path/filepath"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Mapping is a mapping file that has been read, not yet tied to an input.
type Mapping struct {
	Path      string // of the file
	Operation string // tenant module that the token belongs to
	KeyText   string // the text of key:, in canonical spelling; "" where rows are known by their cells
	Input     Input  // how inputs are to be read

	identity
	body
	when    *row.Expression // nil where all rows are meant
	lookups []*row.Lookup
	files   *fileRules // nil where a row has no attachments
	file    *yamlfile.File
}

// identity is what rows and cases are known by.
type identity struct {
	key, marker *row.Template // nil where the mapping has none
}

// body is what a case has in it.
type body struct {
	fields []*field // of the API, in the order in which they are sent
	form   []*formField
	closed map[string]bool // the statuses that need a solution
}

// Input is what a mapping says of the files it is for; zero values leave a
// property to detection.
type Input struct {
	Sheet     string
	HeaderRow int // as the spreadsheet shows it
	Delimiter rune
	Encoding  string
	Empty     []string // cells with these texts count as empty
}

// Err returns the mistakes found so far, as [Mistakes], or nil.
func (m *Mapping) Err() error { return m.file.Mistakes.Err() }

// Dir is the folder that the mapping's relative paths start from.
func (m *Mapping) Dir() string { return filepath.Dir(m.Path) }

// Orphans counts, for each lookup, the lines that no row has asked for so far.
func (m *Mapping) Orphans() (map[string]int, error) {
	counts := map[string]int{}
	for _, l := range m.lookups {
		n, err := l.Orphans()
		if err != nil {
			return nil, fmt.Errorf("lookup %s: %w", l.Name(), err)
		}
		counts[l.Name()] = n
	}
	return counts, nil
}

// Close removes what the mapping keeps on disk while it is used.
func (m *Mapping) Close() {
	for _, l := range m.lookups {
		l.Close()
	}
}
