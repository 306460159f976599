package pace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// ProbeError is why the run is to end after the breaker has tripped.
type ProbeError struct {
	Why, Hint string
	Spent     bool // the quota of every token is spent, so that nobody can be asked
}

// Error is Why; the hint is apart, as everywhere.
func (e *ProbeError) Error() string { return e.Why }

// Probe asks the CRM a harmless question, up to three times, after the breaker has tripped for
// the given reason. One good answer lets the run go on; otherwise the error is a *ProbeError.
// It is nil too if stop ends meanwhile. The breaker stays open until the caller calls Reset: a
// run that is to end must have ended by then, or another row would leave.
func (b *Breaker) Probe(stop context.Context, s *Sender, why string) error {
	const hint = "rows in doubt are never sent again by themselves: " +
		"when the CRM works, run resolve --auto, then the same command again"
	if b.WornOut() { // the answer would be good once more, and prove nothing
		why = fmt.Sprintf("the CRM answers queries and loses inserts: %s, for the %dth time", why, mostTrips+1)
		return &ProbeError{Why: why, Hint: hint}
	}
	s.Log.Warn(why + "; asking the CRM something harmless before the next row")
	var err error
	for try := range 3 {
		if !wait(stop, time.Duration(try)*2*time.Second) {
			return nil
		}
		err = s.Probe(stop)
		if err == nil || stop.Err() != nil {
			return nil
		}
		if e := new(crm.Error); errors.As(err, &e) && e.Class == crm.TokenSpent { // of every token
			return &ProbeError{Why: e.Message, Hint: e.Hint, Spent: true}
		}
	}
	why = fmt.Sprintf("%s, and the CRM doesn't answer a harmless query either: %v", why, err)
	return &ProbeError{Why: why, Hint: hint}
}
