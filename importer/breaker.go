package importer

import (
	"errors"

	"wolkvox-import/importer/internal/pace"
)

// probe asks the CRM a harmless question when the breaker has tripped: one good answer lets the
// run go on, three bad ones end it. Only then may rows be claimed again.
func (r *run) probe(why string) {
	defer r.breaker.Reset()
	broken := new(pace.ProbeError)
	if !errors.As(r.breaker.Probe(r.stop, r.sender, why), &broken) {
		return
	}
	status := StatusStopped
	if broken.Spent {
		status = StatusPaused
	}
	r.end(&Halt{status, broken.Why, broken.Hint})
}
