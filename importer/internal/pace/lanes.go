package pace

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Lanes hand out the right to have a request in flight. Each token is a lane with so
// many places. A lane begins with one: until a first answer has shown that token and
// server are right, one request at a time is all that can go wrong.
//
// How many of its places a lane uses is for the CRM's answers to decide (window.go). A
// lane whose quota is spent rests until it is renewed; one whose token is refused is
// out for good.
type Lanes struct {
	// Patient is told until when every lane rests, and makes Enter wait for that time.
	// known tells whether a quota is renewed then, or is only tried again. Where it is nil,
	// Enter fails then.
	Patient func(until time.Time, known bool)

	mu      sync.Mutex
	lanes   []*Lane
	waiting []chan Place // in the order of their coming
	wake    *time.Timer  // for the next lane that has rested; nil while nobody waits for one
	wakes   time.Time    // when that is
	said    time.Time    // what Patient was told last
	woken   time.Time    // when a lane had last rested
}

// Lane is one token's.
type Lane struct {
	token  string
	name   string // its number: tokens are short enough for a hash of one to give it away
	lanes  *Lanes
	window window
	flying int
	proven bool
	bad    *crm.Error // why it is out for good; nil while it isn't

	rests time.Time // until then nothing is sent
	fresh bool      // its rest is over, and no case has been answered since
	quota crm.Quota // as far as it is known
	left  int       // requests that the quota allows; unlimited where that isn't known
}

// Place is the right to one request in flight.
type Place struct {
	lane *Lane
	cuts int // of the lane's window when the place was given
}

const (
	unlimited = -1

	// restUnknown is how long a lane rests whose quota is spent and of which nobody
	// knows when it is renewed, or which was said to be renewed and is not.
	restUnknown = 15 * time.Minute

	// lookEvery is how often those who wait look at the clock: timers stand still while a
	// computer sleeps.
	lookEvery = 10 * time.Minute
)

// NewLanes shares workers over the tokens evenly; each token has at least one place.
func NewLanes(tokens []string, workers int) *Lanes {
	l := &Lanes{}
	for i, token := range tokens {
		width := workers / len(tokens)
		if i < workers%len(tokens) {
			width++
		}
		name := "the token"
		if len(tokens) > 1 {
			name = fmt.Sprintf("token %d of %d", i+1, len(tokens))
		}
		l.lanes = append(l.lanes, &Lane{token: token, name: name, lanes: l, window: newWindow(max(width, 1)), left: unlimited})
	}
	return l
}

// Enter waits for a place. It fails with the cause of ctx's end, or with an *Error
// where no lane is left.
func (l *Lanes) Enter(ctx context.Context) (Place, error) {
	if ctx.Err() != nil {
		return Place{}, context.Cause(ctx)
	}
	l.mu.Lock()
	if none := l.none(time.Now()); none != nil {
		l.mu.Unlock()
		return Place{}, none
	}
	turn := make(chan Place, 1)
	l.waiting = append(l.waiting, turn)
	l.serve()
	l.mu.Unlock()
	select {
	case p, ok := <-turn:
		if !ok { // there was none left; a lane may have rested since
			return l.Enter(ctx)
		}
		return p, nil
	case <-ctx.Done():
		l.giveUp(turn)
		return Place{}, context.Cause(ctx)
	}
}

// giveUp takes back a request for a place, or the place where it has just been given.
func (l *Lanes) giveUp(turn chan Place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(w chan Place) bool { return w == turn })
	select {
	case p, ok := <-turn:
		if ok {
			p.lane.flying--
			p.lane.restore()
			l.serve()
		}
	default:
	}
}

