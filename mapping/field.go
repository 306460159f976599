package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// field is one field of a case, as the mapping describes it.
type field struct {
	name string // as messages show it: contact, form.Asunto
	json string // the key that it is sent under
	at   yamlfile.Position

	source
	*steps.Chain
}

// source is where a field's value comes from: one of these.
type source struct {
	text       *row.Template // a constant, or a text with columns
	column     *columnName
	expression *row.Expression
	raw        *row.JSON
}

type columnName struct {
	name string
	at   yamlfile.Position
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
			f.text = row.NewTemplate(d.Reader, text, at)
			d.Todo(text, at)
		}
	}
	return f
}

// fieldObject reads a field with a source and steps. Unknown keys are mistakes one by one; the
// rest of the field is read all the same.
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
	d.readSource(given, f)
	f.Chain = steps.Read(d.Reader, f.name, given)
	if f.Shown && f.column == nil {
		d.Mistake(f.at, "%s: shown is for a field with a column", f.name)
		f.Shown = false
	}
}

func (d *decoder) readSource(given map[string]yamlfile.Node, f *field) {
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
		f.column = &columnName{source, at}
	case "text":
		f.text = row.NewTemplate(d.Reader, source, at)
	case "expr":
		f.expression = &row.Expression{Source: source, At: at}
	case "json":
		f.raw = row.NewJSON(d.Reader, source, at)
		if !strings.HasPrefix(f.name, "form.") {
			d.Mistake(at, "%s is a text for the CRM; json is for the fields of form", f.name)
		}
	}
}

// compiled is a field tied to the columns of an input.
type compiled struct {
	*field
	read   row.Text // nil for a constant
	always string   // a constant's value
	prefix string   // ,"name":" of the JSON
}

// compileField ties a field to the columns of an input. A constant is not read again for every
// row.
func compileField(c *row.Columns, f *field) compiled {
	out := compiled{field: f, prefix: "," + string(text.AppendString(nil, f.json)) + `:"`}
	switch {
	case f.expression != nil:
		out.read = c.Expression(f.expression, f.name)
	case f.raw != nil:
		out.read = c.JSON(f.raw, f.name)
	case f.column != nil && f.Shown:
		out.read = c.ShownColumn(f.column.name, f.column.at)
	case f.column != nil:
		out.read = c.Column(f.column.name, f.column.at)
	case f.text == nil: // its mistake is already reported
	case f.text.Constant():
		out.always = f.text.String()
	default:
		out.read = c.Text(f.text)
	}
	return out
}

// value reads the field and runs its steps, all but max. watch, if there is one, is told of
// the value before and after each step.
func (f *compiled) value(r *row.Row, watch func(step, value string)) (string, *row.Problem) {
	v := f.always
	if f.read != nil {
		v = f.read(r)
	}
	if p := r.Fault(); p != nil {
		p.Field = f.name
		return "", p
	}
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
func (f *compiled) refused(r *steps.Refusal) *row.Problem {
	return &row.Problem{Field: f.name, Error: r.Word, Message: f.name + ": " + r.Message, Hint: r.Hint, Value: r.Value}
}

// missing is the problem of a field that is required and ends up empty, whatever emptied it.
func (f *compiled) missing() *row.Problem {
	p := &row.Problem{Field: f.name, Error: "missing_value", Message: f.name + " is empty",
		Hint: "the CRM requires it: fill the cell, or give the field a default in the mapping"}
	if f.column != nil {
		p.Message = fmt.Sprintf("%s is empty (column %q)", f.name, strings.TrimSpace(f.column.name))
	}
	return p
}

// fit holds a value to max characters, of which reserve are spoken for.
func (f *compiled) fit(v string, reserve int) (string, *row.Problem) {
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
	return "", &row.Problem{Field: f.name, Error: "too_long",
		Message: fmt.Sprintf("%s has %d characters; at most %d fit", f.name, n+reserve, f.Max),
		Hint:    "shorten the text, or add cut: true to the field"}
}

// from is the field's source as the mapping has it.
func (f *source) from() string {
	switch {
	case f.expression != nil:
		return "expr " + f.expression.Source
	case f.raw != nil:
		return "json"
	case f.column != nil:
		return "column " + f.column.name
	case f.text == nil:
		return ""
	case f.text.Constant():
		return "constant"
	}
	return "text " + f.text.String()
}
