package mapping

import (
	"fmt"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Program is a mapping tied to the columns of one input. It is used by one
// goroutine at a time.
type Program struct {
	Header *Header

	opening   string    // of the JSON, with the operation
	key       []keyPart // empty where rows are known by their cells
	marker    appender  // nil where descriptions carry none
	fields    []compiled
	form      []compiledForm
	when      []func(*row) (bool, error)
	closed    map[string]bool
	files     []fileSource
	folder    *files.Folder // nil where rows have no attachments
	rules     *fileRules    // nil where rows have no attachments
	gathering gathering
	used      []int
	names     []string // of the used columns, folded
	shown     []int    // columns of which the shown texts are needed
	row       row
	keyed     row    // of Key
	json      []byte // memory for the next case
}

// keyPart is a compiled piece of the key.
type keyPart struct {
	part
	text func(*row) string
}

// row is what the closures read while one row is applied.
type row struct {
	cells   []string
	key     string
	scratch []byte
	problem *Problem                           // met while a field was read
	watcher func(f *field, step, value string) // is told of every step; nil where nobody asks
}

// watch is what is told of the steps of a field, nil where nobody asks.
func (r *row) watch(f *compiled) func(step, value string) {
	if r.watcher == nil {
		return nil
	}
	return func(step, value string) { r.watcher(f.field, step, value) }
}

// fault notes why a field can't be read. The first counts.
func (r *row) fault(p *Problem) {
	if r.problem == nil {
		r.problem = p
	}
}

// faulted returns the problem, as that of the field which was read.
func (r *row) faulted(field string) *Problem {
	p := r.problem
	if p != nil {
		r.problem = nil
		p.Field = field
	}
	return p
}

// compiler collects the mistakes that only an input's header shows.
type compiler struct {
	*decoder
	header *Header
	words  map[string]func(*row) string // what {{name}} means beside the columns
	empty  map[string]bool
	used   map[int]bool
	shown  []int
	where  string // what messages add to a column that isn't there
}

// Options are what a command may say beside the mapping.
type Options struct {
	Attachments string // folder in place of the mapping's root
	When        string // narrows the mapping's `when`
}

// Compile ties the mapping to the header of an input. The error holds all mistakes of
// the mapping, those of Load included. Close the Program to let go of its folder.
func (m *Mapping) Compile(header []string, opt Options) (*Program, error) {
	c := &compiler{decoder: &decoder{&steps.Reader{File: m.file.Again()}}, header: NewHeader(header), words: map[string]func(*row) string{}, used: map[int]bool{}, empty: map[string]bool{}}
	for _, text := range m.Input.Empty {
		c.empty[strings.TrimSpace(text)] = true
	}
	p := &Program{Header: c.header, opening: `{"operation":` + string(text.AppendString(nil, m.Operation)), closed: m.closed}
	for _, l := range m.lookups {
		c.lookup(l)
	}
	c.identity(m, p)
	c.conditions(m, p, opt.When)
	for _, f := range m.fields {
		p.fields = append(p.fields, c.field(f))
	}
	for _, f := range m.form {
		p.form = append(p.form, c.formField(f))
	}
	c.attachments(m, p, opt.Attachments)
	for i := range c.used {
		p.used = append(p.used, i)
	}
	slices.Sort(p.used)
	for _, i := range p.used {
		p.names = append(p.names, text.FoldName(header[i]))
	}
	p.shown = c.shown
	if err := append(slices.Clone(m.file.Mistakes), c.Mistakes...).Err(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// identity compiles key and marker. In a marker {{key}} is the row's key.
func (c *compiler) identity(m *Mapping, p *Program) {
	if m.key != nil {
		for _, part := range m.key.parts {
			p.key = append(p.key, keyPart{part, c.part(part, m.key.at)})
		}
	}
	if m.marker != nil {
		c.words["key"] = func(r *row) string { return r.key }
		p.marker = c.template(m.marker)
		delete(c.words, "key")
	}
}

// conditions compiles the mapping's `when` and the command's, which has no place in the
// file.
func (c *compiler) conditions(m *Mapping, p *Program, given string) {
	if m.when != nil {
		p.when = append(p.when, c.condition(m.when))
	}
	if given == "" {
		return
	}
	file := c.decoder
	c.decoder = &decoder{&steps.Reader{File: yamlfile.New("--when", []byte(given))}}
	p.when = append(p.when, c.condition(&expression{source: given, at: yamlfile.Position{Line: 1, Column: 1}}))
	file.Mistakes = append(file.Mistakes, c.Mistakes...)
	c.decoder = file
}

// column compiles the reading of one column, or of a lookup, by name.
func (c *compiler) column(name string, at yamlfile.Position) func(*row) string {
	if word := c.words[text.FoldName(name)]; word != nil {
		return word
	}
	i, err := c.header.Find(name)
	return c.found(i, err, at)
}

func (c *compiler) found(i int, err error, at yamlfile.Position) func(*row) string {
	if err != nil {
		c.Mistake(at, "%s%s", err, c.where)
		return func(*row) string { return "" }
	}
	c.used[i] = true
	return c.cell(i)
}

// shownColumn compiles the reading of what a sheet shows of a column. Those texts come
// behind the cells of the header.
func (c *compiler) shownColumn(name string, at yamlfile.Position) func(*row) string {
	i, err := c.header.Find(name)
	if err != nil {
		return c.found(i, err, at)
	}
	c.used[i] = true
	k := slices.Index(c.shown, i)
	if k < 0 {
		k = len(c.shown)
		c.shown = append(c.shown, i)
	}
	return c.cell(len(c.header.names) + k)
}

// cell reads column i; a text that the mapping calls empty reads as "".
func (c *compiler) cell(i int) func(*row) string {
	if len(c.empty) == 0 {
		return func(r *row) string { return r.cells[i] }
	}
	empty := c.empty
	return func(r *row) string {
		if empty[strings.TrimSpace(r.cells[i])] {
			return ""
		}
		return r.cells[i]
	}
}

// Columns returns the folded names and the numbers of the columns that the mapping
// uses, in the input's order.
func (p *Program) Columns() (names []string, numbers []int) {
	return slices.Clone(p.names), p.used
}

// Used lists the numbers of the columns that the mapping uses, in the input's order.
func (p *Program) Used() []int { return p.used }

// Shown lists the columns of which the mapping needs what a sheet shows. Apply expects
// those texts behind the cells of the header, in this order.
func (p *Program) Shown() []int { return p.shown }

// Close lets go of the attachments' folder.
func (p *Program) Close() error {
	if p.folder == nil {
		return nil
	}
	if err := p.folder.Close(); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	return nil
}
