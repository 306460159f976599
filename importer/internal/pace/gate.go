package pace

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"wolkvox-import/importer/internal/crm"
)

// Gate is everything that may hold a request back. All that is sent goes through one Gate.
type Gate struct {
	Lanes   *Lanes
	Rate    *rate.Limiter // nil is no limit
	Breaker *Breaker      // while it is open no case is sent; nil never trips

	pausedFor pause                     // as the server asked
	fatal     atomic.Pointer[crm.Error] // why nobody sends any more, such as that this is not the CRM
}

// forCase waits until a case may be sent. Its error is the cause of stop's end, or a *crm.Error
// that says why nothing can be sent any more.
func (g *Gate) forCase(stop context.Context) (Slot, error) {
	for {
		if held := g.Breaker.Held(); held != nil {
			select {
			case <-held:
			case <-stop.Done():
				return Slot{}, context.Cause(stop)
			}
		}
		slot, err := g.forRequest(stop)
		if err != nil || g.overtaken(stop, slot) == nil {
			return slot, err
		}
		slot.Leave(false)
	}
}

// forRequest waits until a request may leave, be it a question or a case. Its errors are those of
// forCase.
func (g *Gate) forRequest(stop context.Context) (Slot, error) {
	for {
		if left := g.pausedFor.left(); left > 0 {
			if !wait(stop, left) {
				return Slot{}, context.Cause(stop)
			}
			continue
		}
		if e := g.fatal.Load(); e != nil {
			return Slot{}, notSent(e)
		}
		slot, err := g.Lanes.Enter(stop)
		if err != nil {
			return slot, err
		}
		// The turn comes after the slot, or those who waited for a slot would leave together.
		// Not by Wait, which fails at once if stop has a deadline that is nearer.
		if g.Rate != nil {
			if turn := g.Rate.Reserve(); !wait(stop, turn.Delay()) {
				turn.Cancel()
				slot.Leave(false)
				return Slot{}, context.Cause(stop)
			}
		}
		if g.pausedFor.left() == 0 && slot.open() {
			return slot, nil
		}
		slot.Leave(false) // that has changed meanwhile
	}
}

// overtaken is why no case may leave from a slot after all, by what has been found out since the
// slot was given; nil if it may.
func (g *Gate) overtaken(stop context.Context, slot Slot) error {
	switch {
	case stop.Err() != nil:
		return errors.New("not sent: the run stopped")
	case g.fatal.Load() != nil:
		return errors.New("not sent: the run is to stop")
	case g.pausedFor.left() > 0:
		return errors.New("not sent: the server asks for a pause")
	case g.Breaker.Held() != nil:
		return errors.New("not sent: it is being looked whether the CRM works")
	case !slot.open():
		return errors.New("not sent: the token is out of use")
	}
	return nil
}

// notSent is the fatal error of another request, for one that was not sent because of it.
func notSent(why *crm.Error) *crm.Error {
	return &crm.Error{Class: crm.Misdirected, Reason: "not_sent", Message: why.Message, Hint: why.Hint, Err: why.Err}
}

// giveUp lets nobody send any more, for the first reason that is given.
func (g *Gate) giveUp(why *crm.Error) { g.fatal.CompareAndSwap(nil, why) }

// pause keeps everybody from sending for so long; 0 is no pause.
func (g *Gate) pause(d time.Duration) { g.pausedFor.extend(d) }
