package importer

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// The breaker trips at so many doubts in a row, or at so many among the last answers. Three in
// a row are a server that fails now; a third of the last ones is one that loses answers here
// and there, and would go on doing so for a whole file.
const (
	doubtsInRow    = 3
	doubtsInWindow = 10
	window         = 30 // answers

	// mostTrips is how many times the CRM may answer the question that follows, and lose
	// inserts all the same. Trips are forgotten after so many rows whose fate is known.
	mostTrips    = 3
	forgiveAfter = 300
)

// breaker keeps a CRM that loses answers from leaving thousands of rows in doubt: once it
// has tripped, nothing is claimed until a harmless question has been answered. Its zero
// value is ready.
type breaker struct {
	mu     sync.Mutex
	latest [window]bool // answers, as a ring: whether each left its row in doubt
	next   int          // the oldest of them
	doubts int          // of them
	inRow  int          // doubts since the last answer that was none
	known  int          // answers that were none, since the last trip
	trips  int
	open   chan struct{} // nil while rows may be claimed; closed when they may again
}

// held returns nil while rows may be claimed, and elsewhere a channel that is closed when they
// may again.
func (b *breaker) held() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// note takes in whether an answer left its row in doubt. To the one caller that has to look
// after the CRM, and then to call reset, it says why; to all others "".
func (b *breaker) note(doubt bool) (why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest[b.next] {
		b.doubts--
	}
	b.latest[b.next] = doubt
	b.next = (b.next + 1) % window
	if doubt {
		b.doubts++
		b.inRow++
	} else {
		b.inRow = 0
		if b.known++; b.known >= forgiveAfter {
			b.trips = 0
		}
	}
	if b.open != nil || b.inRow < doubtsInRow && b.doubts < doubtsInWindow {
		return ""
	}
	b.open = make(chan struct{})
	b.trips++
	b.known = 0
	if b.inRow >= doubtsInRow {
		return fmt.Sprintf("%d answers in a row left their rows in doubt", b.inRow)
	}
	return fmt.Sprintf("%d of the last %d answers left their rows in doubt", b.doubts, window)
}

// reset lets rows be claimed again, and begins to count anew.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.open)
	b.open, b.latest, b.doubts, b.inRow = nil, [window]bool{}, 0, 0
}

// wornOut tells whether it has tripped too often for the question to mean anything.
func (b *breaker) wornOut() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trips > mostTrips
}

// probe looks after the CRM when the breaker has tripped: one good answer lets the run go
// on, three bad ones end it.
func (r *run) probe(why string) {
	defer r.breaker.reset()
	const hint = "rows in doubt are never sent again by themselves: " +
		"when the CRM works, run resolve --auto, then the same command again"
	if r.breaker.wornOut() {
		why = fmt.Sprintf("the CRM answers queries and loses inserts: %s, for the %dth time", why, mostTrips+1)
		r.end(&Halt{StatusStopped, why, hint})
		return
	}
	r.job.Log.Warn(why + "; asking the CRM something harmless before the next row")
	var err error
	for try := range 3 {
		if sleep(r.stop, time.Duration(try)*2*time.Second) != nil {
			return
		}
		err = r.sender.Probe(r.stop)
		if err == nil || r.stop.Err() != nil {
			return
		}
		if e := new(crm.Error); errors.As(err, &e) && e.Class == crm.TokenSpent { // of every token
			r.end(&Halt{StatusPaused, e.Message, e.Hint})
			return
		}
	}
	why = fmt.Sprintf("%s, and the CRM doesn't answer a harmless query either: %v", why, err)
	r.end(&Halt{StatusStopped, why, hint})
}
