package intake

import (
	"fmt"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
)

// table reads a file that the mapping names, as inputs are read. A bad row of it ends
// the reading: what it would have given to the input's rows must not be missing in
// silence.
type table struct {
	*source.Reader
	path string
	err  error
}

// openTable opens a lookup's file. The mapping closes it.
func openTable(path string) (mapping.Table, error) {
	r, err := source.Open(path, source.Options{})
	if err != nil {
		return nil, err
	}
	return &table{Reader: r, path: path}, nil
}

func (t *table) Next() bool {
	if t.err != nil || !t.Reader.Next() {
		return false
	}
	if row := t.Row(); row.Err != nil {
		t.err = fmt.Errorf("row %d: %s; %s", row.Number, row.Err.Message, row.Err.Hint)
		return false
	}
	return true
}

func (t *table) Cells() []string { return t.Row().Cells }

func (t *table) Err() error {
	if t.err != nil {
		return t.err
	}
	return t.Reader.Err()
}
