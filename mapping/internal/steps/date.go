package steps

import (
	"fmt"
	"strings"
	"time"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// buildDate reads date: true, date: DD/MM/YYYY, or date: {from: …, to: …}.
func buildDate(d *Reader, n yamlfile.Node, c *Chain) Step {
	rule := &text.DateRule{In: time.UTC}
	switch {
	case yamlfile.IsFlag(n):
		if !d.Flag(n, "date") {
			return nil
		}
	case yamlfile.IsObject(n):
		d.dateRule(n, rule)
	default:
		rule.From = d.datePatterns(n)
	}
	c.date = rule
	return func(v string) (string, *Refusal) {
		if text.Blank(v) {
			return "", nil
		}
		text, ok := rule.Convert(v)
		if !ok {
			return "", dateRefusal(rule, v)
		}
		return text, nil
	}
}

// dateRule reads from and to. What is written has no names of months: their language would be
// a guess.
func (d *Reader) dateRule(n yamlfile.Node, rule *text.DateRule) {
	for _, e := range d.Pairs(n, "date") {
		switch e.Key {
		case "from":
			rule.From = d.datePatterns(e.Value)
		case "to":
			if patterns := d.datePatterns(e.Value); len(patterns) > 0 {
				rule.To = patterns[0]
				if strings.Contains(rule.To.String(), "MMM") {
					d.Mistake(yamlfile.At(e.Value), "to can't have MMM in it: write the month as MM")
				}
			}
		default:
			d.Unknown(e, "date", []string{"from", "to"})
		}
	}
}

func (d *Reader) datePatterns(n yamlfile.Node) (patterns []*text.DatePattern) {
	for _, item := range d.List(n) {
		source, at, ok := d.Text(item, "a date pattern")
		if !ok {
			continue
		}
		if d.Todo(source, at) {
			continue
		}
		p, err := text.ParseDatePattern(source)
		if err != nil {
			d.Mistake(at, "%s", err)
			continue
		}
		patterns = append(patterns, p)
	}
	return patterns
}

// buildTZ reads tz: America/Bogota, the zone of texts that don't say theirs and to which
// those that do are brought, or tz: {from: UTC, to: America/Bogota}.
func buildTZ(d *Reader, n yamlfile.Node, c *Chain) Step {
	if c.date == nil {
		d.Mistake(yamlfile.At(n), "%s: tz needs a date beside it", c.name)
		return nil
	}
	switch {
	case yamlfile.IsObject(n):
		for _, e := range d.Pairs(n, "tz") {
			switch e.Key {
			case "from":
				c.date.In = d.zone(e.Value)
			case "to":
				c.date.Out = d.zone(e.Value)
			default:
				d.Unknown(e, "tz", []string{"from", "to"})
			}
		}
	default:
		c.date.In = d.zone(n)
		c.date.Out = c.date.In
	}
	return nil
}

// zone reads a zone by its name. Local is refused: a row would be another one on another
// machine.
func (d *Reader) zone(n yamlfile.Node) *time.Location {
	text, at, ok := d.Text(n, "a time zone")
	if !ok {
		return time.UTC
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		d.Mistake(at, "there is no time zone %q; they are named like America/Bogota, America/Sao_Paulo or UTC", text)
		return time.UTC
	}
	return zone
}

// dateRefusal proposes the patterns that the cell fits, if it is a date at all.
func dateRefusal(rule *text.DateRule, v string) *Refusal {
	if len(rule.From) == 0 {
		return &Refusal{Word: "date_without_pattern",
			Message: fmt.Sprintf("%q is a text, and nothing says in which order it has day and month", text.Shorten(v,
				40)),
			Hint: `say how the column is written, as date: {from: "DD/MM/YYYY HH:mm"}`}
	}
	p := &Refusal{Word: "not_a_date", Message: fmt.Sprintf("%q is no date as %s", text.Shorten(v, 40),
		strings.Join(rule.Sources(), " or ")),
		Hint: "correct the cell, or give the field another pattern: date: {from: [DD/MM/YYYY, YYYY-MM-DD]}"}
	if guess := text.NewDateColumn(); guess.Add(v) && len(guess.Fits()) > 0 {
		p.Hint = fmt.Sprintf("it can be read as %s: if the whole column is written so, give the field that pattern in "+
			"place of its own; else correct the cell", strings.Join(guess.Fits(), " or "))
	}
	return p
}
