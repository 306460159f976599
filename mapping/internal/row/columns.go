package row

import (
	"maps"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Columns ties the names in a mapping to the columns of one input. It collects the mistakes
// that only the input's header shows, and which columns are used.
type Columns struct {
	*steps.Reader
	Header *Header

	words map[string]Text // what {{name}} means beside the columns
	empty map[string]bool // cells that read as ""
	used  map[int]bool
	shown []int
	where string // what messages add to a column that isn't there
}

// NewColumns begins with a header. Cells with one of the texts empty read as "".
func NewColumns(d *steps.Reader, header, empty []string) *Columns {
	c := &Columns{Reader: d, Header: NewHeader(header), words: map[string]Text{}, empty: map[string]bool{}, used: map[int]bool{}}
	for _, cell := range empty {
		c.empty[strings.TrimSpace(cell)] = true
	}
	return c
}

// WithWord compiles with a word that stands for a text beside the columns.
func (c *Columns) WithWord(word string, text Text, compile func()) {
	c.words[word] = text
	compile()
	delete(c.words, word)
}

// Used lists the numbers of the columns that were tied, in the input's order.
func (c *Columns) Used() []int { return slices.Sorted(maps.Keys(c.used)) }

// Shown lists the columns of which the texts that a sheet shows are needed. They stand behind
// the cells of the header, in this order.
func (c *Columns) Shown() []int { return c.shown }

// Column compiles the reading of one column, or of a lookup, by name.
func (c *Columns) Column(name string, at yamlfile.Position) Text {
	if word := c.words[text.FoldName(name)]; word != nil {
		return word
	}
	i, err := c.Header.Find(name)
	return c.found(i, err, at)
}

// found reads column i, or notes why there is none.
func (c *Columns) found(i int, err error, at yamlfile.Position) Text {
	if err != nil {
		c.Mistake(at, "%s%s", err, c.where)
		return func(*Row) string { return "" }
	}
	c.used[i] = true
	return c.cell(i)
}

// ShownColumn compiles the reading of what a sheet shows of a column. Those texts come
// behind the cells of the header.
func (c *Columns) ShownColumn(name string, at yamlfile.Position) Text {
	i, err := c.Header.Find(name)
	if err != nil {
		return c.found(i, err, at)
	}
	c.used[i] = true
	k := slices.Index(c.shown, i)
	if k < 0 {
		k = len(c.shown)
		c.shown = append(c.shown, i)
	}
	return c.cell(len(c.Header.names) + k)
}

// cell reads column i; a text that the mapping calls empty reads as "".
func (c *Columns) cell(i int) Text {
	if len(c.empty) == 0 {
		return func(r *Row) string { return r.Cells[i] }
	}
	empty := c.empty
	return func(r *Row) string {
		if empty[strings.TrimSpace(r.Cells[i])] {
			return ""
		}
		return r.Cells[i]
	}
}
