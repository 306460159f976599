package mapping

import (
	"errors"
	"fmt"
	"path/filepath"

	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// lookup is the rows of a second file, such as a ticket's comments, as text for the rows
// of the first.
type lookup struct {
	name  string
	at    yamlfile.Position
	file  string
	on    *template // of the input: what a row is looked up by
	index *lines.Index
}

func (d *decoder) lookups(p yamlfile.Pair) (lookups []*lookup) {
	for _, e := range d.Pairs(p.Value, "lookups") {
		if l := d.lookup(e); l != nil {
			lookups = append(lookups, l)
		}
	}
	return lookups
}

func (d *decoder) lookup(p yamlfile.Pair) *lookup {
	l := &lookup{name: p.Key, at: p.At}
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
			l.on = d.lasting(e)
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
	inner := &compiler{decoder: &decoder{&steps.Reader{File: d.Again()}}, header: NewHeader(table.Header()), used: map[int]bool{}}
	inner.where = " of " + l.file
	key := inner.column(column, columnAt)
	line := inner.template(inner.decoder.template(each, eachAt))
	d.Mistakes = append(d.Mistakes, inner.Mistakes...)
	if len(inner.Mistakes) > 0 {
		return nil
	}
	if l.index, err = d.lookupIndex(table, d.Beside(l.file), key, line); err != nil {
		d.Mistake(l.at, "the lookup's file %s can't be read: %s", l.file, err)
		return nil
	}
	return l
}

// lookupIndex keeps the table's lines by key, if need be beside the mapping.
func (d *decoder) lookupIndex(table Table, path string, key func(*row) string, line appender) (*lines.Index, error) {
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
		var r row
		var content []byte
		for rows.Next() {
			r.cells = rows.Cells()
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

// lookup makes a word of the lookup, which stands for its lines.
func (c *compiler) lookup(l *lookup) {
	if i, err := c.header.Find(l.name); err == nil {
		c.Mistake(l.at, "the lookup %s has the name of a column (%s); give it another", l.name, columnLetters(i))
		return
	}
	on := c.template(l.on)
	var key []byte
	c.words[text.FoldName(l.name)] = func(r *row) string {
		key = on(key[:0], r)
		found, err := l.index.Find(string(key))
		if err != nil {
			r.fault(&Problem{Field: "lookups." + l.name, Error: "lookup", Message: fmt.Sprintf("%s: the lines of %q can't be had: %s", l.name, text.Shorten(string(key), 40), err),
				Hint: "look at the lookup's file " + l.file})
		}
		return found
	}
}

// Orphans counts, for each lookup, the lines that no row has asked for so far.
func (m *Mapping) Orphans() (map[string]int, error) {
	counts := map[string]int{}
	for _, l := range m.lookups {
		n, err := l.index.Orphans()
		if err != nil {
			return nil, fmt.Errorf("lookup %s: %w", l.name, err)
		}
		counts[l.name] = n
	}
	return counts, nil
}

// Close removes what the mapping keeps on disk while it is used.
func (m *Mapping) Close() {
	for _, l := range m.lookups {
		l.index.Close()
	}
}
