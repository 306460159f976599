package mapping

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/text"
)

// caseWriter is how a case is written.
type caseWriter struct {
	opening string   // of the JSON, with the operation
	marker  row.Text // nil where descriptions carry none
	named   bool     // the description lists the files
	fields  []compiled
	form    []compiledForm
	closed  map[string]bool
	json    []byte // memory for the next case
}

// Apply makes a case of a row. It returns every problem of the row; the case is good only
// where there is none. key is the row's, from [Program.Key] or made of its cells.
func (p *Program) Apply(cells []string, key string) (Case, []Problem) {
	p.row.Begin(cells, key)
	files, w := p.attached.of(&p.row), &p.writer
	b := builder{program: p, marker: w.markerLine(&p.row), names: fileNames(files, w.named), json: w.json[:0]}
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

// markerLine is the row's marker, with the line break before it. Another one, in a key,
// must not push it off the last line.
func (w *caseWriter) markerLine(r *row.Row) string {
	if w.marker == nil {
		return ""
	}
	text := "\n" + w.marker(r)
	if strings.IndexFunc(text[1:], func(r rune) bool { return r != ' ' && unicode.IsSpace(r) }) >= 0 {
		text = "\n" + strings.Join(strings.Fields(text), " ")
	}
	return strings.TrimRight(text, " ")
}

// builder puts one case together.
type builder struct {
	program  *Program
	c        Case
	json     []byte
	problems []Problem
	names    string // of the files, for the description
	marker   string // with the line break before it
	closes   bool   // the status met so far needs a solution
}

// watch is what is told of the steps of a field, nil where nobody asks.
func (b *builder) watch(f *field) func(step, value string) {
	watcher := b.program.watcher
	if watcher == nil {
		return nil
	}
	return func(step, value string) { watcher(f, step, value) }
}

func (b *builder) field(f *compiled) {
	if f.json == "solution" && !b.closes {
		return
	}
	v, problem := f.value(&b.program.row, b.watch(f.field))
	tail := ""
	if problem == nil {
		if f.json == "description" {
			tail = b.tail(f, v)
		}
		v, problem = f.fit(v, utf8.RuneCountInString(tail))
	}
	switch {
	case problem != nil:
		b.problems = append(b.problems, *problem)
		return
	case f.json == "solution" && text.Blank(v):
		b.problems = append(b.problems, *solutionMissing(f))
		return
	}
	switch f.json {
	case "contact":
		b.c.Contact = v
	case "case-type":
		b.c.Type = v
	case "responsible":
		b.c.Responsible = v
	case "owner":
		b.c.Owner = v
	case "priority":
		b.c.Priority = v
	case "status":
		b.c.Status, b.closes = v, b.program.writer.closed[v]
	case "description":
		b.c.Length, b.c.Bytes = utf8.RuneCountInString(v)+utf8.RuneCountInString(tail), len(v)+len(tail)
	}
	b.json = append(b.json, f.prefix...)
	b.json = text.AppendEscaped(b.json, v)
	if tail != "" {
		b.json = text.AppendEscaped(b.json, tail)
	}
	b.json = append(b.json, '"')
}

// tail is what stands behind the description's text: the files' names and the marker.
// Where all does not fit, the names give way until the text has half of the room.
func (b *builder) tail(f *compiled, text string) string {
	names := b.names
	if names != "" && f.Max > 0 {
		room := f.Max - utf8.RuneCountInString(b.marker)
		names = shortenNames(names, max(room/2, room-utf8.RuneCountInString(text)))
	}
	if names == "" {
		return b.marker
	}
	return names + b.marker
}

func solutionMissing(f *compiled) *Problem {
	p := f.missing()
	p.Message += ", and the status is one that closes"
	p.Hint = "the CRM requires a solution for closed cases: fill the cell, or give solution a default in the mapping"
	return p
}
