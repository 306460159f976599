package reports

import (
	"io"
	"path/filepath"
)

// WriteTable writes a list of its own as <dir>/<name>.csv, as the reports are written: in
// one piece, with cells that a spreadsheet would run defused. It returns the file's path.
func WriteTable(dir, name string, header []string, rows [][]string) (path string, err error) {
	d, err := newDraft(filepath.Join(dir, name+".csv"))
	if err != nil {
		return "", err
	}
	defer d.discard()
	e, err := newCSV(d, header)
	if err != nil {
		return "", failed(d.path, err)
	}
	for _, row := range rows {
		var cells []cell
		for _, c := range row {
			cells = append(cells, text(c))
		}
		if err := e.row(cells); err != nil {
			return "", failed(d.path, err)
		}
	}
	if err := e.close(); err != nil {
		return "", failed(d.path, err)
	}
	if err := d.complete(); err != nil {
		return "", err
	}
	path, _, err = d.place("") // the path says where it is
	return path, err
}

// WriteFile writes what it reads as the reports are written: into a new file, which then takes the
// place of what stands at path. A link that stands there is replaced and not followed. It returns
// the file's path.
func WriteFile(path string, content io.Reader) (at string, err error) {
	d, err := newDraft(path)
	if err != nil {
		return "", err
	}
	defer d.discard()
	if _, err := io.Copy(d, content); err != nil {
		return "", failed(path, err)
	}
	if err := d.complete(); err != nil {
		return "", err
	}
	at, _, err = d.place("") // the path says where it is
	return at, err
}
