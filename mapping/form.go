package mapping

import (
	"slices"

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

func (c *compiler) formField(f *formField) compiledForm {
	member := "," + string(text.AppendString(nil, f.json)) + ":"
	if f.inside == nil {
		return compiledForm{compiled: c.field(f.field), member: member}
	}
	out := compiledForm{compiled: compiled{field: f.field}, member: member, nested: true}
	for _, inner := range f.inside {
		out.inside = append(out.inside, c.formField(inner))
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
	v, problem := f.value(&b.program.row)
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
