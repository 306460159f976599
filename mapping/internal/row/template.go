package row

import (
	"fmt"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Template is text with {{column}} in it. One without columns is a constant.
type Template struct {
	source string
	at     yamlfile.Position
	parts  []part
}

const (
	mostParts = 1000
	mostText  = 64 << 20 // bytes of a text that columns make together
)

// part is a piece of literal text, or a column with the converters behind it.
type part struct {
	literal string
	column  string
}

// NewTemplate reads a template. What it has of columns is looked for when it is compiled.
func NewTemplate(d *steps.Reader, source string, at yamlfile.Position) *Template {
	t := &Template{source: source, at: at}
	rest := source
	for {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{literal: before})
		}
		if !found {
			return t
		}
		name, tail, closed := strings.Cut(after, "}}")
		if !closed {
			d.Mistake(at, "a {{ is not closed by }}")
			return t
		}
		if strings.TrimSpace(name) == "" {
			d.Mistake(at, "{{}} names no column")
			return t
		}
		t.parts = append(t.parts, part{column: name})
		rest = tail
		if len(t.parts) > mostParts {
			d.Mistake(at, "a text has at most %d columns in it", mostParts/2)
			return t
		}
	}
}

// Constant tells whether no column is in the template.
func (t *Template) Constant() bool {
	for _, p := range t.parts {
		if p.column != "" {
			return false
		}
	}
	return true
}

// String is the template as it is written.
func (t *Template) String() string { return t.source }

// At is where it is written.
func (t *Template) At() yamlfile.Position { return t.at }

// Uses tells whether a name stands in the template.
func (t *Template) Uses(name string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return text.FoldName(p.column) == name })
}

// Filled is the template with a text in the place of each column.
func (t *Template) Filled(with string) string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.column != "" {
			b.WriteString(with)
		}
	}
	return b.String()
}

// NewVarying reads a text that must differ from row to row. It is nil if there is none.
func NewVarying(d *steps.Reader, p yamlfile.Pair) *Template {
	source, at, ok := d.Text(p.Value, p.Key)
	if !ok {
		return nil
	}
	t := NewTemplate(d, source, at)
	if t.Constant() {
		d.Mistake(at, "%s must differ from row to row: name a column in it, as {{column}}", p.Key)
	}
	return t
}

// Appender appends a compiled template's text for one row.
type Appender func(dst []byte, r *Row) []byte

// Canonical is the template's text, whatever the spelling of its columns' names.
func (t *Template) Canonical() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.column != "" {
			b.WriteString("{{" + text.FoldName(p.column) + "}}")
		}
	}
	return b.String()
}

// Template ties a template to the columns of an input. Its mistakes are columns and
// converters that don't exist.
func (c *Columns) Template(t *Template) Appender {
	texts := make([]Text, len(t.parts))
	for i, p := range t.parts {
		texts[i] = c.part(p, t.at)
	}
	return func(dst []byte, r *Row) []byte {
		for _, text := range texts {
			dst = append(dst, text(r)...)
			if len(dst) > mostText {
				r.fault(&Problem{Error: "too_long", Message: fmt.Sprintf("the text is longer than %d MB", mostText>>20), Hint: "name fewer columns in it, or shorten the cells"})
				break
			}
		}
		return dst
	}
}

// Text compiles a template into a reader of its text.
func (c *Columns) Text(t *Template) Text {
	text := c.Template(t)
	return func(r *Row) string {
		r.scratch = text(r.scratch[:0], r)
		return string(r.scratch)
	}
}

// Piece is a compiled piece of a template.
type Piece struct {
	Literal string
	Column  string // as the template names it; "" for a literal
	Text    Text   // of the column; nil for a literal
}

// Pieces compiles a template piece by piece.
func (c *Columns) Pieces(t *Template) []Piece {
	pieces := make([]Piece, len(t.parts))
	for i, p := range t.parts {
		pieces[i] = Piece{Literal: p.literal, Column: p.column}
		if p.column != "" {
			pieces[i].Text = c.part(p, t.at)
		}
	}
	return pieces
}

func (c *Columns) part(p part, at yamlfile.Position) Text {
	if p.column == "" {
		return func(*Row) string { return p.literal }
	}
	if word := c.words[text.FoldName(p.column)]; word != nil {
		return word
	}
	return c.piped(p.column, at)
}

// piped compiles what stands between {{ and }}. A column whose own name has a | in
// it is tried first.
func (c *Columns) piped(name string, at yamlfile.Position) Text {
	if _, err := c.Header.Find(name); err == nil || !strings.Contains(name, "|") {
		return c.Column(name, at)
	}
	names := strings.Split(name, "|")
	value := c.Column(names[0], at)
	for _, name := range names[1:] {
		convert := steps.Converter(strings.TrimSpace(name))
		if convert == nil {
			c.Mistake(at, "there is no converter %q; there are %s", strings.TrimSpace(name), text.QuoteList(steps.Converters(), 20))
			continue
		}
		inner := value
		value = func(r *Row) string { return convert(inner(r)) }
	}
	return value
}
