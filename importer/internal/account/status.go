package account

import (
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// Status derives the exit status from what became of the rows, why the run stopped (nil if it
// reached the end of its inputs), and what failed after that. If several hold, 4 comes first,
// then 1, 5, 3.
func Status(s *reports.Summary, halt *stop.Halt, failed error) int {
	n := s.Outcomes
	switch {
	case n[reports.InDoubt] > 0:
		return stop.InDoubt
	case failed != nil, halt != nil && halt.Status == stop.Stopped, !s.AddsUp():
		return stop.Stopped
	case n[reports.NotAttempted] > 0, halt != nil:
		return stop.Paused
	case n[reports.Rejected]+n[reports.Invalid] > 0, ReusedKeys(s):
		return stop.Partly
	}
	return stop.Done
}

// ReusedKeys tells whether most rows that were imported before have other cells, in one of the
// inputs: their keys may be those of other rows, as if numbers had begun anew with the year.
func ReusedKeys(s *reports.Summary) bool {
	const few = 5
	for i := range s.Inputs {
		if ReusedKeys(&s.Inputs[i]) {
			return true
		}
	}
	return len(s.Inputs) == 0 && s.Changed >= few && s.Changed > s.Known/2
}
