package mapping

import (
	"slices"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// formField is a field of the tenant's own: one value, or an object of fields.
type formField struct {
	*field
	inside []*formField // nil for a value
}

// mostNested bounds how deep objects stand in objects.
const mostNested = 8

// formField reads a field of `form`. An object without a source or a step in it is one
// that the CRM wants, such as {type: currency, value: "{{Monto}}"}.
func (d *decoder) formField(p yamlfile.Pair, prefix string, depth int) *formField {
	var entries []yamlfile.Pair
	if yamlfile.IsObject(p.Value) {
		entries = d.Pairs(p.Value, prefix+p.Key)
	}
	if len(entries) == 0 || slices.ContainsFunc(entries, isOfField) {
		return &formField{field: d.field(p, prefix)}
	}
	f := &formField{field: &field{name: prefix + p.Key, json: p.Key, at: p.At, Chain: &steps.Chain{}}, inside: []*formField{}}
	if depth == mostNested {
		d.Mistake(p.At, "%s: objects stand in objects %d deep; that is too deep", f.name, mostNested)
		return f
	}
	for _, e := range entries {
		f.inside = append(f.inside, d.formField(e, f.name+".", depth+1))
	}
	return f
}

// isOfField tells a key that describes a field, also one that is slightly misspelt, from
// a name that the CRM knows.
func isOfField(p yamlfile.Pair) bool {
	if slices.Contains(sourceNames, p.Key) || slices.Contains(steps.Names(), p.Key) {
		return true
	}
	return slices.ContainsFunc(sourceNames, func(name string) bool { return text.Distance(p.Key, name) == 1 })
}

// compiledForm is a formField tied to the columns of an input.
type compiledForm struct {
	compiled
	member string // ,"name": of the JSON
	inside []compiledForm
	nested bool
}

func compileForm(c *row.Columns, f *formField) compiledForm {
	member := "," + string(text.AppendString(nil, f.json)) + ":"
	if f.inside == nil {
		return compiledForm{compiled: compileField(c, f.field), member: member}
	}
	out := compiledForm{compiled: compiled{field: f.field}, member: member, nested: true}
	for _, inner := range f.inside {
		out.inside = append(out.inside, compileForm(c, inner))
	}
	return out
}

// constant tells whether no column is in it.
func (f *compiledForm) constant() bool {
	if !f.nested {
		return f.read == nil
	}
	return !slices.ContainsFunc(f.inside, func(inner compiledForm) bool { return !inner.constant() })
}
