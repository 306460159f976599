package account

import (
	"fmt"
	"iter"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/reports"
)

// Write renders one input's records. If some outcome needs its cells, reopen opens the input anew;
// otherwise it is nil. If the input is gone or has changed, a note says so, and the reports that show
// cells are left out.
func (a *Account) Write(
	view ledger.View, i int, about reports.About, reopen func() (*source.Reader, error),
) (s reports.Summary, files, notes []string, err error) {
	in := a.Inputs[i]
	set := reports.Set{
		Dir:     in.Out,
		Formats: a.Formats,
		Header:  in.Header,
		Inputs:  a.Keep,
		Note:    func(text string) { notes = append(notes, text) },
	}
	c := &cells{rejects: in.Rejects}
	if reopen != nil {
		if c.reader, err = reopen(); err != nil {
			notes = append(notes, fmt.Sprintf("rejects.csv and changed.csv are not written: %v", err))
			// Without a header no report shows cells.
			set.Header = nil
		} else {
			defer c.reader.Close()
		}
	}
	s, files, err = set.Write(lines(view, i, c), func(reports.Summary) reports.About { return about })
	return s, files, notes, err
}

// showsCells tells whether a report shows the row's cells: rejects.csv and changed.csv do.
func showsCells(o reports.Outcome) bool {
	return o.Changed || o.Status == reports.Rejected || o.Status == reports.Invalid
}

// NeedsCells tells whether a report shows any row's cells. If none does, the input need not be there
// any more, and nothing is said about it.
func NeedsCells(view ledger.View, i int) (bool, error) {
	for o, err := range Outcomes(view, i) {
		if err != nil || showsCells(o) {
			return err == nil, err
		}
	}
	return false, nil
}

// lines joins outcomes with their cells. It ends with the first error.
func lines(view ledger.View, i int, c *cells) iter.Seq2[reports.Line, error] {
	return func(yield func(reports.Line, error) bool) {
		for o, err := range Outcomes(view, i) {
			line := reports.Line{Outcome: o}
			if err == nil && c.reader != nil && showsCells(o) {
				line.Cells, err = c.at(o.Row)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}
