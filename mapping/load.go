package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"wolkvox-import/mapping/internal/text"
)

// apiFields are the fields of insertAttach that a mapping gives, in the order in
// which they are sent. All but solution are required; solution is sent only for
// statuses that close.
var apiFields = []string{"case-type", "responsible", "owner", "contact", "description", "status", "priority", "solution"}

// sections are the keys of a mapping file.
var sections = []string{"operation", "key", "marker", "when", "input", "lookups", "case", "closed", "attachments"}

func (d *decoder) mapping(root ast.Node, m *Mapping) {
	given := map[string]bool{}
	for _, p := range d.pairs(root, "a mapping") {
		given[p.key] = true
		switch p.key {
		case "operation":
			m.Operation = d.operation(p)
		case "key":
			m.key = d.lasting(p)
		case "marker":
			m.marker = d.marker(p)
		case "when":
			if text, at, ok := d.text(p.value, "when"); ok {
				m.when = &expression{source: text, at: at}
			}
		case "input":
			m.Input = d.input(p)
		case "lookups":
			m.lookups = d.lookups(p)
		case "case":
			d.caseFields(p, m)
		case "closed":
			m.closed = d.closed(p)
		case "attachments":
			m.files = d.fileRules(p)
		default:
			d.unknown(p, "a mapping", sections)
		}
	}
	if m.key != nil {
		m.KeyText = m.key.canonical()
	}
	top := where(root.GetToken())
	for _, name := range []string{"operation", "case"} {
		if !given[name] {
			d.mistake(position{top.line, 1}, "the mapping has no `%s:`", name)
		}
	}
}

func (d *decoder) operation(p pair) string {
	name, at, ok := d.text(p.value, "operation")
	d.todo(name, at)
	if ok && text.Blank(name) {
		d.mistake(at, "operation is empty: it is the Wolkvox operation that the token belongs to")
	}
	return strings.TrimSpace(name)
}

// lasting reads key and marker, which are texts with columns.
func (d *decoder) lasting(p pair) *template {
	text, at, ok := d.text(p.value, p.key)
	if !ok {
		return nil
	}
	t := d.template(text, at)
	if t.constant() {
		d.mistake(at, "%s must differ from row to row: name a column in it, as {{column}}", p.key)
	}
	return t
}

// marker reads the marker. The key must be in it: by a marker that two rows can share,
// the case of one would be taken for the other's.
func (d *decoder) marker(p pair) *template {
	t := d.lasting(p)
	if t != nil && !slices.ContainsFunc(t.parts, func(p part) bool { return text.FoldName(p.column) == "key" }) {
		d.mistake(t.at, "marker must have {{key}} in it, so that no two cases have the same")
	}
	return t
}

func (d *decoder) caseFields(p pair, m *Mapping) {
	given := map[string]*field{}
	known := append(slices.Clone(apiFields), "form")
	for _, entry := range d.pairs(p.value, "case") {
		switch {
		case entry.key == "form" && entry.value.Type() == ast.NullType: // all of it is comments yet
		case entry.key == "form":
			for _, f := range d.pairs(entry.value, "form") {
				m.form = append(m.form, d.formField(f, "form.", 0))
			}
		case slices.Contains(apiFields, entry.key):
			given[entry.key] = d.field(entry, "")
		default:
			d.unknown(entry, "case", known)
		}
	}
	for _, name := range apiFields {
		f := given[name]
		switch {
		case f != nil:
			f.required = name != "solution"
			m.fields = append(m.fields, f)
		case name != "solution":
			d.mistake(p.at, "case has no `%s:`, which the CRM requires", name)
		}
	}
}

func (d *decoder) closed(p pair) map[string]bool {
	closed := map[string]bool{}
	for _, n := range d.list(p.value) {
		if text, at, ok := d.text(n, "a status in closed"); ok {
			d.todo(text, at)
			closed[text] = true
		}
	}
	return closed
}

func (d *decoder) input(p pair) Input {
	var in Input
	for _, e := range d.pairs(p.value, "input") {
		switch e.key {
		case "sheet":
			in.Sheet, _, _ = d.text(e.value, "sheet")
		case "header_row":
			in.HeaderRow = d.count(e.value, "header_row")
		case "delimiter":
			in.Delimiter = d.delimiter(e.value)
		case "encoding":
			in.Encoding, _, _ = d.text(e.value, "encoding")
		case "empty":
			for _, n := range d.list(e.value) {
				if text, _, ok := d.text(n, "empty"); ok {
					in.Empty = append(in.Empty, text)
				}
			}
		default:
			d.unknown(e, "input", []string{"sheet", "header_row", "delimiter", "encoding", "empty"})
		}
	}
	return in
}

func (d *decoder) delimiter(n ast.Node) rune {
	text, at, ok := d.text(n, "delimiter")
	if !ok {
		return 0
	}
	r, err := ParseDelimiter(text)
	if err != nil {
		d.mistake(at, "%s", err)
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