// serve gives places to those who wait, as long as there are any. Where there can't be
// any more, all are turned away.
func (l *Lanes) serve() {
	now := time.Now()
	l.wakeOrRest(now)
	for len(l.waiting) > 0 {
		lane := l.free(now)
		if lane == nil {
			break
		}
		lane.flying++
		if lane.left > 0 {
			lane.left--
		}
		l.waiting[0] <- Place{lane, lane.window.cuts}
		l.waiting = l.waiting[1:]
	}
	switch {
	case len(l.waiting) == 0:
	case l.none(now) != nil:
		for _, turn := range l.waiting {
			close(turn)
		}
		l.waiting = nil
	default:
		l.sleep(now)
	}
}

// free is the usable lane with the most free places, or nil.
func (l *Lanes) free(now time.Time) (best *Lane) {
	most := 0
	for _, lane := range l.lanes {
		if lane.bad != nil || !lane.rests.IsZero() || lane.left == 0 {
			continue
		}
		places := 1
		if lane.proven {
			places = lane.window.size(now)
		}
		if n := places - lane.flying; n > most {
			best, most = lane, n
		}
	}
	return best
}

// wakeOrRest ends the rests that are over, and begins those of lanes whose quota is used.
func (l *Lanes) wakeOrRest(now time.Time) {
	for _, lane := range l.lanes {
		switch {
		case lane.bad != nil:
		case lane.rests.IsZero() && lane.left == 0 && lane.flying == 0:
			lane.rest(now)
		case !lane.rests.IsZero() && !now.Before(lane.rests):
			lane.wake(now)
			l.woken = now
		}
	}
}

// wake ends a rest. The quota, where it is known, is that of another day.
func (lane *Lane) wake(now time.Time) {
	lane.rests, lane.left, lane.fresh = time.Time{}, unlimited, true
	if lane.quota.Limit > 0 {
		lane.left = max(lane.quota.Limit-lane.quota.Reserve(), 1)
	}
	for !lane.quota.Renewed.IsZero() && !lane.quota.Renewed.After(now) {
		lane.quota.Renewed = lane.quota.Renewed.Add(24 * time.Hour)
	}
}

// lastWoken is when a lane had last rested; the zero time where none did.
func (l *Lanes) lastWoken() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.woken
}

// rest begins a rest until the quota is renewed. Where it was to be renewed just now and is
// not, since the CRM counts whole hours, it is tried again soon.
func (lane *Lane) rest(now time.Time) {
	lane.rests, lane.left = lane.quota.Renewed, 0
	if lane.fresh || !lane.rests.After(now) {
		lane.rests = now.Add(restUnknown)
	}
}

// firstRested is when the first of the resting lanes will have rested, the zero time where
// none rests, and whether its quota is renewed then, as far as the CRM has said. busy tells
// whether any lane is neither resting nor out.
func (l *Lanes) firstRested() (first time.Time, renewed, busy bool) {
	for _, lane := range l.lanes {
		switch {
		case lane.bad != nil:
		case lane.rests.IsZero():
			busy = true
		case first.IsZero(), lane.rests.Before(first):
			first, renewed = lane.rests, lane.rests.Equal(lane.quota.Renewed)
		}
	}
	return first, renewed, busy
}

// Renewal is when the first of the resting lanes is renewed, as far as the CRM has said; the
// zero time where that isn't known.
func (l *Lanes) Renewal() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, renewed, _ := l.firstRested()
	if !renewed {
		return time.Time{}
	}
	return first
}

// Expect tells when quotas are renewed, by what an earlier run has heard: a CRM whose quota is
// spent may not even say that any more. What it does say comes first.
func (l *Lanes) Expect(renewal time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lane := range l.lanes {
		if lane.quota.Renewed.IsZero() {
			lane.quota.Renewed = renewal
		}
	}
}

// none is why there can't be a place any more; nil where there can.
func (l *Lanes) none(now time.Time) *crm.Error {
	l.wakeOrRest(now)
	first, renewed, busy := l.firstRested()
	switch {
	case busy, l.Patient != nil && !first.IsZero():
		return nil
	case first.IsZero():
		e := *l.lanes[0].bad
		e.Message = fmt.Sprintf("the CRM accepts none of the tokens (it said %q)", e.Message)
		return &e
	}
	e := &crm.Error{Class: crm.TokenSpent, Reason: "quota_spent", Message: "the daily quota of every token that the CRM accepts is spent", Hint: crm.TokenSpent.Hint()}
	if renewed {
		e.Message += "; it begins anew at about " + first.Local().Format("2006-01-02 15:04 MST")
	}
	return e
}

