package importer

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/reports"
)

// stormAt is how many answers in a row may leave their rows in doubt before the run
// stops claiming and looks whether the CRM works at all.
const stormAt = 3

// mostStorms is how many times in a row the CRM may pass that look and leave the next
// rows in doubt all the same.
const mostStorms = 3

// storm keeps a server that fails from leaving thousands of rows in doubt: after three
// in a row nothing is claimed until a harmless query has been answered.
type storm struct {
	mu     sync.Mutex
	doubts int           // in a row
	storms int           // since the last row whose fate is known
	calm   chan struct{} // nil while rows may be claimed; closed when they may again
}

// on returns nil while rows may be claimed, and elsewhere a channel that is closed when they
// may again.
func (s *storm) on() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calm
}

// note takes an outcome. It returns true to the one caller that has to look after the
// CRM and then to call over.
func (s *storm) note(status reports.Status) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch status {
	case reports.Created, reports.Rejected:
		s.doubts, s.storms = 0, 0
	case reports.InDoubt:
		s.doubts++
	}
	if s.doubts < stormAt || s.calm != nil {
		return false
	}
	s.calm = make(chan struct{})
	s.storms++
	return true
}

// over lets rows be claimed again.
func (s *storm) over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.calm)
	s.calm, s.doubts = nil, 0
}

func (s *storm) tooMany() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storms > mostStorms
}

// weather looks after the CRM in a storm: one good answer lets the run go on, three
// bad ones end it.
func (r *run) weather() {
	defer r.storm.over()
	const hint = "rows in doubt are never sent again by themselves: when the CRM works, run resolve --auto, then the same command again"
	if r.storm.tooMany() {
		r.end(&Halt{StatusStopped, fmt.Sprintf("the CRM answers queries, and %d times %d inserts in a row were left in doubt", mostStorms, stormAt), hint})
		return
	}
	r.job.Log.Warn(fmt.Sprintf("%d answers in a row left their rows in doubt; asking the CRM something harmless before the next row", stormAt))
	var err error
	for try := range 3 {
		if sleep(r.stop, time.Duration(try)*2*time.Second) != nil {
			return
		}
		err = r.sender.Probe(r.stop, r.mapping.Operation)
		if err == nil || r.stop.Err() != nil {
			return
		}
		if e := new(crm.Error); errors.As(err, &e) && e.Verdict == crm.TokenSpent { // of every token
			r.end(&Halt{StatusPaused, e.Message, e.Hint})
			return
		}
	}
	r.end(&Halt{StatusStopped, fmt.Sprintf("%d answers in a row left their rows in doubt, and the CRM doesn't answer a harmless query either: %v", stormAt, err), hint})
}
