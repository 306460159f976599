package mapping

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Program is a mapping tied to the columns of one input. It is used by one
// goroutine at a time.
type Program struct {
	Header *Header

	operation string
	key       []keyPart // empty where rows are known by their cells
	marker    appender  // nil where descriptions carry none
	fields    []compiled
	form      []compiled
	closed    map[string]bool
	files     []fileSource
	root      *os.Root // nil where rows have no attachments
	maxSize   int64
	used      []int
	shown     []int // columns of which the shown texts are needed
	row       row
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
}

// compiler collects the mistakes that only an input's header shows.
type compiler struct {
	*decoder
	header *Header
	words  map[string]func(*row) string // what {{name}} means beside the columns
	empty  map[string]bool
	used   map[int]bool
	shown  []int
}

// Compile ties the mapping to the header of an input. attachments, where not "",
// stands in for the mapping's own root folder. The error holds all mistakes of the
// mapping, those of Load included. Close the Program to let go of its folder.
func (m *Mapping) Compile(header []string, attachments string) (*Program, error) {
	c := &compiler{decoder: &decoder{path: m.Path, lines: m.lines}, header: NewHeader(header), used: map[int]bool{}, empty: map[string]bool{}}
	for _, text := range m.Input.Empty {
		c.empty[strings.TrimSpace(text)] = true
	}
	p := &Program{Header: c.header, operation: m.Operation, closed: m.closed}
	c.identity(m, p)
	for _, f := range m.fields {
		p.fields = append(p.fields, c.field(f))
	}
	for _, f := range m.form {
		p.form = append(p.form, c.field(f))
	}
	c.attachments(m, p, attachments)
	for i := range c.used {
		p.used = append(p.used, i)
	}
	slices.Sort(p.used)
	p.shown = c.shown
	if err := append(slices.Clone(m.mistakes), c.mistakes...).err(); err != nil {
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
		c.words = map[string]func(*row) string{"key": func(r *row) string { return r.key }}
		p.marker = c.template(m.marker)
		c.words = nil
	}
}

// column compiles the reading of one column by name.
func (c *compiler) column(name string, at position) func(*row) string {
	i, err := c.header.Find(name)
	return c.found(i, err, at)
}

func (c *compiler) found(i int, err error, at position) func(*row) string {
	if err != nil {
		c.mistake(at, "%s", err)
		return func(*row) string { return "" }
	}
	c.used[i] = true
	return c.cell(i)
}

// shownColumn compiles the reading of what a sheet shows of a column. Those texts come
// behind the cells of the header.
func (c *compiler) shownColumn(name string, at position) func(*row) string {
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
	for _, i := range p.used {
		names = append(names, Fold(p.Header.names[i]))
	}
	return names, p.used
}

// Shown lists the columns of which the mapping needs what a sheet shows. Apply expects
// those texts behind the cells of the header, in this order.
func (p *Program) Shown() []int { return p.shown }

// Close lets go of the attachments' folder.
func (p *Program) Close() error {
	if p.root == nil {
		return nil
	}
	if err := p.root.Close(); err != nil {
		return fmt.Errorf("attachments: %w", err)
	}
	return nil
}
