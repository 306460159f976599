package pace

import (
	"fmt"
	"sync"
)

// The breaker trips at so many doubts in a row, or at so many among the last answers. Three in
// a row are a server that fails now; a third of the last ones is one that loses answers here
// and there, and would go on doing so for a whole file.
const (
	doubtsInRow    = 3
	doubtsInWindow = 10
	breakerWindow  = 30 // answers

	// mostTrips is how many times the CRM may answer the question that follows, and lose
	// inserts all the same. Trips are forgotten after so many rows whose fate is known.
	mostTrips    = 3
	forgiveAfter = 300
)

// Breaker keeps a CRM that loses answers from leaving thousands of rows in doubt: once it has
// tripped, nothing is claimed until a harmless question has been answered. Its zero value is ready.
//
// It is told of each outcome by Note. Whoever is told a reason calls Probe, ends the run if that
// says so, and calls Reset, in this order. Requests that were in flight when it tripped still come
// to their end, and are noted too: they trip nothing a second time.
type Breaker struct {
	mu     sync.Mutex
	latest [breakerWindow]bool // answers, as a ring: whether each left its row in doubt
	next   int                 // the oldest of them
	doubts int                 // of them
	inRow  int                 // doubts since the last answer that was none
	known  int                 // answers that were none, since the last trip
	trips  int
	open   chan struct{} // nil while rows may be claimed; closed when they may again
}

// Held returns nil while rows may be claimed, and otherwise a channel that is closed when they
// may again. A nil Breaker never trips.
func (b *Breaker) Held() <-chan struct{} {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// Note takes in whether an answer left its row in doubt. To the one caller that has to look
// after the CRM, and then to call Reset, it says why; to all others "".
func (b *Breaker) Note(doubt bool) (why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest[b.next] {
		b.doubts--
	}
	b.latest[b.next] = doubt
	b.next = (b.next + 1) % breakerWindow
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
	return fmt.Sprintf("%d of the last %d answers left their rows in doubt", b.doubts, breakerWindow)
}

// Reset lets rows be claimed again, and begins to count anew.
func (b *Breaker) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.open)
	b.open, b.latest, b.doubts, b.inRow = nil, [breakerWindow]bool{}, 0, 0
}

// WornOut tells whether it has tripped too often for the question to mean anything.
func (b *Breaker) WornOut() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trips > mostTrips
}
