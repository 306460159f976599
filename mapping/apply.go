package mapping

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"wolkvox-import/mapping/internal/text"
)

// Case is what a row became.
type Case struct {
	JSON        []byte // the request's object, without its attachments
	Key         string
	Marker      string // the description's last line, "" where the mapping has none
	Length      int    // of the description, in characters
	Bytes       int    // of the description
	Contact     string
	Attachments []Attachment
	LeftOut     []LeftOut // files that the row names and that are not sent

	Type, Status, Priority, Responsible, Owner string // as they are sent
}

// scientific is how spreadsheets show a number whose last digits they dropped; with
// a decimal comma too. It needs the exponent's sign, since 1E5 may well be an id.
var scientific = regexp.MustCompile(`^[+-]?\d(?:[.,]\d+)?[eE][+-]\d{2,3}$`)

// HasKey tells whether the mapping has a `key:`; without one, rows are known by
// their cells.
func (p *Program) HasKey() bool { return len(p.key) > 0 }

// Key returns the row's key. A blank column in it, or one in scientific notation,
// is a problem, because rows would be taken for one another.
func (p *Program) Key(cells []string) (string, *Problem) {
	p.keyed.cells, p.keyed.problem = cells, nil
	var key strings.Builder
	for _, part := range p.key {
		text := part.text(&p.keyed)
		if part.column != "" {
			if problem := keyProblem(part.column, text); problem != nil {
				return "", problem
			}
		}
		key.WriteString(text)
	}
	if p.keyed.problem != nil { // such as a lookup's: what is left of the key may be another row's
		return "", p.keyed.problem
	}
	return text.Key(key.String()), nil
}

func keyProblem(column, cell string) *Problem {
	switch {
	case text.Blank(cell):
		return &Problem{Field: "key", Error: "blank_key", Message: fmt.Sprintf("key: the column %q is blank", column),
			Hint: "every row needs a value there: it is what keeps the row from being imported twice"}
	case scientific.MatchString(strings.TrimSpace(cell)):
		return &Problem{Field: "key", Error: "key_lost_digits", Message: fmt.Sprintf("key: %q in the column %q is a number whose digits a spreadsheet has cut", cell, column),
			Hint: "export the column as text from the old system; the digits can't be had back from here"}
	}
	return nil
}

// Wants tells whether a row is to be imported at all, by `when`.
func (p *Program) Wants(cells []string) (bool, *Problem) {
	p.row.cells = cells
	for _, when := range p.when {
		yes, err := when(&p.row)
		if err != nil {
			return false, &Problem{Field: "when", Error: "expression", Message: fmt.Sprintf("when: the expression fails: %s", err),
				Hint: "correct the cells that it uses, or the expression in the mapping"}
		}
		if !yes {
			return false, nil
		}
	}
	return true, nil
}

// Apply makes a case of a row. It returns every problem of the row; the case is good only
// where there is none. key is the row's, from [Program.Key] or made of its cells.
func (p *Program) Apply(cells []string, key string) (Case, []Problem) {
	p.row.cells, p.row.key, p.row.problem = cells, key, nil
	files := p.attachments(&p.row)
	b := builder{program: p, marker: p.markerLine(), c: Case{Key: key, Attachments: files.files, LeftOut: slices.Clone(files.leftOut)}, json: p.json[:0]}
	b.c.Marker = strings.TrimSpace(b.marker)
	b.names = p.fileNames(files)
	b.json = append(b.json, p.opening...)
	for i := range p.fields {
		b.field(&p.fields[i])
	}
	b.json = append(b.json, `,"form":{`...)
	b.members(p.form)
	b.json = append(b.json, "}}"...)
	p.json = b.json // its memory is for the next row
	if !utf8.Valid(b.json) {
		b.json = bytes.ToValidUTF8(b.json, []byte("\ufffd"))
	}
	b.problems = append(b.problems, files.problems...)
	if len(b.problems) > 0 {
		return Case{}, b.problems
	}
	b.c.JSON = bytes.Clone(b.json)
	return b.c, nil
}

// markerLine is the row's marker, with the line break before it. Another one, in a key,
// must not push it off the last line.
func (p *Program) markerLine() string {
	if p.marker == nil {
		return ""
	}
	p.row.scratch = p.marker(append(p.row.scratch[:0], '\n'), &p.row)
	text := string(p.row.scratch)
	if strings.IndexFunc(text[1:], func(r rune) bool { return r != ' ' && unicode.IsSpace(r) }) >= 0 {
		text = "\n" + strings.Join(strings.Fields(text), " ")
	}
	return strings.TrimRight(text, " ")
}

// builder puts one case together.
type builder struct {
	program  *Program
	c        Case
	json     []byte
	problems []Problem
	names    string // of the files, for the description
	marker   string // with the line break before it
	closes   bool   // the status met so far needs a solution
}

func (b *builder) field(f *compiled) {
	if f.json == "solution" && !b.closes {
		return
	}
	v, problem := f.value(&b.program.row)
	tail := ""
	if problem == nil {
		if f.json == "description" {
			tail = b.tail(f, v)
		}
		v, problem = f.fit(v, utf8.RuneCountInString(tail))
	}
	switch {
	case problem != nil:
		b.problems = append(b.problems, *problem)
		return
	case f.json == "solution" && text.Blank(v):
		b.problems = append(b.problems, *solutionMissing(f))
		return
	}
	switch f.json {
	case "contact":
		b.c.Contact = v
	case "case-type":
		b.c.Type = v
	case "responsible":
		b.c.Responsible = v
	case "owner":
		b.c.Owner = v
	case "priority":
		b.c.Priority = v
	case "status":
		b.c.Status, b.closes = v, b.program.closed[v]
	case "description":
		b.c.Length, b.c.Bytes = utf8.RuneCountInString(v)+utf8.RuneCountInString(tail), len(v)+len(tail)
	}
	b.json = append(b.json, f.prefix...)
	b.json = text.AppendEscaped(b.json, v)
	if tail != "" {
		b.json = text.AppendEscaped(b.json, tail)
	}
	b.json = append(b.json, '"')
}

// tail is what stands behind the description's text: the files' names and the marker.
// Where all does not fit, the names give way until the text has half of the room.
func (b *builder) tail(f *compiled, text string) string {
	names := b.names
	if names != "" && f.Max > 0 {
		room := f.Max - utf8.RuneCountInString(b.marker)
		names = shortenNames(names, max(room/2, room-utf8.RuneCountInString(text)))
	}
	if names == "" {
		return b.marker
	}
	return names + b.marker
}

func solutionMissing(f *compiled) *Problem {
	p := f.missing()
	p.Message += ", and the status is one that closes"
	p.Hint = "the CRM requires a solution for closed cases: fill the cell, or give solution a default in the mapping"
	return p
}
