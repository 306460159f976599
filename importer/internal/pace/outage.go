package pace

import (
	"sync"
	"time"
)

// outage is a time in which the CRM fails in one way, and how long it is borne with. What
// lies between two failures is no part of the fault, since two may lie hours apart without any
// request between: a server is given up only if it has failed in so many rounds as well.
type outage struct {
	mu     sync.Mutex
	since  time.Time // its first failure; zero if there is none
	last   time.Time // its last one
	rounds int       // failures, of which those within a second are one
}

const fewestRounds = 3

// fails takes in a failure. It tells whether it is the first, and whether to go on trying: the
// server is given up when it has failed for longest. Time before notBefore doesn't count.
func (o *outage) fails(now, notBefore time.Time, longest time.Duration) (first, goOn bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if first = o.since.IsZero(); first {
		o.since = now
	}
	if first || now.Sub(o.last) >= time.Second {
		o.rounds++
	}
	o.last = now
	since := o.since
	if since.Before(notBefore) {
		since = notBefore
	}
	return first, now.Sub(since) < longest || o.rounds < fewestRounds
}

// ends takes in a success.
func (o *outage) ends() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since, o.rounds = time.Time{}, 0
}
