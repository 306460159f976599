package pace

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// heed takes in what a failed request says of the server and the token, for all others, and tells
// whether another attempt may follow. Only after classes that are known not to have been
// processed it may.
func (s *Sender) heed(slot Slot, e *crm.Error) (again bool) {
	longest := cmp.Or(s.GiveUpAfter, 60*time.Second)
	switch e.Class {
	case crm.Unsent:
		first, goOn := s.health.unreached.fails(time.Now(), s.Lanes.lastWoken(), longest)
		level := slog.LevelDebug
		if first {
			level = slog.LevelWarn
		}
		s.Log.Log(context.Background(), level,
			"request not sent; trying again for "+longest.String()+" at most", "why", e.Message)
		return goOn
	case crm.Again, crm.TooMany:
		s.slowDown(slot, e)
		_, goOn := s.health.refusing.fails(time.Now(), s.Lanes.lastWoken(), throttledFactor*longest)
		return goOn
	case crm.TokenSpent, crm.TokenBad:
		s.sayOut(slot.Lane(), e, slot.Out(e))
		return true // on another lane; if there is none, the gate says so
	case crm.Redirected, crm.Misdirected, crm.Unable:
		s.giveUp(e)
	}
	return false
}

// sayOut says that a token is out of use, if that is news.
func (s *Sender) sayOut(lane string, why *crm.Error, news bool) {
	switch {
	case !news:
	case why.Class == crm.TokenSpent:
		s.Log.Warn("a token's quota is spent: it rests", "token", lane, "why", why.Message)
	default:
		s.Log.Warn("a token is out of use", "token", lane, "why", why.Message)
	}
}

// slowDown heeds a refusal of one request too many: of the token, or of all of them. A pause that
// the server asks for is for everybody. If it asks for none, everybody waits all the same, longer
// each time.
func (s *Sender) slowDown(slot Slot, e *crm.Error) {
	s.pause(e.RetryAfter)
	switch {
	case e.Class == crm.TooMany && slot.TooMany():
		s.Log.Info("the CRM refuses so many requests at once of a token; sending fewer",
			"token", slot.Lane(), "why", e.Message)
	case e.Class == crm.Again && slot.Throttled():
		longest := maxPause
		if e.RateLimited() {
			longest = maxLimited
		}
		d := max(s.health.backoff(longest), e.RetryAfter)
		s.pause(d)
		s.Log.Info("the CRM asks to be sent less; waiting "+d.Round(10*time.Millisecond).String(), "why", e.Message)
	}
}
