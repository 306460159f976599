package pace

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Lanes hand out the right to have a request in flight. Each token is a lane with so many slots.
// A lane begins with one: until a first answer has shown that token and server are right, one
// request at a time is all that can go wrong.
//
// How many of its slots a lane uses is for the CRM's answers to decide (window.go). A lane whose
// quota is spent rests until it is renewed; one whose token is refused is out for good.
type Lanes struct {
	// WaitForQuota is told until when every lane rests, and makes Enter wait for that time.
	// known tells whether a quota is renewed then, or is only tried again. If it is nil, Enter
	// fails then.
	WaitForQuota func(until time.Time, known bool)

	lanes []*lane // as many as there are tokens, in their order

	mu      sync.Mutex  // guards what follows, and the lanes
	waiting []chan Slot // in the order of their coming; each has room for one slot
	alarm   alarm
	said    time.Time // what WaitForQuota was told last
	woken   time.Time // when a lane had last rested
}

// NewLanes shares workers over the tokens evenly; each token has at least one slot.
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
		window := newWindow(max(width, 1))
		l.lanes = append(l.lanes, &lane{token: token, name: name, window: window, rest: rest{left: unlimited}})
	}
	return l
}

// Enter waits for a slot. It fails with the cause of ctx's end, or with a *crm.Error if no lane is
// left.
func (l *Lanes) Enter(ctx context.Context) (Slot, error) {
	if ctx.Err() != nil {
		return Slot{}, context.Cause(ctx)
	}
	l.mu.Lock()
	if none := l.none(time.Now()); none != nil {
		l.mu.Unlock()
		return Slot{}, none
	}
	turn := make(chan Slot, 1)
	l.waiting = append(l.waiting, turn)
	l.serve()
	l.mu.Unlock()
	select {
	case s, ok := <-turn:
		if !ok { // there was none left; a lane may have rested since
			return l.Enter(ctx)
		}
		return s, nil
	case <-ctx.Done():
		l.withdraw(turn)
		return Slot{}, context.Cause(ctx)
	}
}

// withdraw takes back a request for a slot, or the slot if it has just been given.
func (l *Lanes) withdraw(turn chan Slot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(w chan Slot) bool { return w == turn })
	select {
	case s, ok := <-turn:
		if ok {
			s.lane.flying--
			s.lane.restore()
			l.serve()
		}
	default:
	}
}

// serve gives slots to those who wait, as long as there are any. If there can't be any more, all
// are turned away. It is called locked, after whatever may have freed a slot.
func (l *Lanes) serve() {
	now := time.Now()
	l.wakeOrRest(now)
	for len(l.waiting) > 0 {
		lane := l.freest(now)
		if lane == nil {
			break
		}
		lane.flying++
		lane.charge()
		l.waiting[0] <- Slot{l, lane, lane.window.cuts}
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
		l.waitForRested(now)
	}
}

// freest is the lane with the most free slots, or nil.
func (l *Lanes) freest(now time.Time) (best *lane) {
	most := 0
	for _, lane := range l.lanes {
		if n := lane.free(now); n > most {
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
		case !lane.resting() && lane.left == 0 && lane.flying == 0:
			lane.begin(now)
		case lane.resting() && !now.Before(lane.until):
			lane.end(now)
			l.woken = now
		}
	}
}

// lastWoken is when a lane had last rested; the zero time if none did.
func (l *Lanes) lastWoken() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.woken
}

// firstRested is when the first of the resting lanes will have rested, the zero time if none
// rests, and whether its quota is renewed then, as far as the CRM has said. busy tells whether
// any lane is neither resting nor out.
func (l *Lanes) firstRested() (first time.Time, renewed, busy bool) {
	for _, lane := range l.lanes {
		switch {
		case lane.bad != nil:
		case !lane.resting():
			busy = true
		case first.IsZero(), lane.until.Before(first):
			first, renewed = lane.until, lane.until.Equal(lane.quota.Renewed)
		}
	}
	return first, renewed, busy
}

// Renewal is when the first of the resting lanes is renewed, as far as the CRM has said; the zero
// time if that isn't known.
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

// none is why there can't be a slot any more; nil if there can.
func (l *Lanes) none(now time.Time) *crm.Error {
	l.wakeOrRest(now)
	first, renewed, busy := l.firstRested()
	switch {
	case busy, l.WaitForQuota != nil && !first.IsZero():
		return nil
	case first.IsZero():
		e := *l.lanes[0].bad
		e.Message = fmt.Sprintf("the CRM accepts none of the tokens (it said %q)", e.Message)
		return &e
	}
	e := &crm.Error{Class: crm.TokenSpent, Reason: "quota_spent", Hint: crm.TokenSpent.Hint(),
		Message: "the daily quota of every token that the CRM accepts is spent"}
	if renewed {
		e.Message += "; it begins anew at about " + first.Local().Format("2006-01-02 15:04 MST")
	}
	return e
}

// waitForRested sees to it that those who wait are served when the next lane has rested. If all
// rest, that is said.
func (l *Lanes) waitForRested(now time.Time) {
	first, renewed, busy := l.firstRested()
	if first.IsZero() {
		return
	}
	if !busy && !first.Equal(l.said) {
		l.said = first
		l.WaitForQuota(first, renewed)
	}
	l.alarm.set(now, first, l.awake)
}

// awake serves those who wait when a lane has rested.
func (l *Lanes) awake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alarm.rang()
	l.serve()
}

// out takes a lane out of use, for the given reason. It tells whether that is news.
func (l *Lanes) out(which *lane, why *crm.Error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !which.out(why, time.Now()) {
		return false
	}
	l.serve()
	return true
}

// know takes in what the CRM says of a lane's quota.
func (l *Lanes) know(which *lane, q crm.Quota) {
	l.mu.Lock()
	defer l.mu.Unlock()
	which.know(q)
	l.serve()
}
