package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// field is one field of a case, as the mapping describes it.
type field struct {
	name string // as messages show it: contact, form.Asunto
	json string // the key that it is sent under
	at   yamlfile.Position

	text       *template   // constant, text or column: all are templates
	column     bool        // text is one column
	expression *expression // in place of text
	raw        *jsonText   // in place of text
	*steps.Chain
}

var sourceNames = []string{"column", "text", "expr", "json"}

// field reads a field: a scalar is a constant or text with columns, a mapping has
// one source and any of the steps.
func (d *decoder) field(p yamlfile.Pair, prefix string) *field {
	f := &field{name: prefix + p.Key, json: p.Key, at: p.At, Chain: &steps.Chain{}}
	switch {
	case yamlfile.IsObject(p.Value):
		d.fieldObject(p.Value, f)
	default:
		if text, at, ok := d.Text(p.Value, f.name); ok {
			f.text = d.template(text, at)
			d.Todo(text, at)
		}
	}
	return f
}

func (d *decoder) fieldObject(n yamlfile.Node, f *field) {
	given := map[string]yamlfile.Node{}
	known := append(slices.Clone(sourceNames), steps.Names()...)
	for _, p := range d.Pairs(n, f.name) {
		if !slices.Contains(known, p.Key) {
			d.Unknown(p, f.name, known)
			continue
		}
		given[p.Key] = p.Value
	}
	d.source(given, f)
	f.Chain = steps.Read(d.Reader, f.name, given)
	if f.Shown && !f.column {
		d.Mistake(f.at, "%s: shown is for a field with a column", f.name)
		f.Shown = false
	}
}

func (d *decoder) source(given map[string]yamlfile.Node, f *field) {
	var named []string
	for _, name := range sourceNames {
		if given[name] != nil {
			named = append(named, name)
		}
	}
	if len(named) != 1 {
		if len(named) == 0 {
			d.Mistake(f.at, "%s needs a column or a text (or expr, or json)", f.name)
		} else {
			d.Mistake(f.at, "%s has both %s; keep one", f.name, strings.Join(named, " and "))
		}
		return
	}
	source, at, ok := d.Text(given[named[0]], named[0])
	if !ok {
		return
	}
	d.Todo(source, at)
	switch named[0] {
	case "column":
		f.text, f.column = &template{source: source, at: at, parts: []part{{column: source}}}, true
	case "text":
		f.text = d.template(source, at)
	case "expr":
		f.expression = &expression{source: source, at: at}
	case "json":
		f.raw = d.jsonText(source, at)
		if !strings.HasPrefix(f.name, "form.") {
			d.Mistake(at, "%s is a text for the CRM; json is for the fields of form", f.name)
		}
	}
}

// compiled is a field tied to the columns of an input.
type compiled struct {
	*field
	read   func(*row) string // nil for a constant
	always string            // a constant's value
	prefix string            // ,"name":" of the JSON
}

func (c *compiler) field(f *field) compiled {
	out := compiled{field: f, prefix: "," + string(text.AppendString(nil, f.json)) + `:"`}
	switch {
	case f.expression != nil:
		out.read = c.textExpression(f.expression, f.name)
	case f.raw != nil:
		out.read = c.jsonText(f.raw, f.name)
	case f.text == nil: // its mistake is already reported
	case f.Shown:
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

// value reads the field and runs its steps, all but max.
func (f *compiled) value(r *row) (string, *Problem) {
	v := f.always
	if f.read != nil {
		v = f.read(r)
	}
	if p := r.faulted(f.name); p != nil {
		return "", p
	}
	watch := r.watch(f)
	if watch != nil {
		watch("", v)
	}
	v, refusal := f.Run(v, watch)
	if refusal != nil {
		return "", f.refused(refusal)
	}
	if f.Required && text.Blank(v) {
		return "", f.missing()
	}
	return v, nil
}

// refused is the problem of a value that a step refuses.
func (f *compiled) refused(r *steps.Refusal) *Problem {
	return &Problem{Field: f.name, Error: r.Word, Message: f.name + ": " + r.Message, Hint: r.Hint, Value: r.Value}
}

func (f *compiled) missing() *Problem {
	p := &Problem{Field: f.name, Error: "missing_value", Message: f.name + " is empty",
		Hint: "the CRM requires it: fill the cell, or give the field a default in the mapping"}
	if f.column {
		p.Message = fmt.Sprintf("%s is empty (column %q)", f.name, strings.TrimSpace(f.text.parts[0].column))
	}
	return p
}

// fit holds a value to max characters, of which reserve are spoken for.
func (f *compiled) fit(v string, reserve int) (string, *Problem) {
	if f.Max == 0 || len(v)+reserve <= f.Max {
		return v, nil
	}
	n, room := utf8.RuneCountInString(v), f.Max-reserve
	switch {
	case n <= room:
		return v, nil
	case f.Cut && room > 0:
		return string([]rune(v)[:room]), nil
	}
	return "", &Problem{Field: f.name, Error: "too_long", Message: fmt.Sprintf("%s has %d characters; at most %d fit", f.name, n+reserve, f.Max),
		Hint: "shorten the text, or add cut: true to the field"}
}
