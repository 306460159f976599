package mapping

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// dateRule is a field's step `date`, together with its `tz`.
type dateRule struct {
	from []*datePattern // as texts of the column are written
	to   *datePattern   // nil: the date, with the time of day where there is one
	in   *time.Location // of texts that don't say theirs
	out  *time.Location // nil: as it stands
}

// isoPatterns need no `from`, because nobody writes them in another order. The cells
// that a workbook keeps as dates arrive like that.
var isoPatterns = mustPatterns("YYYY-MM-DD HH:mm:ss", "YYYY-MM-DD", "YYYY-MM-DD HH:mm", "YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DDTHH:mm", "YYYY-MM-DDTHH:mm:ssZ", "YYYY-MM-DDTHH:mm:ss.SSSZ", "YYYY-MM-DD HH:mm:ss.SSS")

var dateAlone, dateAndTime = isoPatterns[1], isoPatterns[0]

func mustPatterns(sources ...string) []*datePattern {
	patterns := make([]*datePattern, len(sources))
	for i, s := range sources {
		p, err := parseDatePattern(s)
		if err != nil {
			panic(err) // they are our own
		}
		patterns[i] = p
	}
	return patterns
}

// buildDate reads date: true, date: DD/MM/YYYY, or date: {from: …, to: …}.
func buildDate(d *decoder, n ast.Node, f *field) step {
	rule := &dateRule{in: time.UTC}
	switch n := n.(type) {
	case *ast.BoolNode:
		if !d.flag(n, "date") {
			return nil
		}
	case *ast.MappingNode, *ast.MappingValueNode:
		d.dateRule(n, rule)
	default:
		rule.from = d.datePatterns(n)
	}
	f.date = rule
	name := f.name
	return func(v string) (string, *Problem) {
		if blank(v) {
			return "", nil
		}
		text, ok := rule.convert(v)
		if !ok {
			return "", rule.problem(name, v)
		}
		return text, nil
	}
}

func (d *decoder) dateRule(n ast.Node, rule *dateRule) {
	for _, e := range d.pairs(n, "date") {
		switch e.key {
		case "from":
			rule.from = d.datePatterns(e.value)
		case "to":
			if patterns := d.datePatterns(e.value); len(patterns) > 0 {
				rule.to = patterns[0]
				if strings.Contains(rule.to.source, "MMM") {
					d.mistake(where(e.value.GetToken()), "to can't have MMM in it: write the month as MM")
				}
			}
		default:
			d.unknown(e, "date", []string{"from", "to"})
		}
	}
}

func (d *decoder) datePatterns(n ast.Node) (patterns []*datePattern) {
	for _, item := range d.list(n) {
		text, at, ok := d.text(item, "a date pattern")
		if !ok {
			continue
		}
		if d.todo(text, at) {
			continue
		}
		p, err := parseDatePattern(text)
		if err != nil {
			d.mistake(at, "%s", err)
			continue
		}
		patterns = append(patterns, p)
	}
	return patterns
}

// buildTZ reads tz: America/Bogota, the zone of texts that don't say theirs and to which
// those that do are brought, or tz: {from: UTC, to: America/Bogota}.
func buildTZ(d *decoder, n ast.Node, f *field) step {
	if f.date == nil {
		d.mistake(where(n.GetToken()), "%s: tz needs a date beside it", f.name)
		return nil
	}
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		for _, e := range d.pairs(n, "tz") {
			switch e.key {
			case "from":
				f.date.in = d.zone(e.value)
			case "to":
				f.date.out = d.zone(e.value)
			default:
				d.unknown(e, "tz", []string{"from", "to"})
			}
		}
	default:
		f.date.in = d.zone(n)
		f.date.out = f.date.in
	}
	return nil
}

func (d *decoder) zone(n ast.Node) *time.Location {
	text, at, ok := d.text(n, "a time zone")
	if !ok {
		return time.UTC
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		d.mistake(at, "there is no time zone %q; they are named like America/Bogota, America/Sao_Paulo or UTC", text)
		return time.UTC
	}
	return zone
}

func (rule *dateRule) convert(v string) (string, bool) {
	t, p, ok := rule.parse(v)
	if !ok {
		return "", false
	}
	if rule.out != nil && p.clock() {
		t = t.In(rule.out)
	}
	switch {
	case rule.to != nil:
		return rule.to.format(t), true
	case p.clock():
		return dateAndTime.format(t), true
	}
	return dateAlone.format(t), true
}

