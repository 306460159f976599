package mapping

import (
	"slices"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Options are what a command may say beside the mapping.
type Options struct {
	Attachments string // folder in place of the mapping's root
	When        string // narrows the mapping's `when`
}

// Compile ties the mapping to the header of an input. The error holds all mistakes of
// the mapping, those of Load included. Close the Program to let go of its folder.
func (m *Mapping) Compile(header []string, opt Options) (*Program, error) {
	c := m.columns(header)
	p := &Program{Header: c.Header, key: compileKey(c, m.key)}
	p.writer = caseWriter{opening: `{"operation":` + string(text.AppendString(nil, m.Operation)), closed: m.closed}
	if m.marker != nil { // in it {{key}} is the row's key
		c.WithWord("key", func(r *row.Row) string { return r.Key }, func() { p.writer.marker = c.Text(m.marker) })
	}
	p.when = conditions(c, m.when, opt.When)
	for _, f := range m.fields {
		p.writer.fields = append(p.writer.fields, compileField(c, f))
	}
	for _, f := range m.form {
		p.writer.form = append(p.writer.form, compileForm(c, f))
	}
	if m.files != nil {
		p.attached = attach(c, m.files, m.Dir(), opt.Attachments)
		p.writer.named = m.files.named
	}
	p.columns = columns{numbers: c.Used(), shown: c.Shown()}
	for _, i := range p.numbers {
		p.names = append(p.names, text.FoldName(header[i]))
	}
	if err := append(slices.Clone(m.file.Mistakes), c.Mistakes...).Err(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// conditions compiles the mapping's `when` and the command's, which has no place in the
// file.
func conditions(c *row.Columns, when *row.Expression, given string) (all []func(*row.Row) (bool, *Problem)) {
	if when != nil {
		all = append(all, c.Condition(when))
	}
	if given == "" {
		return all
	}
	file := c.Reader
	c.Reader = &steps.Reader{File: yamlfile.New("--when", []byte(given))}
	all = append(all, c.Condition(&row.Expression{Source: given, At: yamlfile.Position{Line: 1, Column: 1}}))
	file.Mistakes = append(file.Mistakes, c.Mistakes...)
	c.Reader = file
	return all
}
