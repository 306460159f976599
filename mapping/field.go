package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// field is one field of a case, as the mapping describes it.
type field struct {
	name string // as messages show it: contact, form.Asunto
	json string // the key that it is sent under
	at   position

	text       *template // constant, text or column: all are templates
	column     bool      // text is one column
	hasDefault bool
	steps      []step
	max        int // in characters; 0 is no limit
	cut        bool
	required   bool
	shown      bool // what the sheet shows, instead of what it holds
}

var sourceNames = []string{"column", "text"}

// field reads a field: a scalar is a constant or text with columns, a mapping has
// one source and any of the steps.
func (d *decoder) field(p pair, prefix string) *field {
	f := &field{name: prefix + p.key, json: p.key, at: p.at}
	switch p.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		d.fieldObject(p.value, f)
	default:
		if text, at, ok := d.text(p.value, f.name); ok {
			f.text = d.template(text, at)
		}
	}
	return f
}

func (d *decoder) fieldObject(n ast.Node, f *field) {
	given := map[string]ast.Node{}
	known := append(slices.Clone(sourceNames), stepNames()...)
	for _, p := range d.pairs(n, f.name) {
		if !slices.Contains(known, p.key) {
			d.unknown(p, f.name, known)
			continue
		}
		given[p.key] = p.value
	}
	d.source(given, f)
	_, f.hasDefault = given["default"]
	for _, s := range steps {
		if node, ok := given[s.name]; ok {
			if run := s.build(d, node, f); run != nil {
				f.steps = append(f.steps, run)
			}
		}
	}
	if f.shown && !f.column {
		d.mistake(f.at, "%s: shown is for a field with a column", f.name)
		f.shown = false
	}
}

func (d *decoder) source(given map[string]ast.Node, f *field) {
	column, text := given["column"], given["text"]
	switch {
	case column != nil && text != nil:
		d.mistake(f.at, "%s has both column and text; keep one", f.name)
	case column != nil:
		if name, at, ok := d.text(column, "column"); ok {
			f.text, f.column = &template{source: name, at: at, parts: []part{{column: name}}}, true
		}
	case text != nil:
		if source, at, ok := d.text(text, "text"); ok {
			f.text = d.template(source, at)
		}
	default:
		d.mistake(f.at, "%s needs a column or a text", f.name)
	}
}

// compiled is a field tied to the columns of an input.
type compiled struct {
	*field
	read   func(*row) string // nil for a constant
	always string            // a constant's value
}

func (c *compiler) field(f *field) compiled {
	out := compiled{field: f}
	switch {
	case f.text == nil: // its mistake is already reported
	case f.shown:
		out.read = c.shownColumn(f.text.parts[0].column, f.text.at)
	case f.column:
		out.read = c.column(f.text.parts[0].column, f.text.at)
	case f.text.constant():
		out.always = f.text.source
	default:
		text := c.template(f.text)
		out.read = func(r *row) string {
			r.scratch = text(r.scratch[:0], r)
			return string(r.scratch)
		}
	}
	return out
}

// value runs the field's steps. reserve is how many characters of max are spoken for.
func (f *compiled) value(r *row, reserve int) (string, *Problem) {
	v := f.always
	if f.read != nil {
		v = f.read(r)
	}
	for _, s := range f.steps {
		var p *Problem
		if v, p = s(v); p != nil {
			return "", p
		}
	}
	if f.required && blank(v) {
		return "", f.missing()
	}
	return f.fit(v, reserve)
}

func (f *compiled) missing() *Problem {
	p := &Problem{Field: f.name, Error: "missing_value", Message: f.name + " is empty",
		Hint: "the CRM requires it: fill the cell, or give the field a default in the mapping"}
	if f.column {
		p.Message = fmt.Sprintf("%s is empty (column %q)", f.name, strings.TrimSpace(f.text.parts[0].column))
	}
	return p
}

// fit holds a value to max characters.
func (f *compiled) fit(v string, reserve int) (string, *Problem) {
	if f.max == 0 || len(v)+reserve <= f.max {
		return v, nil
	}
	n, room := utf8.RuneCountInString(v), f.max-reserve
	switch {
	case n <= room:
		return v, nil
	case f.cut && room > 0:
		return string([]rune(v)[:room]), nil
	}
	return "", &Problem{Field: f.name, Error: "too_long", Message: fmt.Sprintf("%s has %d characters; at most %d fit", f.name, n+reserve, f.max),
		Hint: "shorten the text, or add cut: true to the field"}
}
