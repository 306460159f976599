package pace

import "time"

// lookEvery is how often those who wait look at the clock: timers stand still while a computer
// sleeps.
const lookEvery = 10 * time.Minute

// alarm is a timer that is only ever set to an earlier time. Its zero value is not set.
type alarm struct {
	timer *time.Timer // nil if it is not set
	at    time.Time
}

// set makes the alarm call f at the given time, or lookEvery from now if that is earlier. If it is
// set to an earlier time already, that stays.
func (a *alarm) set(now, at time.Time, f func()) {
	if soon := now.Add(lookEvery); soon.Before(at) {
		at = soon
	}
	switch {
	case a.timer == nil:
		a.timer = time.AfterFunc(at.Sub(now), f)
	case at.Before(a.at):
		a.timer.Reset(at.Sub(now))
	default:
		return
	}
	a.at = at
}

// rang is to be called by f.
func (a *alarm) rang() { a.timer = nil }
