package pace

import (
	"context"
	"errors"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// quotaTimeout is how long a run waits to hear of a token's quota.
const quotaTimeout = 20 * time.Second

// Allowance is what a token may still do, as far as the CRM says so.
type Allowance struct {
	Token     string // the lane's name
	Requests  int    // at once
	crm.Quota        // zero if Err isn't nil
	Out       bool   // nothing can be sent by it now
	Err       error  // why nothing is known of its quota
}

// Allowances asks after the quota of every token, which costs each one request, and keeps to it
// from then on. It fails, with a *crm.Error, only if the server sends us elsewhere.
func (s *Sender) Allowances(stop context.Context, operation string) ([]Allowance, error) {
	var list []Allowance
	for _, lane := range s.Lanes.lanes {
		if stop.Err() != nil {
			break
		}
		a := Allowance{Token: lane.name, Requests: lane.window.width}
		if s.pausedFor.left() > 0 {
			a.Err = errors.New("not asked: the server asks for a pause")
		} else if moved := s.allowance(stop, lane, operation, &a); moved != nil {
			return nil, moved
		}
		list = append(list, a)
	}
	return list, nil
}

// allowance asks for one lane. Its error says that the server sends us elsewhere.
func (s *Sender) allowance(stop context.Context, lane *lane, operation string, a *Allowance) (moved error) {
	ctx, cancel := context.WithTimeout(stop, quotaTimeout)
	a.Quota, a.Err = s.Client.Quota(ctx, lane.token, operation)
	cancel()
	e := new(crm.Error)
	errors.As(a.Err, &e)
	switch {
	case a.Err == nil:
		s.Lanes.know(lane, a.Quota)
	case e.Class == crm.Redirected || e.Class == crm.Misdirected && e.Location != "":
		elsewhere := *e
		elsewhere.Class = crm.Misdirected
		return &elsewhere
	case e.AboutToken():
		a.Out = true
		s.sayOut(lane.name, e, s.Lanes.out(lane, e))
	case stop.Err() != nil: // nobody wants to know any more
	default:
		s.Log.Info("the CRM doesn't say what a token may still do", "token", lane.name, "why", e.Message)
		if s.pause(e.RetryAfter); e.RetryAfter > 0 {
			s.Log.Warn("the CRM asks for a pause: nothing is sent for " + e.RetryAfter.String())
		}
	}
	return nil
}
