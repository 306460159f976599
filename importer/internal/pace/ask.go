package pace

import (
	"context"
	"errors"

	"wolkvox-import/importer/internal/crm"
)

// nobody is no case's id.
const nobody = "000000000000000000000000"

// mostAsked is how often a question is put that gets no answer. Unlike an insert, it may be.
const mostAsked = 4

// Probe asks the CRM for a case that doesn't exist. No error means that it answers.
func (s *Sender) Probe(stop context.Context) error {
	_, err := s.query(stop, crm.ByID, nobody)
	if e := new(crm.Error); errors.As(err, &e) && answersProbe(e) {
		return nil
	}
	return err
}

// answersProbe tells whether a harmless question was answered by the CRM itself: it may refuse to
// answer, and works all the same.
func answersProbe(e *crm.Error) bool { return e.Class == crm.Refused && !e.Foreign() }

// Find asks the CRM for the case with that id. If no answer comes it is not asked again.
func (s *Sender) Find(stop context.Context, id string) ([]crm.Found, error) {
	a, err := s.query(stop, crm.ByID, id)
	return a.Cases, err
}

// Ask asks the CRM for cases, as [crm.Client.Query] does, and asks again if no answer comes or the
// server fails.
func (s *Sender) Ask(stop context.Context, field, value string) (crm.Answer, error) {
	for tries := 1; ; tries++ {
		a, err := s.query(stop, field, value)
		e := new(crm.Error)
		if !errors.As(err, &e) || e.Class != crm.Unsent && e.Class != crm.InDoubt || tries == mostAsked {
			return a, err
		}
		if !wait(stop, max(backoff(tries, maxPause), e.RetryAfter)) {
			return a, context.Cause(stop)
		}
	}
}

// query keeps to pauses and changes the token, and waits for either as long as Send does, but asks
// no second time if no answer came. It ends with stop: unlike an insert, a question may be given
// up. Its error is that of [crm.Client.Query], or says why nothing can be asked.
func (s *Sender) query(stop context.Context, field, value string) (crm.Answer, error) {
	for tries := 1; ; tries++ {
		slot, err := s.forRequest(stop)
		if err != nil {
			return crm.Answer{}, err
		}
		a, err := s.Client.Query(stop, slot.lane.token, s.Operation, field, value)
		e := new(crm.Error)
		again := errors.As(err, &e) && (e.PutOff() || e.AboutToken()) && s.heed(slot, e)
		slot.Leave(true)
		if stop.Err() != nil {
			return crm.Answer{}, context.Cause(stop)
		}
		if !again {
			return a, err
		}
		if e.PutOff() {
			wait(stop, max(backoff(tries, maxPause), e.RetryAfter))
		}
	}
}
