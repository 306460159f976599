package mapping

import (
	"slices"

	"wolkvox-import/mapping/internal/text"
)

// Trace is what became of one field of a row.
type Trace struct {
	Field   string
	From    string // where its value comes from, as the mapping says it
	Steps   []TraceStep
	Problem *Problem // why it can't be sent; nil if it can
}

// TraceStep is a value after a step; the first, without a name, is before all steps.
type TraceStep struct {
	Name, Value string
}

// Explain applies a row as Apply does, and tells step by step what became of its fields.
func (p *Program) Explain(cells []string, key string) (Case, []Trace, []Problem) {
	var traces []Trace
	p.watcher = func(f *field, step, value string) {
		if step == "" {
			traces = append(traces, Trace{Field: f.name, From: f.from()})
		}
		last := &traces[len(traces)-1]
		last.Steps = append(last.Steps, TraceStep{step, value})
	}
	defer func() { p.watcher = nil }()
	c, problems := p.Apply(cells, key)
	for _, problem := range problems {
		i := slices.IndexFunc(traces, func(t Trace) bool { return t.Field == problem.Field })
		if i < 0 {
			traces = append(traces, Trace{Field: problem.Field})
			i = len(traces) - 1
		}
		traces[i].Problem = &problem
	}
	return c, traces, problems
}

// DateColumn is how the dates of a column are written, as far as its cells prove it.
type DateColumn = text.DateColumn

// Dates follows how the dates of the columns are written, field by field, over all rows
// that are applied from now on.
func (p *Program) Dates() map[string]*DateColumn {
	columns := map[string]*DateColumn{}
	p.watcher = func(f *field, step, value string) {
		patterns, ok := f.DatePatterns()
		if !ok || !f.BeforeDate(step) {
			return
		}
		column := columns[f.name]
		if column == nil {
			column = text.NewDateColumn(patterns...)
			columns[f.name] = column
		}
		column.Add(value)
	}
	return columns
}
