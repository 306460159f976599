package pace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"wolkvox-import/importer/internal/crm"
)

// Sender sends cases to their end: it waits for the end of a pause, a free rate and a
// place, and sends again what was not sent or not processed. Client only classifies;
// all repeating is here, and each request has a claim of its own.
type Sender struct {
	Client    *crm.Client
	Lanes     *Lanes
	Operation string        // whose token it is, for questions
	Rate      *rate.Limiter // nil is no limit
	Patience  time.Duration // how long it may fail without any success until it counts as gone; default 60 s
	Log       *slog.Logger
	Breaker   *Breaker // while it is open no case is sent; questions are asked all the same

	quietUntil atomic.Int64              // Unix nanoseconds; nobody sends before, as the server asked
	throttled  atomic.Int64              // times in a row that the server has put everybody off
	futile     atomic.Pointer[crm.Error] // why nobody sends any more, such as that this is not the CRM
	unreached  outage                    // inserts don't even leave; any answer to one ends it
	refusing   outage                    // answers only put us off; a case that is taken or refused ends it
}

// Claim is the caller's durable word that a request is about to leave.
type Claim interface {
	// Take is called when a place is free, before each request. Nothing leaves where it
	// fails, and it must not succeed before it is durable.
	Take() error

	// Release takes the word back after a request that was not sent or not processed.
	Release(why error) error
}

const (
	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second
	maxLimited = 4 * time.Minute // where an address sends too much, which is counted over minutes

	// triesBeforeAsking is after how many answers that an address sends too much it is asked
	// whether they are about that, and not about this one case.
	triesBeforeAsking = 10

	// triesBeforeBlame is the same for what isn't the CRM's own: a firewall may say "your IP" to each
	// row whose words it doesn't like.
	triesBeforeBlame = 2

	// throttledPatience is how many times Patience a server that answers, but only
	// to put us off, is given.
	throttledPatience = 10
)

// Sent is what sending a case took.
type Sent struct {
	crm.Created
	Attempts int
	Bytes    int64         // of the bodies that were sent, the repeated ones too
	Took     time.Duration // from the first request to the last answer, pauses included
}

// Send sends the body until its fate is known. When stop ends, a request in flight
// still comes to its end, and no other begins.
//
// The error is an *Error. If its class is InDoubt, Refused or Redirected the claim
// is still the caller's to settle, as it is after success; with any other class sending
// was given up, and there is no claim.
func (s *Sender) Send(stop context.Context, body *crm.Body, claim Claim) (Sent, error) {
	var sent Sent
	last := &crm.Error{Class: crm.Unsent, Reason: "not_sent", Message: "the run stopped before the row was sent"}
	var began time.Time
	for {
		place, err := s.enter(stop)
		if none := new(crm.Error); errors.As(err, &none) {
			return sent, none
		} else if err != nil {
			return sent, last
		}
		if err := claim.Take(); err != nil {
			place.Leave(false)
			return sent, &crm.Error{Class: crm.Unsent, Reason: "not_claimed", Message: fmt.Sprintf("not sent, since its claim could not be written: %v", err), Err: err}
		}
		if why := s.overtaken(stop, place); why != nil { // the claim took its time
			place.Leave(false)
			if err := claim.Release(why); err != nil {
				return sent, notReleased(err)
			}
			continue
		}
		if began.IsZero() {
			began = time.Now()
		}
		created, err := s.attempt(stop, place, body)
		sent.Attempts++
		sent.Bytes += body.Len()
		sent.Took = time.Since(began)
		if err == nil {
			place.Leave(true)
			sent.Created = created
			return sent, nil
		}
		e := err.(*crm.Error)
		tries := triesBeforeAsking
		if e.Foreign() {
			tries = triesBeforeBlame
		}
		if e.Ambiguous() || e.RateLimited() && sent.Attempts%tries == 0 {
			e = s.blame(stop, place, e)
		}
		again := s.again(place, e)
		place.Leave(e.MayBeProcessed()) // not before the next request would know what this one has found out
		if e.MayBeProcessed() {
			return sent, e
		}
		if err := body.Rewind(); err != nil {
			return sent, &crm.Error{Class: crm.Refused, Reason: "attachment_unreadable", Message: err.Error(), Hint: "correct the file, then import the row again", Err: err}
		}
		if err := claim.Release(e); err != nil {
			return sent, notReleased(err)
		}
		if !again {
			return sent, e
		}
		last = e
		if e.Class == crm.Unsent || e.PutOff() {
			wait(stop, pause(sent.Attempts, maxPause)) // what the server asks for is for all, and waited for by entering
			s.Client.Rest()
		}
	}
}

