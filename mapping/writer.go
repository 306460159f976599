package mapping

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/text"
)

// caseWriter is how a case is written.
type caseWriter struct {
	opening string   // of the JSON, with the operation
	marker  row.Text // nil if descriptions carry none
	named   bool     // the description lists the files
	fields  []compiled
	form    []compiledForm
	closed  map[string]bool
	json    []byte // memory for the next case
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

// watcher is told of every step of the fields, and of the value before and after it.
type watcher func(f *field, step, value string)

// of is what is told of the steps of one field, nil if nobody asks.
func (w watcher) of(f *field) func(step, value string) {
	if w == nil {
		return nil
	}
	return func(step, value string) { w(f, step, value) }
}

// builder puts one case together.
type builder struct {
	writer   *caseWriter
	row      *row.Row
	watcher  watcher
	c        Case
	json     []byte
	problems []row.Problem
	names    string // of the files, for the description
	marker   string // with the line break before it
	closes   bool   // the status met so far needs a solution
}

func (b *builder) field(f *compiled) {
	if f.json == "solution" && !b.closes {
		return
	}
	v, problem := f.value(b.row, b.watcher.of(f.field))
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
		b.c.Status, b.closes = v, b.writer.closed[v]
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
// If all does not fit, the names give way until the text has half of the room.
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

func solutionMissing(f *compiled) *row.Problem {
	p := f.missing()
	p.Message += ", and the status is one that closes"
	p.Hint = "the CRM requires a solution for closed cases: fill the cell, or give solution a default in the mapping"
	return p
}

// members appends the members of an object. It tells whether one of them has something
// of the row in it.
func (b *builder) members(fields []compiledForm) (filled bool) {
	open := len(b.json)
	for i := range fields {
		f := &fields[i]
		before := len(b.json)
		name := f.member
		if before == open {
			name = name[1:] // no comma before the first
		}
		b.json = append(b.json, name...)
		if b.value(f) {
			filled = filled || !f.constant()
		} else {
			b.json = b.json[:before]
		}
	}
	return filled
}

// value appends a member's value and tells whether there was one.
func (b *builder) value(f *compiledForm) bool {
	if f.nested {
		b.json = append(b.json, '{')
		filled := b.members(f.inside)
		b.json = append(b.json, '}')
		return filled || f.constant()
	}
	v, problem := f.value(b.row, b.watcher.of(f.field))
	if problem == nil {
		v, problem = f.fit(v, 0)
	}
	switch {
	case problem != nil:
		b.problems = append(b.problems, *problem)
		return false
	case text.Blank(v):
		return false
	case f.raw != nil:
		b.json = append(b.json, v...)
	default:
		b.json = text.AppendString(b.json, v)
	}
	return true
}
