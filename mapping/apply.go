package mapping

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Case is what a row became.
type Case struct {
	JSON        []byte // the request's object, without its attachments
	Key         string
	Marker      string // the description's last line, "" where the mapping has none
	Length      int    // of the description, in characters
	Contact     string
	Attachments []Attachment
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
	p.row.cells = cells
	var key strings.Builder
	for _, part := range p.key {
		text := part.text(&p.row)
		if part.column != "" {
			if problem := keyProblem(part.column, text); problem != nil {
				return "", problem
			}
		}
		key.WriteString(text)
	}
	return keyText(key.String()), nil
}

func keyProblem(column, text string) *Problem {
	switch {
	case blank(text):
		return &Problem{Field: "key", Error: "blank_key", Message: fmt.Sprintf("key: the column %q is blank", column),
			Hint: "every row needs a value there: it is what keeps the row from being imported twice"}
	case scientific.MatchString(strings.TrimSpace(text)):
		return &Problem{Field: "key", Error: "key_lost_digits", Message: fmt.Sprintf("key: %q in the column %q is a number whose digits a spreadsheet has cut", text, column),
			Hint: "export the column as text from the old system; the digits can't be had back from here"}
	}
	return nil
}

// Apply makes a case of a row. It returns every problem of the row, and a case only
// where there is none. key is the row's, from [Program.Key] or made of its cells.
func (p *Program) Apply(cells []string, key string) (*Case, []Problem) {
	p.row.cells, p.row.key = cells, key
	b := builder{program: p, c: &Case{Key: key}}
	b.json = append(b.json, `{"operation":`...)
	b.json = appendString(b.json, p.operation)
	if p.marker != nil {
		// A line break in a key must not push the marker off the last line.
		b.c.Marker = strings.Join(strings.Fields(string(p.marker(nil, &p.row))), " ")
	}
	for i := range p.fields {
		b.field(&p.fields[i])
	}
	b.formFields()
	b.c.Attachments = p.attachments(&p.row, &b.problems)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	b.c.JSON = append(b.json, '}')
	return b.c, nil
}

// builder puts one case together.
type builder struct {
	program  *Program
	c        *Case
	json     []byte
	problems []Problem
	closes   bool // the status met so far needs a solution
}

func (b *builder) field(f *compiled) {
	reserve := 0
	if f.json == "description" && b.c.Marker != "" {
		reserve = utf8.RuneCountInString(b.c.Marker) + 1
	}
	if f.json == "solution" && !b.closes {
		return
	}
	v, problem := f.value(&b.program.row, reserve)
	switch {
	case problem != nil:
		b.problems = append(b.problems, *problem)
		return
	case f.json == "solution" && blank(v):
		b.problems = append(b.problems, *solutionMissing(f))
		return
	}
	switch f.json {
	case "contact":
		b.c.Contact = v
	case "status":
		b.closes = b.program.closed[v]
	case "description":
		if b.c.Marker != "" {
			v += "\n" + b.c.Marker
		}
		b.c.Length = utf8.RuneCountInString(v)
	}
	b.append(f.json, v)
}

func solutionMissing(f *compiled) *Problem {
	p := f.missing()
	p.Message += ", and the status is one that closes"
	p.Hint = "the CRM requires a solution for closed cases: fill the cell, or give solution a default in the mapping"
	return p
}

func (b *builder) append(name, value string) {
	b.json = append(b.json, ',')
	b.json = appendString(b.json, name)
	b.json = append(b.json, ':')
	b.json = appendString(b.json, value)
}

// formFields appends the tenant's own fields; empty ones are left out.
func (b *builder) formFields() {
	b.json = append(b.json, `,"form":{`...)
	open := len(b.json)
	for i := range b.program.form {
		f := &b.program.form[i]
		v, problem := f.value(&b.program.row, 0)
		switch {
		case problem != nil:
			b.problems = append(b.problems, *problem)
		case !blank(v):
			if len(b.json) > open {
				b.json = append(b.json, ',')
			}
			b.json = appendString(b.json, f.json)
			b.json = append(b.json, ':')
			b.json = appendString(b.json, v)
		}
	}
	b.json = append(b.json, '}')
}
