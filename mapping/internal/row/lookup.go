package row

import (
	"errors"
	"fmt"
	"path/filepath"

	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Lookup is the rows of a second file, such as a ticket's comments, as text for the rows
// of the first.
type Lookup struct {
	name  string
	at    yamlfile.Position
	file  string
	on    *Template // of the input: what a row is looked up by
	index *lines.Index
}

// NewLookups reads `lookups` and the files that they name.
func NewLookups(d *steps.Reader, p yamlfile.Pair) (lookups []*Lookup) {
	for _, e := range d.Pairs(p.Value, "lookups") {
		if l := newLookup(d, e); l != nil {
			lookups = append(lookups, l)
		}
	}
	return lookups
}

func newLookup(d *steps.Reader, p yamlfile.Pair) *Lookup {
	l := &Lookup{name: p.Key, at: p.At}
	var column, each string
	var columnAt, eachAt yamlfile.Position
	known := []string{"file", "column", "on", "each"}
	for _, e := range d.Pairs(p.Value, "a lookup") {
		switch e.Key {
		case "file":
			l.file, l.at, _ = d.Text(e.Value, "file")
		case "column":
			column, columnAt, _ = d.Text(e.Value, "column")
		case "on":
			l.on = NewVarying(d, e)
		case "each":
			each, eachAt, _ = d.Text(e.Value, "each")
		default:
			d.Unknown(e, "a lookup", known)
		}
	}
	if l.file == "" || column == "" || l.on == nil || each == "" {
		d.Mistake(p.At, "the lookup %s needs file, column, on and each", p.Key)
		return nil
	}
	table, err := d.Tables.Open(d.Beside(l.file))
	if err != nil {
		d.Mistake(l.at, "the lookup's file %s can't be read: %s", l.file, text.Reason(err))
		return nil
	}
	defer table.Close()
	inner := NewColumns(&steps.Reader{File: d.Again()}, table.Header(), nil)
	inner.where = " of " + l.file
	key := inner.Column(column, columnAt)
	line := inner.Template(NewTemplate(inner.Reader, each, eachAt))
	d.Mistakes = append(d.Mistakes, inner.Mistakes...)
	if len(inner.Mistakes) > 0 {
		return nil
	}
	if l.index, err = index(d, table, d.Beside(l.file), key, line); err != nil {
		d.Mistake(l.at, "the lookup's file %s can't be read: %s", l.file, err)
		return nil
	}
	return l
}

// index keeps the table's lines by key, if need be beside the mapping.
func index(d *steps.Reader, table lines.Table, path string, key Text, line Appender) (*lines.Index, error) {
	return lines.Build(filepath.Dir(d.Path), func(add func(key, line string) error) error {
		rows := table
		table = nil
		if rows == nil { // it is read a second time
			var err error
			if rows, err = d.Tables.Open(path); err != nil {
				return err
			}
			defer rows.Close()
		}
		var r Row
		var content []byte
		for rows.Next() {
			r.Cells = rows.Cells()
			content = line(content[:0], &r)
			if r.problem != nil {
				return errors.New(r.problem.Message)
			}
			if err := add(key(&r), string(content)); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// Lookup makes a word of the lookup, which stands for its lines.
func (c *Columns) Lookup(l *Lookup) {
	if i, err := c.Header.Find(l.name); err == nil {
		c.Mistake(l.at, "the lookup %s has the name of a column (%s); give it another", l.name, columnLetters(i))
		return
	}
	on := c.Template(l.on)
	var key []byte
	c.words[text.FoldName(l.name)] = func(r *Row) string {
		key = on(key[:0], r)
		found, err := l.index.Find(string(key))
		if err != nil {
			r.fault(&Problem{Field: "lookups." + l.name, Error: "lookup", Message: fmt.Sprintf("%s: the lines of %q can't be had: %s", l.name, text.Shorten(string(key), 40), err),
				Hint: "look at the lookup's file " + l.file})
		}
		return found
	}
}

// Name is what the lookup is called in texts.
func (l *Lookup) Name() string { return l.name }

// Orphans counts the lines that no row has asked for so far.
func (l *Lookup) Orphans() (int, error) { return l.index.Orphans() }

// Close removes what is kept on disk.
func (l *Lookup) Close() { l.index.Close() }
