package steps

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// rest is the entry of a table that stands for every value without one of its own.
const rest = "*"

// mostValues bounds a table of values, in entries.
const mostValues = 200_000

// valueTable is what `values` or `values_file` replaces a cell by.
type valueTable struct {
	to     map[string]string
	rest   *string             // of *
	fold   func(string) string // nil if the spelling matters
	inFile string              // "" if the table stands in the mapping
}

// buildValues replaces a value by what the table has for it. A value that the table
// lacks becomes empty if the field has a default, and is a problem otherwise.
func buildValues(d *Reader, n yamlfile.Node, c *Chain) Step {
	table := newValueTable(c)
	for _, p := range d.Pairs(n, "values") {
		if text, at, ok := d.Text(p.Value, "a value"); ok {
			d.Todo(text, at)
			table.put(d, p.At, p.Key, text)
		}
	}
	return c.lookIn(table)
}

// buildValuesFile is buildValues with the table in a file of its own: YAML, or two
// columns of CSV.
func buildValuesFile(d *Reader, n yamlfile.Node, c *Chain) Step {
	name, at, ok := d.Text(n, "values_file")
	if !ok {
		return nil
	}
	if c.translated {
		d.Mistake(at, "%s has both values and values_file; keep one", c.name)
		return nil
	}
	table := newValueTable(c)
	table.inFile = name
	path := d.Beside(name)
	var err error
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		err = table.readYAML(d, path)
	default:
		err = table.readTable(d, at, path)
	}
	if err != nil {
		d.Mistake(at, "values_file %s can't be read: %s", name, text.Reason(err))
	}
	return c.lookIn(table)
}

func newValueTable(c *Chain) *valueTable {
	t := &valueTable{to: map[string]string{}}
	if c.folded {
		t.fold = text.Fold
	}
	return t
}

// put adds an entry. The same entry twice is no mistake, since exports repeat themselves; two
// that differ are.
func (t *valueTable) put(d *Reader, at yamlfile.Position, from, to string) {
	if t.fold != nil {
		from = t.fold(from)
	}
	switch old, twice := t.to[from]; {
	case from == rest:
		t.rest = &to
	case twice && old != to:
		d.Mistake(at, "%q stands twice, with %q and %q", from, text.Shorten(old, 30), text.Shorten(to, 30))
	case len(t.to) >= mostValues:
		d.Mistake(at, "a table of values has at most %d entries", mostValues)
	default:
		t.to[from] = to
	}
}

// readYAML reads the table from a file of its own, whose mistakes are shown at their place in it.
func (t *valueTable) readYAML(d *Reader, path string) error {
	file, root, err := yamlfile.Open(path)
	if err != nil {
		return err
	}
	inner := &Reader{File: file}
	for _, p := range inner.Pairs(root, "a file of values") {
		if to, at, ok := inner.Text(p.Value, "a value"); ok {
			inner.Todo(to, at)
			t.put(inner, p.At, p.Key, to)
		}
	}
	d.Mistakes = append(d.Mistakes, inner.Mistakes...)
	return nil
}

// readTable takes the first two columns. A first row that names them does no harm as an
// entry.
func (t *valueTable) readTable(d *Reader, at yamlfile.Position, path string) error {
	table, err := d.Tables.Open(path)
	if err != nil {
		return err
	}
	defer table.Close()
	if len(table.Header()) < 2 {
		return errors.New("it needs two columns: the value in the input, and the one to send")
	}
	for cells, more := table.Header(), true; more; cells = table.Cells() {
		t.put(d, at, cells[0], cells[1])
		if len(d.Mistakes) > 50 {
			return errors.New("there are too many mistakes in it")
		}
		more = table.Next()
		if !more {
			break
		}
	}
	return table.Err()
}

// lookIn is the step.
func (c *Chain) lookIn(t *valueTable) Step {
	c.translated = true
	return func(v string) (string, *Refusal) {
		at := v
		if t.fold != nil {
			at = t.fold(v)
		}
		to, ok := t.to[at]
		switch {
		case ok:
			return to, nil
		case t.rest != nil:
			return *t.rest, nil
		case c.hasDefault:
			return "", nil
		case text.Blank(v):
			return "", &Refusal{Word: "missing_value", Message: "the cell is empty",
				Hint: "fill the cell, or give the field a default in the mapping"}
		}
		return "", notInValues(v, t)
	}
}

// notInValues proposes what most likely is wrong: blanks, the spelling, or a slip.
func notInValues(v string, t *valueTable) *Refusal {
	p := &Refusal{Word: "not_in_values", Message: fmt.Sprintf("%q is not in values", text.Shorten(v, 60)),
		Hint: "add the value to the mapping, or correct the cell", Value: v}
	if t.inFile != "" {
		p.Hint = "add the value to " + t.inFile + ", or correct the cell"
	}
	if _, ok := t.to[strings.TrimSpace(v)]; ok {
		p.Hint = "the cell has spaces around the value: add trim: true to the field"
	} else if near := text.Nearest(v, slices.Sorted(maps.Keys(t.to))); near != "" {
		p.Hint = fmt.Sprintf("the nearest value is %q: correct the cell, or add the value to the table", near)
		if text.Fold(near) == text.Fold(v) {
			p.Hint = fmt.Sprintf("the table has %q: add fold: true to the field, and case and accents no longer matter",
				near)
		}
	}
	return p
}

// buildAllowed refuses what is not in a list.
func buildAllowed(d *Reader, n yamlfile.Node, c *Chain) Step {
	allowed := map[string]string{}
	for _, item := range d.List(n) {
		if text, _, ok := d.Text(item, "an allowed value"); ok {
			allowed[c.spelling(text)] = text
		}
	}
	return func(v string) (string, *Refusal) {
		if text.Blank(v) {
			return v, nil
		}
		if as, ok := allowed[c.spelling(v)]; ok {
			return as, nil
		}
		p := &Refusal{Word: "not_allowed", Message: fmt.Sprintf("%q is not allowed", text.Shorten(v, 60)),
			Hint: "allowed are " + text.QuoteList(slices.Sorted(maps.Values(allowed)), 12) +
				": correct the cell, or translate it by values", Value: v}
		if near := text.Nearest(v, slices.Sorted(maps.Values(allowed))); near != "" {
			p.Hint = fmt.Sprintf("the nearest that is allowed is %q", near)
		}
		return "", p
	}
}

// spelling is what a value is compared by.
func (c *Chain) spelling(v string) string {
	if c.folded {
		return text.Fold(v)
	}
	return v
}
