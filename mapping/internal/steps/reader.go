package steps

import (
	"path/filepath"
	"strings"

	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Reader reads a mapping file, and the files that it names.
type Reader struct {
	*yamlfile.File
	Tables lines.Tables // nil if the mapping may name no files
}

// Todo refuses what `init` has left to a person.
func (d *Reader) Todo(value string, at yamlfile.Position) bool {
	left := strings.HasPrefix(strings.TrimSpace(value), "TODO")
	if left {
		d.Mistake(at, "this is still to be filled in: %s", text.Shorten(value, 60))
	}
	return left
}

// Beside is a path that the file names: relative ones begin in the file's folder.
func (d *Reader) Beside(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(d.Path), name)
}
