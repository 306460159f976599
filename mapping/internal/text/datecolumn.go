package text

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// DateColumn proves how the dates of a column are written: by all of its cells, not by
// one of them. 03/04/2025 may be two dates; one 25/04/2025 beside it decides.
type DateColumn struct {
	Given   []string // patterns that the mapping says
	Cells   int      // that were no ISO dates
	Example string   // the cell that decided; "" if none did
	fits    []*DatePattern
}

// candidates are the ways of writing that are looked for. They are made when the first
// column is looked at: most commands never do.
var candidates = sync.OnceValue(func() []*DatePattern {
	var sources []string
	for _, mark := range []string{"/", "-", "."} {
		for _, order := range []string{"DD MM YYYY", "MM DD YYYY", "YYYY MM DD", "DD MM YY", "MM DD YY",
			"DD MMM YYYY", "MMM DD YYYY"} {
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
		if p, err := ParseDatePattern(source); err == nil && !slices.ContainsFunc(c.fits,
			func(q *DatePattern) bool { return q.source == source }) {
			c.fits = append(c.fits, p)
		}
	}
	return c
}

// Add rules out the patterns that a cell doesn't fit. It returns false once none is left.
func (c *DateColumn) Add(cell string) bool {
	if Blank(cell) || IsISODate(cell) {
		return len(c.fits) > 0
	}
	c.Cells++
	before := len(c.fits)
	c.fits = slices.DeleteFunc(c.fits, func(p *DatePattern) bool {
		_, err := p.parse(cell, time.UTC)
		return err != nil
	})
	if len(c.fits) == 1 && before > 1 {
		c.Example = Shorten(strings.TrimSpace(cell), 30)
	}
	return len(c.fits) > 0
}

// Fits lists the patterns that every cell fits, none if there was no cell.
func (c *DateColumn) Fits() (patterns []string) {
	if c.Cells == 0 {
		return nil
	}
	for _, p := range c.fits {
		patterns = append(patterns, p.source)
	}
	return patterns
}

func IsISODate(v string) bool {
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