func notReleased(err error) *crm.Error {
	return &crm.Error{Class: crm.Unsent, Reason: "not_released", Message: fmt.Sprintf("not processed, which could not be written: %v", err), Err: err}
}

// Allowance is what a token may still do, as far as the CRM says so.
type Allowance struct {
	Token  string // the lane's name
	Places int    // requests at once
	crm.Quota
	Out bool  // nothing can be sent by it now
	Err error // why nothing is known of its quota
}

// Allowances asks after the quota of every token, which costs each one request, and
// keeps to it from then on. It fails only where the server sends us elsewhere.
func (s *Sender) Allowances(stop context.Context, operation string) ([]Allowance, error) {
	var list []Allowance
	for _, lane := range s.Lanes.lanes {
		if stop.Err() != nil {
			break
		}
		if s.quietFor() > 0 {
			list = append(list, Allowance{Token: lane.String(), Places: lane.window.width, Err: errors.New("not asked: the server asks for a pause")})
			continue
		}
		ctx, cancel := context.WithTimeout(stop, quotaPatience)
		q, err := s.Client.Quota(ctx, lane.token, operation)
		cancel()
		e := new(crm.Error)
		errors.As(err, &e)
		switch {
		case err == nil:
			lane.know(q)
		case e.Class == crm.Redirected || e.Class == crm.Misdirected && e.Location != "":
			elsewhere := *e
			elsewhere.Class = crm.Misdirected
			return nil, &elsewhere
		case e.AboutToken():
			s.sayOut(lane.String(), e, lane.out(e))
		case stop.Err() != nil: // nobody wants to know any more
		default:
			s.Log.Info("the CRM doesn't say what a token may still do", "token", lane.String(), "why", e.Message)
			if s.quiet(e.RetryAfter); e.RetryAfter > 0 {
				s.Log.Warn("the CRM asks for a pause: nothing is sent for " + e.RetryAfter.String())
			}
		}
		list = append(list, Allowance{Token: lane.String(), Places: lane.window.width, Quota: q, Out: err != nil && e.AboutToken(), Err: err})
	}
	return list, nil
}

// quotaPatience is how long a run waits to hear of a token's quota.
const quotaPatience = 20 * time.Second

// enter waits until a case may be sent.
func (s *Sender) enter(stop context.Context) (Place, error) {
	for {
		if held := s.Breaker.Held(); held != nil {
			select {
			case <-held:
			case <-stop.Done():
				return Place{}, context.Cause(stop)
			}
		}
		place, err := s.place(stop)
		if err != nil || s.overtaken(stop, place) == nil {
			return place, err
		}
		place.Leave(false)
	}
}

// overtaken is why no case may leave from a place after all, by what has been found out since
// it was given; nil where it may.
func (s *Sender) overtaken(stop context.Context, place Place) error {
	switch {
	case stop.Err() != nil:
		return errors.New("not sent: the run stopped")
	case s.futile.Load() != nil:
		return errors.New("not sent: the run is to stop")
	case s.quietFor() > 0:
		return errors.New("not sent: the server asks for a pause")
	case s.Breaker.Held() != nil:
		return errors.New("not sent: it is being looked whether the CRM works")
	case !place.open():
		return errors.New("not sent: the token is out of use")
	}
	return nil
}

// place waits until a request may leave.
func (s *Sender) place(stop context.Context) (Place, error) {
	for {
		if quiet := s.quietFor(); quiet > 0 {
			if !wait(stop, quiet) {
				return Place{}, context.Cause(stop)
			}
			continue
		}
		if e := s.futile.Load(); e != nil {
			return Place{}, &crm.Error{Class: crm.Misdirected, Reason: "not_sent", Message: e.Message, Hint: e.Hint, Err: e.Err}
		}
		place, err := s.Lanes.Enter(stop)
		if err != nil {
			return place, err
		}
		// Its turn comes after its place, or those who waited for one would leave together.
		// Not by Wait, which fails at once where stop has a time that is nearer.
		if s.Rate != nil {
			if turn := s.Rate.Reserve(); !wait(stop, turn.Delay()) {
				turn.Cancel()
				place.Leave(false)
				return Place{}, context.Cause(stop)
			}
		}
		if s.quietFor() == 0 && place.open() {
			return place, nil
		}
		place.Leave(false) // that has changed meanwhile
	}
}

