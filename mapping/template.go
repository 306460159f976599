package mapping

import (
	"fmt"
	"strings"

	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// template is text with {{column}} in it. A template without columns is a constant.
type template struct {
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

func (d *decoder) template(source string, at yamlfile.Position) *template {
	t := &template{source: source, at: at}
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

func (t *template) constant() bool {
	for _, p := range t.parts {
		if p.column != "" {
			return false
		}
	}
	return true
}

// appender appends a compiled template's text for one row.
type appender func(dst []byte, r *row) []byte

// canonical is the template's text, whatever the spelling of its columns' names.
func (t *template) canonical() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.column != "" {
			b.WriteString("{{" + text.FoldName(p.column) + "}}")
		}
	}
	return b.String()
}

// template ties a template to the columns of an input. Its mistakes are columns and
// converters that don't exist.
func (c *compiler) template(t *template) appender {
	texts := make([]func(*row) string, len(t.parts))
	for i, p := range t.parts {
		texts[i] = c.part(p, t.at)
	}
	return func(dst []byte, r *row) []byte {
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

func (c *compiler) part(p part, at yamlfile.Position) func(*row) string {
	if p.column == "" {
		return func(*row) string { return p.literal }
	}
	if word := c.words[text.FoldName(p.column)]; word != nil {
		return word
	}
	return c.piped(p.column, at)
}

// piped compiles what stands between {{ and }}. A column whose own name has a | in
// it is tried first.
func (c *compiler) piped(name string, at yamlfile.Position) func(*row) string {
	if _, err := c.header.Find(name); err == nil || !strings.Contains(name, "|") {
		return c.column(name, at)
	}
	names := strings.Split(name, "|")
	value := c.column(names[0], at)
	for _, name := range names[1:] {
		convert := steps.Converter(strings.TrimSpace(name))
		if convert == nil {
			c.Mistake(at, "there is no converter %q; there are %s", strings.TrimSpace(name), text.QuoteList(steps.Converters(), 20))
			continue
		}
		inner := value
		value = func(r *row) string { return convert(inner(r)) }
	}
	return value
}
