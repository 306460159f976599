package account

import (
	"encoding/json"
	"iter"

	"wolkvox-import/importer/internal/ahead"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/reports"
)

// Outcomes are the records of one input, in the order of its rows, read and decoded ahead of the loop
// over them, since decoding them takes as long as writing them into reports. An error comes last; the
// outcomes before it are good. Until the loop ends the view must not be closed.
func Outcomes(view ledger.View, input int) iter.Seq2[reports.Outcome, error] {
	// Outcomes travel in steps of a batch, so that handing them on costs nothing a row. An error comes
	// with the outcomes before it.
	type step struct {
		outcomes []reports.Outcome
		err      error
	}
	steps := ahead.Of(func(yield func(step) bool) {
		var s step
		for record, err := range view.Records(input) {
			var o reports.Outcome
			if err == nil {
				err = json.Unmarshal(record.Outcome, &o)
			}
			if err != nil {
				s.err = err
				break
			}
			if s.outcomes = append(s.outcomes, o); len(s.outcomes) == intake.BatchRows {
				if !yield(s) {
					return
				}
				s = step{}
			}
		}
		yield(s)
	})
	return func(yield func(reports.Outcome, error) bool) {
		for s := range steps {
			for _, o := range s.outcomes {
				if !yield(o, nil) {
					return
				}
			}
			if s.err != nil {
				yield(reports.Outcome{}, s.err)
				return
			}
		}
	}
}
