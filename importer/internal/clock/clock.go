// Package clock tells how much time has certainly passed, also over the end of a process.
//
// The clock on the wall can't: it jumps when it is set, be it by a person or by the network after
// a start. The time since the computer's start only grows, also while the computer sleeps. It is
// comparable between two processes if both saw the same start.
package clock

import "time"

// Clock tells which start of the computer this is, and how long ago that was. Boot is "" if the
// system doesn't tell starts apart; then moments of two processes can't be compared.
type Clock func() (boot string, uptime time.Duration)

// Moment is a point in time by both clocks.
type Moment struct {
	Wall   time.Time
	Boot   string
	Uptime time.Duration
}

// Now is the present moment. The zero Clock is the system's.
func (c Clock) Now() Moment {
	if c == nil {
		c = system
	}
	boot, uptime := c()
	return Moment{Wall: time.Now().Round(0), Boot: boot, Uptime: uptime}
}

// Since is how much time has passed since then, at least. It is 0 if nothing is certain.
//
// After a restart of the computer it is no more than the time since that: the clock on the wall
// may have been set meanwhile. It is no more than the wall clock's word either, since the moment
// may have been noted on another computer, which was started later.
func (m Moment) Since(then Moment) time.Duration {
	switch {
	case m.Boot == "" || then.Boot == "":
		return 0
	case m.Boot == then.Boot:
		return max(m.Uptime-then.Uptime, 0)
	}
	return max(min(m.Uptime, m.Wall.Sub(then.Wall)), 0)
}
