package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// step changes a field's value, or says why it can't.
type step func(value string) (string, *Problem)

// steps is the table of everything that can be done to a field, in the order in
// which it is done, whatever their order in the file. build returns nil where the
// step only sets a property of the field.
var steps = []struct {
	name  string
	build func(d *decoder, n ast.Node, f *field) step
}{
	{"trim", always("trim")},
	{"lower", always("lower")},
	{"upper", always("upper")},
	{"values", buildValues},
	{"default", buildDefault},
	{"max", func(d *decoder, n ast.Node, f *field) step { f.max = d.count(n, "max"); return nil }},
	{"cut", func(d *decoder, n ast.Node, f *field) step { f.cut = d.flag(n, "cut"); return nil }},
	{"shown", func(d *decoder, n ast.Node, f *field) step { f.shown = d.flag(n, "shown"); return nil }},
	{"required", func(d *decoder, n ast.Node, f *field) step { f.required = d.flag(n, "required"); return nil }},
}

// always makes a step of a converter.
func always(name string) func(*decoder, ast.Node, *field) step {
	convert := converters[name]
	return func(d *decoder, n ast.Node, _ *field) step {
		if !d.flag(n, name) {
			return nil
		}
		return func(v string) (string, *Problem) { return convert(v), nil }
	}
}

// buildValues replaces a value by what the table has for it. A value that the table
// lacks becomes empty where the field has a default, and is a problem elsewhere.
func buildValues(d *decoder, n ast.Node, f *field) step {
	table := map[string]string{}
	for _, p := range d.pairs(n, "values") {
		if text, _, ok := d.text(p.value, "a value"); ok {
			table[p.key] = text
		}
	}
	hasDefault, name := f.hasDefault, f.name
	return func(v string) (string, *Problem) {
		to, ok := table[v]
		switch {
		case ok:
			return to, nil
		case hasDefault:
			return "", nil
		case blank(v):
			return "", &Problem{Field: name, Error: "missing_value", Message: fmt.Sprintf("%s: the cell is empty", name),
				Hint: "fill the cell, or give the field a default in the mapping"}
		}
		return "", notInValues(name, v, table)
	}
}

func notInValues(field, v string, table map[string]string) *Problem {
	p := &Problem{Field: field, Error: "not_in_values", Message: fmt.Sprintf("%s: %q is not in values", field, shorten(v, 60)),
		Hint: "add the value to the mapping, or correct the cell"}
	if _, ok := table[strings.TrimSpace(v)]; ok {
		p.Hint = "the cell has spaces around the value: add trim: true to the field"
	} else if near := nearest(v, keys(table)); near != "" {
		p.Hint = fmt.Sprintf("the nearest value is %q: correct the cell, or add the value to the mapping", near)
	}
	return p
}

func buildDefault(d *decoder, n ast.Node, f *field) step {
	text, at, ok := d.text(n, "default")
	if !ok {
		return nil
	}
	if strings.Contains(text, "{{") {
		d.mistake(at, "default is a constant; it can't have {{column}} in it")
	}
	return func(v string) (string, *Problem) {
		if blank(v) {
			return text, nil
		}
		return v, nil
	}
}

func stepNames() []string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	return names
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// shorten keeps messages readable where a cell holds a whole letter.
func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