// sleep sees to it that those who wait are served when the next lane has rested. Where
// all rest, that is said.
func (l *Lanes) sleep(now time.Time) {
	first, renewed, busy := l.firstRested()
	if first.IsZero() {
		return
	}
	if !busy && !first.Equal(l.said) {
		l.said = first
		l.Patient(first, renewed)
	}
	at := first
	if soon := now.Add(lookEvery); soon.Before(at) {
		at = soon
	}
	switch {
	case l.wake == nil:
		l.wake = time.AfterFunc(at.Sub(now), l.awake)
	case at.Before(l.wakes):
		l.wake.Reset(at.Sub(now))
	default:
		return // early enough
	}
	l.wakes = at
}

// awake serves those who wait when a lane has rested.
func (l *Lanes) awake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake = nil
	l.serve()
}

// Lane names the place's lane without giving its token away.
func (p Place) Lane() string { return p.lane.String() }

// open tells whether its lane is still in use.
func (p Place) open() bool {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	return p.lane.bad == nil && p.lane.rests.IsZero()
}

// Leave gives the place back. counted tells whether a request left that the quota may
// have been charged for.
func (p Place) Leave(counted bool) {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	p.lane.flying--
	if !counted {
		p.lane.restore()
	}
	l.serve()
}

// Asks counts a question that is asked from the place beside its request.
func (p Place) Asks() {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.lane.left > 0 {
		p.lane.left--
	}
}

// restore takes back that a request was counted.
func (lane *Lane) restore() {
	if lane.left >= 0 && lane.rests.IsZero() {
		lane.left++
	}
}

// Answered opens the lane's other places, since the CRM has worked on a case.
func (p Place) Answered() {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	p.lane.proven, p.lane.fresh = true, false
	l.serve()
}

// TooMany narrows the lane: the CRM has refused a request as one too many of its token. It
// tells whether this is news, and not said of a request that left before the last time.
func (p Place) TooMany() bool {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.cuts != p.lane.window.cuts {
		return false
	}
	p.lane.window.refused(time.Now())
	return true
}

// Throttled narrows all lanes: the CRM has refused a request as one too many of all. It
// tells whether this is news, as TooMany does.
func (p Place) Throttled() bool {
	l := p.lane.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.cuts != p.lane.window.cuts {
		return false
	}
	l.slow(time.Now())
	return true
}

func (l *Lanes) slow(now time.Time) {
	for _, lane := range l.lanes {
		lane.window.cut(now)
	}
}

// Out takes the place's lane out, for the given reason: for good where its token is no
// good, and until its quota is renewed where that is spent. It tells whether that is news.
func (p Place) Out(why *crm.Error) bool { return p.lane.out(why) }

func (lane *Lane) out(why *crm.Error) bool {
	lane.lanes.mu.Lock()
	defer lane.lanes.mu.Unlock()
	switch {
	case lane.bad != nil:
		return false
	case why.Class == crm.TokenBad:
		lane.bad = why
	case !lane.rests.IsZero():
		return false
	default:
		lane.rest(time.Now())
	}
	lane.lanes.serve()
	return true
}

// know takes in what the CRM says of the lane's quota.
func (lane *Lane) know(q crm.Quota) {
	lane.lanes.mu.Lock()
	defer lane.lanes.mu.Unlock()
	q.Renewed = q.Renewed.Round(0) // by the clock on the wall
	lane.quota = q
	lane.left = max(q.Available-q.Reserve(), 0)
	lane.lanes.serve()
}

// String names the lane without giving its token away.
func (lane *Lane) String() string { return lane.name }
