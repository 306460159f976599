package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"wolkvox-import/mapping"
)

// Finding is a problem that rows have in common.
type Finding struct {
	Field   string
	Error   string
	Message string
	Hint    string
	Count   int
	Rows    string // as ranges: 7, 19, 23–31, …
}

// findings groups problems by field and message. If the texts become too many, further ones share the
// group of their field and error, whose message sends the person to results.csv. Its zero value is
// empty.
type findings struct {
	groups map[string]*group
	order  []*group
	texts  map[string]int // by field and error
}

// group is a finding that still grows, with the first ranges of its rows.
type group struct {
	Finding
	ranges []span
	input  int
}

// span is some rows that follow one another in one input.
type span struct{ first, last int }

const (
	mostGroups = 500 // texts of cells are in the messages, and there may be as many as rows
	mostTexts  = 30  // of one field and error: nobody reads more of a kind
	mostSpans  = 12
)

func (f *findings) add(input, row int, p mapping.Problem) {
	key := p.Field + "\x00" + p.Message
	g := f.groups[key]
	kind := p.Field + "\x00" + p.Error
	// Then only the texts that are listed already are still counted by themselves.
	if g == nil && (len(f.order) >= mostGroups || f.texts[kind] >= mostTexts) {
		key = kind
		g = f.groups[key]
		p.Message = fmt.Sprintf("%s: %s, with more texts than are listed here; see results.csv", p.Field, p.Error)
	}
	if g == nil {
		if f.groups == nil {
			f.groups, f.texts = map[string]*group{}, map[string]int{}
		}
		f.texts[kind]++
		g = &group{Finding: Finding{Field: p.Field, Error: p.Error, Message: p.Message, Hint: p.Hint}, input: input}
		f.groups[key] = g
		f.order = append(f.order, g)
	}
	g.Count++
	g.span(input, row)
}

// span notes a row; neighbours join into one range. Rows of two inputs never do.
func (g *group) span(input, row int) {
	last := len(g.ranges) - 1
	switch {
	case last >= 0 && g.input == input && g.ranges[last].last+1 == row:
		g.ranges[last].last = row
	case len(g.ranges) < mostSpans:
		g.ranges = append(g.ranges, span{row, row})
	}
	g.input = input
}

// list returns the findings, those of most rows first, and otherwise in the order in which they came.
func (f *findings) list() []Finding {
	list := make([]Finding, len(f.order))
	for i, g := range f.order {
		list[i] = g.Finding
		list[i].Rows = g.rows()
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// rows are the ranges as a text; an … says that there are more.
func (g *group) rows() string {
	texts, shown := make([]string, len(g.ranges)), 0
	for i, s := range g.ranges {
		texts[i] = fmt.Sprint(s.first)
		if s.last > s.first {
			texts[i] += fmt.Sprintf("–%d", s.last)
		}
		shown += s.last - s.first + 1
	}
	if shown < g.Count {
		texts = append(texts, "…")
	}
	return strings.Join(texts, ", ")
}