// attempt is one request. It outlives stop: what has left is waited for.
func (s *Sender) attempt(stop context.Context, place Place, body *crm.Body) (crm.Created, error) {
	created, err := s.Client.Insert(context.WithoutCancel(stop), place.lane.token, body)
	e := new(crm.Error)
	errors.As(err, &e)
	if err == nil || e.HTTPStatus != 0 { // whatever it says, the server is there
		s.unreached.ends()
	}
	if err != nil && e.LostOnReused() && s.Client.Apart() {
		s.Log.Warn("the server closes connections that it has just answered on: "+
			"each request gets one of its own from now on", "why", e.Message)
	}
	if err == nil || e.Class == crm.Refused && !e.Foreign() {
		s.refusing.ends()
		s.throttled.Store(0)
		place.Answered()
	}
	return created, err
}

// again decides whether a failed attempt is followed by another. Only classes that
// are known not to have been processed are.
func (s *Sender) again(place Place, e *crm.Error) bool {
	patience := s.Patience
	if patience == 0 {
		patience = 60 * time.Second
	}
	switch e.Class {
	case crm.Unsent:
		first, patient := s.unreached.fails(time.Now(), s.Lanes.lastWoken(), patience)
		level := slog.LevelDebug
		if first {
			level = slog.LevelWarn
		}
		s.Log.Log(context.Background(), level, "request not sent; trying again for "+patience.String()+" at most", "why", e.Message)
		return patient
	case crm.Again, crm.TooMany:
		s.slow(place, e)
		_, patient := s.refusing.fails(time.Now(), s.Lanes.lastWoken(), throttledPatience*patience)
		return patient
	case crm.TokenSpent, crm.TokenBad:
		s.sayOut(place.Lane(), e, place.Out(e))
		return true // on another lane; where there is none, entering says so
	case crm.Redirected, crm.Misdirected, crm.Unable:
		s.futile.CompareAndSwap(nil, e)
	}
	return false
}

func (s *Sender) sayOut(lane string, why *crm.Error, news bool) {
	switch {
	case !news:
	case why.Class == crm.TokenSpent:
		s.Log.Warn("a token's quota is spent: it rests", "token", lane, "why", why.Message)
	default:
		s.Log.Warn("a token is out of use", "token", lane, "why", why.Message)
	}
}

// slow heeds a refusal of one request too many: of the token, or of all of them. A
// pause that the server asks for is for everybody; where it asks for none, everybody
// waits all the same, longer each time.
func (s *Sender) slow(place Place, e *crm.Error) {
	s.quiet(e.RetryAfter)
	switch {
	case e.Class == crm.TooMany && place.TooMany():
		s.Log.Info("the CRM refuses so many requests at once of a token; sending fewer", "token", place.Lane(), "why", e.Message)
	case e.Class == crm.Again && place.Throttled():
		longest := maxPause
		if e.RateLimited() {
			longest = maxLimited
		}
		d := max(pause(int(s.throttled.Add(1)), longest), e.RetryAfter)
		s.quiet(d)
		s.Log.Info("the CRM asks to be sent less; waiting "+d.Round(10*time.Millisecond).String(), "why", e.Message)
	}
}

// quietFor is how long nobody may send any more, 0 where everybody may.
func (s *Sender) quietFor() time.Duration {
	return max(time.Until(time.Unix(0, s.quietUntil.Load())), 0)
}

// quiet keeps everyone from sending for as long as the server asks.
func (s *Sender) quiet(d time.Duration) {
	until := time.Now().Add(d).UnixNano()
	for {
		old := s.quietUntil.Load()
		if d == 0 || old >= until || s.quietUntil.CompareAndSwap(old, until) {
			return
		}
	}
}

// pause grows exponentially with the attempts, with half of it left to chance so
// that workers don't come back all at once.
func pause(attempts int, longest time.Duration) time.Duration {
	d := min(firstPause<<min(attempts-1, 16), longest)
	return d/2 + rand.N(d/2+1)
}

// wait tells whether the time passed before stop ended.
func wait(stop context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop.Done():
		return false
	}
}
