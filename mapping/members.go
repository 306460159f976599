package mapping

import (
	"wolkvox-import/mapping/internal/text"
)

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
	v, problem := f.value(&b.program.row, b.watch(f.field))
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
