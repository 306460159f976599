package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Load reads a mapping file and, by tables, the files that it names; tables may be nil
// if it names none. It fails if the file can't be read as YAML at all; other
// mistakes are kept for [Mapping.Err] and [Mapping.Compile], so that all of them are
// reported at once. Close the Mapping when it is done with.
func Load(path string, tables Tables) (*Mapping, error) {
	file, root, err := yamlfile.Open(path)
	if err != nil {
		return nil, err
	}
	m := &Mapping{Path: path, file: file}
	d := &decoder{&steps.Reader{File: file, Tables: tables}}
	d.mapping(root, m)
	return m, nil
}

func (d *decoder) mapping(root yamlfile.Node, m *Mapping) {
	given := map[string]bool{}
	for _, p := range d.Pairs(root, "a mapping") {
		given[p.Key] = true
		switch p.Key {
		case "operation":
			m.Operation = d.operation(p)
		case "key":
			m.key = row.NewVarying(d.Reader, p)
		case "marker":
			m.marker = d.marker(p)
		case "when":
			if text, at, ok := d.Text(p.Value, "when"); ok {
				m.when = &row.Expression{Source: text, At: at}
			}
		case "input":
			m.Input = d.input(p)
		case "lookups":
			m.lookups = row.NewLookups(d.Reader, p)
		case "case":
			d.caseFields(p, m)
		case "closed":
			m.closed = d.closed(p)
		case "attachments":
			m.files = d.fileRules(p)
		default:
			d.Unknown(p, "a mapping", sections)
		}
	}
	if m.key != nil {
		m.KeyText = m.key.Canonical()
	}
	top := yamlfile.At(root)
	for _, name := range []string{"operation", "case"} {
		if !given[name] {
			d.Mistake(yamlfile.Position{Line: top.Line, Column: 1}, "the mapping has no `%s:`", name)
		}
	}
}

func (d *decoder) operation(p yamlfile.Pair) string {
	name, at, ok := d.Text(p.Value, "operation")
	d.Todo(name, at)
	if ok && text.Blank(name) {
		d.Mistake(at, "operation is empty: it is the Wolkvox operation that the token belongs to")
	}
	return strings.TrimSpace(name)
}

// marker reads the marker. The key must be in it: by a marker that two rows can share,
// the case of one would be taken for the other's.
func (d *decoder) marker(p yamlfile.Pair) *row.Template {
	t := row.NewVarying(d.Reader, p)
	if t != nil && !t.Uses("key") {
		d.Mistake(t.At(), "marker must have {{key}} in it, so that no two cases have the same")
	}
	return t
}

func (d *decoder) caseFields(p yamlfile.Pair, m *Mapping) {
	given := map[string]*field{}
	known := append(slices.Clone(apiFields), "form")
	for _, entry := range d.Pairs(p.Value, "case") {
		switch {
		case entry.Key == "form" && yamlfile.IsNull(entry.Value): // all of it is comments yet
		case entry.Key == "form":
			for _, f := range d.Pairs(entry.Value, "form") {
				m.form = append(m.form, d.formField(f, "form.", 0))
			}
		case slices.Contains(apiFields, entry.Key):
			given[entry.Key] = d.field(entry, "")
		default:
			d.Unknown(entry, "case", known)
		}
	}
	for _, name := range apiFields {
		f := given[name]
		switch {
		case f != nil:
			f.Required = name != "solution"
			m.fields = append(m.fields, f)
		case name != "solution":
			d.Mistake(p.At, "case has no `%s:`, which the CRM requires", name)
		}
	}
}

func (d *decoder) closed(p yamlfile.Pair) map[string]bool {
	closed := map[string]bool{}
	for _, n := range d.List(p.Value) {
		if text, at, ok := d.Text(n, "a status in closed"); ok {
			d.Todo(text, at)
			closed[text] = true
		}
	}
	return closed
}

func (d *decoder) input(p yamlfile.Pair) Input {
	var in Input
	for _, e := range d.Pairs(p.Value, "input") {
		switch e.Key {
		case "sheet":
			in.Sheet, _, _ = d.Text(e.Value, "sheet")
		case "header_row":
			in.HeaderRow = d.Count(e.Value, "header_row")
		case "delimiter":
			in.Delimiter = d.delimiter(e.Value)
		case "encoding":
			in.Encoding, _, _ = d.Text(e.Value, "encoding")
		case "empty":
			for _, n := range d.List(e.Value) {
				if text, _, ok := d.Text(n, "empty"); ok {
					in.Empty = append(in.Empty, text)
				}
			}
		default:
			d.Unknown(e, "input", []string{"sheet", "header_row", "delimiter", "encoding", "empty"})
		}
	}
	return in
}

func (d *decoder) delimiter(n yamlfile.Node) rune {
	text, at, ok := d.Text(n, "delimiter")
	if !ok {
		return 0
	}
	r, err := ParseDelimiter(text)
	if err != nil {
		d.Mistake(at, "%s", err)
	}
	return r
}

// ParseDelimiter reads a delimiter as people write it: one character, or "tab".
func ParseDelimiter(text string) (rune, error) {
	switch text {
	case "tab", "TAB", `\t`:
		return '\t', nil
	case "":
		return 0, nil
	}
	r, n := utf8.DecodeRuneInString(text)
	if n != len(text) || r == utf8.RuneError || strings.ContainsRune("\"\r\n", r) {
		return 0, fmt.Errorf("the delimiter %q is not one character, or tab", text)
	}
	return r, nil
}
