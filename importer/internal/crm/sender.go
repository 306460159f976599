package crm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Sender sends cases to their end: it waits for a place, a free rate and the end of
// a pause, and sends again what was not sent or not processed. Client only
// classifies; all repeating is here, on the caller's side of the claim.
type Sender struct {
	Client   *Client
	Lanes    *Lanes
	Rate     *rate.Limiter // nil is no limit
	Patience time.Duration // how long without any success until the server counts as gone; default 60 s
	Log      *slog.Logger

	quietUntil  atomic.Int64          // Unix nanoseconds; nobody sends before, as the server asked
	lastSuccess atomic.Int64          // Unix nanoseconds; the first attempt's where there was none
	astray      atomic.Pointer[Error] // the server is not the one that is meant; nobody sends any more
}

const (
	// claimLasts is how old a claim may be when its request leaves: the time since
	// the request is what tells whether its case could still come.
	claimLasts = 2 * time.Second

	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second

	// throttledPatience is how many times Patience a server that answers, but only
	// to put us off, is given.
	throttledPatience = 10
)

// Sent is what sending a case took.
type Sent struct {
	Created
	Attempts int
	Bytes    int64         // of the bodies that were sent, the repeated ones too
	Took     time.Duration // from the first byte to the last answer, pauses included
}

// Send sends the body until its fate is known. When stop ends, a request in flight
// still comes to its end, and no other begins. The error is an *Error; its verdict is
// Unsent or Again only where sending was given up.
//
// renew is called before a request leaves that the caller's claim is too old for, and
// nothing leaves where it fails.
func (s *Sender) Send(stop context.Context, body *Body, renew func() error) (Sent, error) {
	var sent Sent
	last := &Error{Verdict: Unsent, Reason: "not_sent", Message: "the run stopped before the row was sent"}
	began := time.Now()
	claimed := began
	s.lastSuccess.CompareAndSwap(0, began.UnixNano())
	for {
		lane, err := s.enter(stop)
		if noLane := new(Error); errors.As(err, &noLane) && last.Verdict != noLane.Verdict {
			return sent, noLane
		} else if err != nil {
			return sent, last
		}
		if e := s.astray.Load(); e != nil {
			lane.Leave()
			return sent, &Error{Verdict: Unsent, Reason: last.Reason, Message: e.Message, Hint: e.Hint}
		}
		if time.Since(claimed) > claimLasts {
			if err := renew(); err != nil {
				lane.Leave()
				return sent, &Error{Verdict: Unsent, Reason: "not_claimed", Message: fmt.Sprintf("its claim could not be renewed: %v", err), Err: err}
			}
			claimed = time.Now()
		}
		created, err := s.attempt(stop, lane, body)
		sent.Attempts++
		sent.Bytes += body.Len()
		sent.Took = time.Since(began)
		if err == nil {
			lane.Leave()
			sent.Created = created
			return sent, nil
		}
		e := err.(*Error)
		again := s.again(lane, e)
		lane.Leave() // not before the next request would know what this one has found out
		if !again {
			return sent, e
		}
		last = e
		if err := s.rewind(body); err != nil {
			return sent, err
		}
		if e.Verdict == Unsent || e.Verdict == Again {
			wait(stop, pause(sent.Attempts, e.RetryAfter))
			s.Client.Rest()
		}
	}
}

// Probe asks the CRM for a case that doesn't exist. No error means that it answers.
func (s *Sender) Probe(stop context.Context, operation string) error {
	lane, err := s.enter(stop)
	if err != nil {
		return err
	}
	defer lane.Leave()
	_, err = s.Client.Query(context.WithoutCancel(stop), lane.token, operation, ByID, nobody)
	if e := new(Error); errors.As(err, &e) && e.Verdict == Refused {
		return nil
	}
	return err
}

// nobody is no case's id.
const nobody = "000000000000000000000000"

// enter waits until a request may leave.
func (s *Sender) enter(stop context.Context) (*Lane, error) {
	for {
		quiet := time.Until(time.Unix(0, s.quietUntil.Load()))
		if quiet <= 0 {
			break
		}
		if !wait(stop, quiet) {
			return nil, context.Cause(stop)
		}
	}
	if s.Rate != nil {
		if err := s.Rate.Wait(stop); err != nil {
			return nil, err
		}
	}
	return s.Lanes.Enter(stop)
}

// attempt is one request. It outlives stop: what has left is waited for.
func (s *Sender) attempt(stop context.Context, lane *Lane, body *Body) (Created, error) {
	created, err := s.Client.Insert(context.WithoutCancel(stop), lane.token, body)
	if e := new(Error); err == nil || errors.As(err, &e) && e.Verdict == Refused {
		s.lastSuccess.Store(time.Now().UnixNano())
		lane.Proven()
	}
	return created, err
}

// again decides whether a failed attempt is followed by another. Only verdicts that
// are known not to have been processed are.
func (s *Sender) again(lane *Lane, e *Error) bool {
	silence := time.Since(time.Unix(0, s.lastSuccess.Load()))
	patience := s.Patience
	if patience == 0 {
		patience = 60 * time.Second
	}
	switch e.Verdict {
	case Unsent:
		s.Log.Warn("request not sent, trying again", "why", e.Message)
		return silence < patience
	case Again:
		s.Log.Info("the CRM puts us off", "why", e.Message, "wait", e.RetryAfter)
		s.quiet(e.RetryAfter)
		return silence < throttledPatience*patience
	case TokenSpent, TokenBad:
		if lane.Shut(e.Verdict) {
			s.Log.Warn("a token is out of use", "token", lane.String(), "why", e.Message)
		}
		return true // on another lane; where there is none, entering says so
	case Redirected, Misdirected:
		s.astray.CompareAndSwap(nil, e)
	}
	return false
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

func (s *Sender) rewind(body *Body) error {
	if err := body.Rewind(); err != nil {
		return &Error{Verdict: Refused, Reason: "attachment_unreadable", Message: err.Error(), Hint: "correct the file, then import the row again", Err: err}
	}
	return nil
}

// pause grows exponentially with the attempts, with half of it left to chance so
// that workers don't come back all at once. It is never shorter than the server asks.
func pause(attempts int, asked time.Duration) time.Duration {
	d := min(firstPause<<min(attempts-1, 16), maxPause)
	return max(d/2+rand.N(d/2+1), asked)
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
