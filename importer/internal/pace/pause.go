package pace

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"wolkvox-import/importer/internal/stop"
)

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second
	maxLimited = 4 * time.Minute // if an address sends too much, which is counted over minutes
)

// pause is a time in which nobody sends. Its zero value is over.
type pause struct {
	until atomic.Int64 // Unix nanoseconds
}

// left is how long the pause still lasts; 0 if it is over.
func (p *pause) left() time.Duration {
	return max(time.Until(time.Unix(0, p.until.Load())), 0)
}

// extend makes the pause last for d from now on, unless it lasts longer already.
func (p *pause) extend(d time.Duration) {
	until := time.Now().Add(d).UnixNano()
	for {
		old := p.until.Load()
		if d == 0 || old >= until || p.until.CompareAndSwap(old, until) {
			return
		}
	}
}

// end ends the pause at once.
func (p *pause) end() { p.until.Store(0) }

// backoff grows exponentially with the attempts. Half of it is left to chance, so that workers
// don't come back all at once.
func backoff(attempts int, longest time.Duration) time.Duration {
	d := min(firstPause<<min(attempts-1, 16), longest)
	return d/2 + rand.N(d/2+1)
}

// wait tells whether the time passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool { return stop.Sleep(ctx, d) == nil }
