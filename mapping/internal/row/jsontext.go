package row

import (
	"encoding/json"
	"fmt"
	"strings"

	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// JSON is a field's `json`: JSON with {{column}} in it. Within quotes a column's text
// is escaped; outside of them it must be JSON itself, such as a number.
type JSON struct {
	parts []jsonPart
	at    yamlfile.Position
}

type jsonPart struct {
	text   *Template
	quoted bool
}

// NewJSON reads it.
func NewJSON(d *steps.Reader, source string, at yamlfile.Position) *JSON {
	t := NewTemplate(d, source, at)
	j := &JSON{at: at}
	var probe strings.Builder // the JSON, with something in every column's place
	quoted := false
	for _, p := range t.parts {
		if p.column == "" {
			probe.WriteString(p.literal)
			quoted = endsQuoted(p.literal, quoted)
			j.parts = append(j.parts, jsonPart{text: &Template{parts: []part{p}}})
			continue
		}
		if quoted {
			probe.WriteString("x")
		} else {
			probe.WriteString("1")
		}
		j.parts = append(j.parts, jsonPart{&Template{parts: []part{p}, at: at}, quoted})
	}
	var any json.RawMessage
	if err := json.Unmarshal([]byte(probe.String()), &any); err != nil {
		d.Mistake(at, "this is not JSON (%s); write it as '{\"name\": \"{{column}}\"}'", err)
	}
	return j
}

// endsQuoted follows the quotes of a piece of JSON.
func endsQuoted(text string, quoted bool) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '"':
			quoted = !quoted
		}
	}
	return quoted
}

// JSON compiles it. Its value is "" if every column in it is empty: a currency
// without an amount is nothing to send.
func (c *Columns) JSON(j *JSON, name string) Text {
	texts := make([]Appender, len(j.parts))
	columns := false
	for i, p := range j.parts {
		texts[i] = c.Template(p.text)
		columns = columns || !p.text.Constant()
	}
	var value []byte
	return func(r *Row) string {
		out, empty := r.scratch[:0], columns
		for i, p := range j.parts {
			if p.text.Constant() {
				out = texts[i](out, r)
				continue
			}
			value = texts[i](value[:0], r)
			empty = empty && len(strings.TrimSpace(string(value))) == 0
			if p.quoted {
				out = text.AppendEscaped(out, string(value))
			} else {
				out = append(out, strings.TrimSpace(string(value))...)
			}
		}
		r.scratch = out
		switch {
		case empty:
			return ""
		case !json.Valid(out):
			r.fault(&Problem{Field: name, Error: "invalid_json", Message: fmt.Sprintf("%s: %s is not JSON", name,
				text.Shorten(string(out), 80)),
				Hint: "put the column within quotes, or correct the cell"})
		}
		return string(out)
	}
}