func (rule *dateRule) parse(v string) (time.Time, *datePattern, bool) {
	for _, patterns := range [][]*datePattern{rule.from, isoPatterns} {
		for _, p := range patterns {
			if t, err := p.parse(v, rule.in); err == nil {
				return t, p, true
			}
		}
	}
	return time.Time{}, nil, false
}

// sources are the patterns of `from`, as they are written.
func (rule *dateRule) sources() []string {
	sources := make([]string, len(rule.from))
	for i, p := range rule.from {
		sources[i] = p.source
	}
	return sources
}

func (rule *dateRule) problem(field, v string) *Problem {
	if len(rule.from) == 0 {
		return &Problem{Field: field, Error: "date_without_pattern", Message: fmt.Sprintf("%s: %q is a text, and nothing says in which order it has day and month", field, shorten(v, 40)),
			Hint: `say how the column is written, as date: {from: "DD/MM/YYYY HH:mm"}`}
	}
	p := &Problem{Field: field, Error: "not_a_date", Message: fmt.Sprintf("%s: %q is no date as %s", field, shorten(v, 40), strings.Join(rule.sources(), " or ")),
		Hint: "correct the cell, or give the field another pattern: date: {from: [DD/MM/YYYY, YYYY-MM-DD]}"}
	if guess := NewDateColumn(); guess.Add(v) && len(guess.Fits()) > 0 {
		p.Hint = fmt.Sprintf("it can be read as %s: if the whole column is written so, give the field that pattern in place of its own; else correct the cell", strings.Join(guess.Fits(), " or "))
	}
	return p
}

// DateColumn proves how the dates of a column are written: by all of its cells, not by
// one of them. 03/04/2025 may be two dates; one 25/04/2025 beside it decides.
type DateColumn struct {
	Given   []string // patterns that the mapping says
	Cells   int      // that were no ISO dates
	Example string   // the cell that decided; "" where none did
	fits    []*datePattern
}

// candidates are the ways of writing that are looked for. They are made when the first
// column is looked at: most commands never do.
var candidates = sync.OnceValue(func() []*datePattern {
	var sources []string
	for _, mark := range []string{"/", "-", "."} {
		for _, order := range []string{"DD MM YYYY", "MM DD YYYY", "YYYY MM DD", "DD MM YY", "MM DD YY", "DD MMM YYYY", "MMM DD YYYY"} {
			for _, clock := range []string{"", " HH:mm", " HH:mm:ss", " hh:mm A", " hh:mm:ss A"} {
				sources = append(sources, strings.ReplaceAll(order, " ", mark)+clock)
			}
		}
	}
	for _, order := range []string{"DD MMM YYYY", "MMM DD, YYYY"} {
		for _, clock := range []string{"", " HH:mm", " HH:mm:ss", " hh:mm A", " hh:mm:ss A"} {
			sources = append(sources, order+clock)
		}
	}
	return mustPatterns(sources...)
})

// NewDateColumn begins with every pattern that is looked for, and those that are given.
func NewDateColumn(given ...string) *DateColumn {
	c := &DateColumn{Given: given, fits: slices.Clone(candidates())}
	for _, source := range given {
		if p, err := parseDatePattern(source); err == nil && !slices.ContainsFunc(c.fits, func(q *datePattern) bool { return q.source == source }) {
			c.fits = append(c.fits, p)
		}
	}
	return c
}

// Add rules out the patterns that a cell doesn't fit. It returns false once none is left.
func (c *DateColumn) Add(cell string) bool {
	if blank(cell) || isISO(cell) {
		return len(c.fits) > 0
	}
	c.Cells++
	before := len(c.fits)
	c.fits = slices.DeleteFunc(c.fits, func(p *datePattern) bool {
		_, err := p.parse(cell, time.UTC)
		return err != nil
	})
	if len(c.fits) == 1 && before > 1 {
		c.Example = shorten(strings.TrimSpace(cell), 30)
	}
	return len(c.fits) > 0
}

// Fits lists the patterns that every cell fits, none where there was no cell.
func (c *DateColumn) Fits() (patterns []string) {
	if c.Cells == 0 {
		return nil
	}
	for _, p := range c.fits {
		patterns = append(patterns, p.source)
	}
	return patterns
}

func isISO(v string) bool {
	if len(v) < 8 || v[0] < '0' || v[0] > '9' {
		return false
	}
	for _, p := range isoPatterns {
		if _, err := p.parse(v, time.UTC); err == nil {
			return true
		}
	}
	return false
}
