package stop

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Switch is thrown once, by whoever finds the first reason to take no new row. It may be used
// by all goroutines of a run at once.
type Switch struct {
	ctx    context.Context
	end    context.CancelCauseFunc
	log    *slog.Logger
	said   sync.Map             // error texts: a full disk would be said once a row
	failed atomic.Pointer[Halt] // by an error of the run itself, which comes before all other reasons
}

// New makes a switch that is also thrown when ctx ends.
func New(ctx context.Context, log *slog.Logger) *Switch {
	s := &Switch{log: log}
	s.ctx, s.end = context.WithCancelCause(ctx)
	return s
}

// Context ends when no new row is to be taken. It bounds questions and waits, and never a
// request that was claimed: such a request is waited for.
func (s *Switch) Context() context.Context { return s.ctx }

// Thrown tells whether no new row is to be taken.
func (s *Switch) Thrown() bool { return s.ctx.Err() != nil }

// Stop gives a reason to take no new row. Only the first one counts.
func (s *Switch) Stop(h *Halt) { s.end(h) }

// Fail stops the run for an error of its own, such as the ledger's. That is said at once and
// comes before all other reasons: after it, what the ledger says can't be relied on.
func (s *Switch) Fail(err error) {
	if _, said := s.said.LoadOrStore(err.Error(), true); !said {
		s.log.Error(err.Error())
	}
	h := &Halt{Stopped, err.Error(), "nothing more is sent; when the cause is mended, run the same command again"}
	errors.As(err, &h)
	s.failed.CompareAndSwap(nil, h)
	s.end(h)
}

// Halt is why the switch was thrown, or nil if it wasn't.
func (s *Switch) Halt() *Halt {
	if h := s.failed.Load(); h != nil {
		return h
	}
	var h *Halt
	switch cause := context.Cause(s.ctx); {
	case cause == nil:
		return nil
	case errors.As(cause, &h):
		return h
	}
	return Interrupted
}

// Close releases what the switch holds. Halt is not to be asked any more.
func (s *Switch) Close() { s.end(nil) }

// LookEvery is how often a long sleep looks at the clock: timers stand still while a computer sleeps.
const LookEvery = 10 * time.Second

// Until throws the switch at a time of the day. It returns then, or when the switch is thrown
// for another reason.
func (s *Switch) Until(at time.Time) {
	at = at.Round(0) // by the wall clock: a monotonic one stands still in sleep too
	for {
		left := time.Until(at)
		if left <= 0 {
			s.end(&Halt{Paused, "no row is begun after " + at.Format("15:04") + " (--until)",
				"run the same command again to go on"})
			return
		}
		if Sleep(s.ctx, min(left, LookEvery)) != nil {
			return
		}
	}
}

// Sleep waits. If ctx ends first, it returns Interrupted.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Interrupted
	}
}
