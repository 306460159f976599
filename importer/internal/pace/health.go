package pace

import (
	"sync/atomic"
	"time"
)

// throttledFactor is how many times as long a server is borne with that answers, but only to put
// us off.
const throttledFactor = 10

// health is how the server does, as the answers of all requests together show it. Its zero value
// is a server that works.
type health struct {
	throttled atomic.Int64 // times in a row that the server has put everybody off
	unreached outage       // requests don't even leave; any answer to an insert ends it
	refusing  outage       // answers only put us off; a case that is taken or refused ends it
}

// works takes in that the CRM has taken or refused a case, or answered a harmless question.
func (h *health) works() {
	h.refusing.ends()
	h.throttled.Store(0)
}

// backoff is how long everybody waits after the server has put everybody off once more.
func (h *health) backoff(longest time.Duration) time.Duration {
	return backoff(int(h.throttled.Add(1)), longest)
}
