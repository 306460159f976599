// Package stop answers one question for all parts of a run: may a new row be taken, and if
// not, why? A row that was taken is always brought to its end; a stop only keeps further ones
// from being begun.
//
//	anybody ──Stop, Fail──► Switch ──Context, Halt──► reader, workers, questions, reports
package stop

import "fmt"

// The exit statuses of a run, worst reason first: 4, 1, 5, 3.
const (
	Done    = 0 // every row created or skipped
	Stopped = 1 // the run stopped: ledger, server, credentials, too many failures
	Usage   = 2 // usage, mapping or input; nothing was sent
	Partly  = 3 // finished; some rows rejected or invalid, or most known ones with other cells
	InDoubt = 4 // rows of this input are in doubt
	Paused  = 5 // paused: run the same command again
)

// Halt is why a run stopped before the end of its inputs. It is no failure of a row: rows that
// it overtakes are not attempted.
type Halt struct {
	Status int    // exit status: Stopped or Paused
	Why    string // for the person
	Hint   string // what to do next
}

// Error makes a Halt the cause of a context.
func (h *Halt) Error() string { return h.Why }

// Interrupted is the halt of a run that its person has ended.
var Interrupted = &Halt{Paused, "interrupted", "run the same command again to go on"}

// WithRowsLeft adds the number of rows left to a pause. A pause with no rows left is no halt.
func (h *Halt) WithRowsLeft(left int) *Halt {
	switch {
	case h == nil || h.Status != Paused:
		return h
	case left == 0:
		return nil
	case left == 1:
		return &Halt{h.Status, h.Why, "1 row is left; " + h.Hint}
	}
	return &Halt{h.Status, h.Why, fmt.Sprintf("%d rows are left; %s", left, h.Hint)}
}
