package mapping

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// Apply makes a case of a row. It returns every problem of the row; the case is good only
// if there is none. key is the row's, from [Program.Key] or made of its cells.
func (p *Program) Apply(cells []string, key string) (Case, []Problem) {
	p.row.Begin(cells, key)
	files, w := p.attached.of(&p.row), &p.writer
	b := builder{writer: w, row: &p.row, watcher: p.watcher, json: w.json[:0]}
	b.marker, b.names = w.markerLine(&p.row), fileNames(files, w.named)
	b.c = Case{Key: key, Attachments: files.files, LeftOut: slices.Clone(files.leftOut)}
	b.c.Marker = strings.TrimSpace(b.marker)
	b.json = append(b.json, w.opening...)
	for i := range w.fields {
		b.field(&w.fields[i])
	}
	b.json = append(b.json, `,"form":{`...)
	b.members(w.form)
	b.json = append(b.json, "}}"...)
	w.json = b.json // its memory is for the next row
	if !utf8.Valid(b.json) {
		b.json = bytes.ToValidUTF8(b.json, []byte("\ufffd"))
	}
	b.problems = append(b.problems, files.problems...)
	if len(b.problems) > 0 {
		return Case{}, b.problems
	}
	b.c.JSON = bytes.Clone(b.json)
	return b.c, nil
}
