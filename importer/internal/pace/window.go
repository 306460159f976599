package pace

import "time"

// window is how many requests at once a lane may have: additive increase,
// multiplicative decrease. What the CRM refuses halves it, and each second gives one
// slot back, up to the last number that was not refused. Beyond that one more is tried
// only now and then, and each time that fails, after twice as long: a limit that the
// CRM keeps is met once in minutes and not once a second.
type window struct {
	width   int           // most
	limit   int           // now, 1 to ceiling
	ceiling int           // most that was not refused, as far as is known
	changed time.Time     // the last of cuts and growth
	trial   time.Duration // from the last change to the next place beyond the ceiling
	cuts    int
}

// How fast a window grows. A limit that the CRM keeps is rarely known to the person who asked for
// so many workers, and is met for every request that is one too many.
const (
	growEvery  = time.Second
	firstTrial = 10 * time.Second
	lastTrial  = 5 * time.Minute
)

// newWindow begins with all of its width: the lane's first request, which goes alone, is seen to by
// the lane.
func newWindow(width int) window {
	return window{width: width, limit: width, ceiling: width}
}

// size is the number of requests at once, at that time.
func (w *window) size(now time.Time) int {
	for w.limit < w.ceiling && now.Sub(w.changed) >= growEvery {
		w.limit++
		w.changed = w.changed.Add(growEvery)
	}
	if w.limit == w.ceiling && w.ceiling < w.width && now.Sub(w.changed) >= w.trial {
		w.ceiling++
		w.limit++
		w.changed = now
	}
	return w.limit
}

// cut halves it for a while.
func (w *window) cut(now time.Time) {
	w.limit = max(w.limit/2, 1)
	w.changed = now
	w.cuts++
}

// refused is a cut after which so many at once are known to be too many.
func (w *window) refused(now time.Time) {
	w.ceiling = max(w.limit-1, 1)
	w.trial = min(max(2*w.trial, firstTrial), lastTrial)
	w.cut(now)
}
