package pace

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Sender sends cases to their end: it waits at the Gate, and sends again what was not sent or not
// processed. It is safe for concurrent use.
type Sender struct {
	Client      *crm.Client
	Gate                      // Lanes must be set
	Operation   string        // whose tokens they are, for questions
	GiveUpAfter time.Duration // how long a server may fail without any success; default 60 s
	Log         *slog.Logger

	health health
}

const (
	// triesBeforeAsking is after how many answers that an address sends too much it is asked
	// whether they are about that, and not about this one case.
	triesBeforeAsking = 10

	// triesBeforeBlame is the same for what isn't the CRM's own: a firewall may say "your IP" to
	// each row whose words it doesn't like.
	triesBeforeBlame = 2
)

// Sent is what sending a case took.
type Sent struct {
	crm.Created
	Attempts int
	Bytes    int64         // of the bodies that were sent, the repeated ones too
	Took     time.Duration // from the first request to the last answer, pauses included

	began time.Time // zero before the first request
}

// request takes in that a request is about to leave.
func (s *Sent) request() {
	if s.began.IsZero() {
		s.began = time.Now()
	}
}

// answer takes in that a request is over, and how many bytes its body had.
func (s *Sent) answer(bytes int64) {
	s.Attempts++
	s.Bytes += bytes
	s.Took = time.Since(s.began)
}

// Send sends the body until its fate is known. When stop ends, a request in flight still comes to
// its end, and no other begins.
//
// The error is a *crm.Error. If its class is InDoubt, Refused or Redirected, the claim is still
// the caller's to settle, as it is after success. With any other class sending was given up, and
// there is no claim.
func (s *Sender) Send(stop context.Context, body *crm.Body, claim Claim) (Sent, error) {
	var sent Sent
	last := &crm.Error{Class: crm.Unsent, Reason: "not_sent", Message: "the run stopped before the row was sent"}
	for {
		slot, err := s.forCase(stop)
		if none := new(crm.Error); errors.As(err, &none) {
			return sent, none
		} else if err != nil {
			return sent, last
		}
		if err := claim.Take(); err != nil {
			slot.Leave(false)
			return sent, notClaimed(err)
		}
		if why := s.overtaken(stop, slot); why != nil { // the claim took its time
			slot.Leave(false)
			if err := claim.Release(why); err != nil {
				return sent, notReleased(err)
			}
			continue
		}
		e, again := s.attempt(stop, slot, body, &sent)
		if e == nil {
			return sent, nil
		}
		if e.MayBeProcessed() {
			return sent, e
		}
		if err := body.Rewind(); err != nil {
			return sent, &crm.Error{Class: crm.Refused, Reason: "attachment_unreadable", Message: err.Error(),
				Hint: "correct the file, then import the row again", Err: err}
		}
		if err := claim.Release(e); err != nil {
			return sent, notReleased(err)
		}
		if !again {
			return sent, e
		}
		last = e
		if e.Class == crm.Unsent || e.PutOff() {
			// Of this row alone: what the server asks for is for all, and waited for at the gate.
			wait(stop, backoff(sent.Attempts, maxPause))
			s.Client.Rest()
		}
	}
}

// attempt sends one request from the slot, heeds its answer and leaves the slot. The error is nil
// if the case was created; again tells whether another attempt may follow.
func (s *Sender) attempt(stop context.Context, slot Slot, body *crm.Body, sent *Sent) (e *crm.Error, again bool) {
	sent.request()
	created, err := s.insert(stop, slot, body)
	sent.answer(body.Len())
	if err == nil {
		slot.Leave(true)
		sent.Created = created
		return nil, false
	}
	e = err.(*crm.Error)
	tries := triesBeforeAsking
	if e.Foreign() {
		tries = triesBeforeBlame
	}
	if e.Ambiguous() || e.RateLimited() && sent.Attempts%tries == 0 {
		e = s.blame(stop, slot, e)
	}
	again = s.heed(slot, e)
	// Only now: whoever gets this slot must already see the pause or outage that e caused.
	slot.Leave(e.MayBeProcessed())
	return e, again
}

// insert is one request. It outlives stop: what has left is waited for.
func (s *Sender) insert(stop context.Context, slot Slot, body *crm.Body) (crm.Created, error) {
	created, err := s.Client.Insert(context.WithoutCancel(stop), slot.lane.token, body)
	e := new(crm.Error)
	errors.As(err, &e)
	if err == nil || e.HTTPStatus != 0 { // whatever it says, the server is there
		s.health.unreached.ends()
	}
	if err != nil && e.LostOnReused() && s.Client.Apart() {
		s.Log.Warn("the server closes connections that it has just answered on: "+
			"each request gets one of its own from now on", "why", e.Message)
	}
	if err == nil || e.Class == crm.Refused && !e.Foreign() {
		s.health.works()
		slot.Answered()
	}
	return created, err
}
