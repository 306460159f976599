package pace

import (
	"time"

	"wolkvox-import/importer/internal/crm"
)

const (
	unlimited = -1

	// restUnknown is how long a lane rests whose quota is spent and of which nobody knows when it
	// is renewed, or which was said to be renewed and is not.
	restUnknown = 15 * time.Minute
)

// lane is one token's: how many requests at once it may have, and what its quota still allows.
// The mutex of its Lanes guards it.
type lane struct {
	token  string
	name   string // a number: tokens are short enough for a hash of one to give it away
	window window
	flying int        // requests in flight
	proven bool       // an answer has shown that token and server are right
	bad    *crm.Error // why it is out for good; nil if it isn't
	rest
}

// rest is a lane's quota, and the time for which the lane rests once that is spent. Requests are
// counted here as they leave, since the CRM is asked only once: asking costs a request too.
type rest struct {
	until time.Time // nothing is sent until then; zero if the lane doesn't rest
	fresh bool      // the rest is over, and no case has been answered since
	quota crm.Quota // as far as it is known
	left  int       // requests that the quota allows; unlimited if that isn't known
}

// Reserve is what is left alone of a day's quota, so that rows in doubt can be looked up: a
// hundredth, 50 requests at most.
func Reserve(q crm.Quota) int { return min((q.Limit+99)/100, 50) }

// resting tells whether the lane waits for its quota.
func (r *rest) resting() bool { return !r.until.IsZero() }

// begin begins a rest until the quota is renewed. If it was to be renewed just now and is not,
// since the CRM counts whole hours, it is tried again soon.
func (r *rest) begin(now time.Time) {
	r.until, r.left = r.quota.Renewed, 0
	if r.fresh || !r.until.After(now) {
		r.until = now.Add(restUnknown)
	}
}

// end ends a rest. The quota, if it is known, is that of another day.
func (r *rest) end(now time.Time) {
	r.until, r.left, r.fresh = time.Time{}, unlimited, true
	if r.quota.Limit > 0 {
		r.left = max(r.quota.Limit-Reserve(r.quota), 1)
	}
	for !r.quota.Renewed.IsZero() && !r.quota.Renewed.After(now) {
		r.quota.Renewed = r.quota.Renewed.Add(24 * time.Hour)
	}
}

// charge counts a request.
func (r *rest) charge() {
	if r.left > 0 {
		r.left--
	}
}

// restore takes back that a request was counted.
func (r *rest) restore() {
	if r.left >= 0 && !r.resting() {
		r.left++
	}
}

// know takes in what the CRM says of the quota.
func (r *rest) know(q crm.Quota) {
	q.Renewed = q.Renewed.Round(0) // by the clock on the wall: the other one stands still while a computer sleeps
	r.quota = q
	r.left = max(q.Available-Reserve(q), 0)
}

// inUse tells whether requests may be sent by the lane's token, as far as is known.
func (l *lane) inUse() bool { return l.bad == nil && !l.resting() }

// free is how many more requests the lane may have in flight.
func (l *lane) free(now time.Time) int {
	switch {
	case !l.inUse() || l.left == 0:
		return 0
	case !l.proven:
		return 1 - l.flying
	}
	return l.window.size(now) - l.flying
}

// out takes the lane out of use: for good if its token is no good, and until its quota is renewed
// if that is spent. It tells whether that is news.
func (l *lane) out(why *crm.Error, now time.Time) bool {
	switch {
	case l.bad != nil:
		return false
	case why.Class == crm.TokenBad:
		l.bad = why
	case l.resting():
		return false
	default:
		l.begin(now)
	}
	return true
}
