package importer

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/mapping"
)

// Check finds everything that can be known without sending: it runs the job up to the
// point where a row would be claimed, with a ledger that is thrown away.
func Check(ctx context.Context, job Job) (Result, []Finding, error) {
	p := &plan{job: job, dry: true}
	p.job.Tokens, p.job.Workers = nil, 1
	if err := p.settings(); err != nil {
		return Result{}, nil, err
	}
	server, err := crm.ParseServer("https://localhost")
	if err != nil {
		return Result{}, nil, err
	}
	p.server = server
	if err := p.open(); err != nil {
		return Result{}, nil, err
	}
	defer p.close()
	if p.mapping.KeyText == "" {
		p.job.Log.Warn("the mapping has no key: a row is known by the cells of the columns that the mapping uses; where one of those is corrected later, the row is taken for a new one")
	}
	if err := p.throwAway(); err != nil {
		return Result{}, nil, err
	}
	defer os.RemoveAll(filepath.Dir(p.job.Ledger))
	r, err := begin(ctx, p)
	if err != nil {
		return Result{}, nil, err
	}
	defer r.close()
	for _, in := range p.inputs {
		r.checkInput(in)
	}
	result, err := r.report()
	return result, r.findings.list(), err
}

func (p *plan) throwAway() error {
	dir, err := os.MkdirTemp("", "wolkvox-import-check-")
	if err != nil {
		return fmt.Errorf("check needs a temporary folder: %w", err)
	}
	p.job.Ledger = filepath.Join(dir, "check.db")
	return nil
}
func (r *run) checkInput(in *input) {
	defer r.finish(in)
	for batch, err := range in.batches() {
		if err == nil {
			err = r.identify(in, batch)
		}
		if err != nil {
			r.fail(err)
			return
		}
		for _, row := range batch {
			r.decide(in, row)
		}
		r.flush()
	}
}

// Finding is a problem that rows have in common.
type Finding struct {
	Field   string
	Error   string
	Message string
	Hint    string
	Count   int
	Rows    string // as ranges: 7, 19, 23–31, …
}

// Findings groups problems by field and message. Its zero value is empty.
type Findings struct {
	groups map[string]*group
	order  []*group
}

type group struct {
	Finding
	ranges []span
	input  int
}

type span struct{ first, last int }

const (
	mostGroups = 500 // texts of cells are in the messages, and there may be as many as rows
	mostSpans  = 12
)

func (f *Findings) add(input, row int, p mapping.Problem) {
	key := p.Field + "\x00" + p.Message
	g := f.groups[key]
	if g == nil && len(f.order) >= mostGroups {
		key = p.Field + "\x00" + p.Error
		g = f.groups[key]
		p.Message = fmt.Sprintf("%s: %s, with more texts than are listed here; see results.csv", p.Field, p.Error)
	}
	if g == nil {
		if f.groups == nil {
			f.groups = map[string]*group{}
		}
		g = &group{Finding: Finding{Field: p.Field, Error: p.Error, Message: p.Message, Hint: p.Hint}, input: input}
		f.groups[key] = g
		f.order = append(f.order, g)
	}
	g.Count++
	g.span(input, row)
}

// span notes a row; neighbours join into one range.
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

// list returns the findings, those of most rows first.
func (f *Findings) list() []Finding {
	list := make([]Finding, len(f.order))
	for i, g := range f.order {
		list[i] = g.Finding
		list[i].Rows = g.rows()
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

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
