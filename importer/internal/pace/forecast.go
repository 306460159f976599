package pace

import (
	"fmt"
	"math"
	"strings"
	"time"

	"wolkvox-import/importer/internal/say"
)

// Forecast is what can be known of a run before it sends anything.
type Forecast struct {
	Rows     int           // to send, at most: filtered and invalid ones are among them
	Requests int           // at once
	Answer   time.Duration // of the CRM, to a question; 0 if it isn't known
	Rate     float64       // requests a second; 0 is no limit
	Until    time.Time     // no row is begun after; zero is no limit
	Now      time.Time
	quotas
}

// quotas are what the tokens may do together, as far as the CRM has said.
type quotas struct {
	tokens  int // that are in use
	unknown int // tokens of which the CRM says nothing
	today   int // requests that may still be made
	limit   int // requests that may be made in a day
	daily   int // of these, without what is left alone
	reserve int // of today's, left alone
}

// Count adds up what the tokens may do, and how many requests at once. A token that is out of use
// counts for nothing.
func (f *Forecast) Count(allowances []Allowance) {
	f.Requests = 0
	for _, a := range allowances {
		switch {
		case a.Out:
			continue
		case a.Err != nil:
			f.unknown++
		default:
			f.today += max(a.Available-Reserve(a.Quota), 0)
			f.limit += a.Limit
			f.daily += a.Limit - Reserve(a.Quota)
			f.reserve += min(Reserve(a.Quota), a.Available)
		}
		f.Requests += a.Requests
		f.tokens++
	}
}

// String is the forecast as it is said before the first request. The end is named only if the CRM
// has said all quotas, or if the hours of a night are known and how many requests fit into them.
func (f Forecast) String() string {
	parts := []string{fmt.Sprintf("to send: at most %s, %s at once",
		say.Several(f.Rows, "row"), say.Several(f.Requests, "request"))}
	switch {
	case f.tokens > 0 && f.unknown == 0:
		parts = append(parts, fmt.Sprintf("quota of %s: %d left today, of %d a day, and %d kept for resolve",
			say.Several(f.tokens, "token"), f.today, f.limit, f.reserve))
	case f.unknown > 0:
		parts = append(parts, fmt.Sprintf("the CRM doesn't say what %s may still do", say.Several(f.unknown, "token")))
	}
	speed := f.speed()
	if speed > 0 {
		parts = append(parts, "expected: at least "+roughly(time.Duration(float64(f.Rows)/speed*float64(time.Second))))
	}
	if f.tokens > 0 && f.unknown == 0 || !f.Until.IsZero() && speed > 0 {
		parts = append(parts, f.end(speed))
	}
	return strings.Join(parts, "; ")
}

// speed is how many requests a second there can be at most; 0 is not known. It is counted by how
// long a question took, since inserts, which take longer, have not been sent yet: what is said is
// at least how long it takes.
func (f Forecast) speed() float64 {
	speed := math.Inf(1)
	if f.Answer > 0 {
		speed = float64(f.Requests) / f.Answer.Seconds()
	}
	if f.Rate > 0 {
		speed = min(speed, f.Rate)
	}
	if math.IsInf(speed, 1) {
		return 0
	}
	return speed
}

// end says on which night the last row is sent: tonight is what is left of today's quota, and of
// the hours until Until; every further night has the whole of both.
func (f Forecast) end(speed float64) string {
	tonight, nightly := math.Inf(1), math.Inf(1)
	if f.tokens > 0 && f.unknown == 0 {
		tonight, nightly = float64(f.today), float64(f.daily)
	}
	if !f.Until.IsZero() && speed > 0 {
		window := speed * f.Until.Sub(f.Now).Seconds()
		tonight, nightly = min(tonight, window), min(nightly, window)
	}
	left := float64(f.Rows) - tonight
	switch {
	case left <= 0:
		return "all of it fits into this run"
	case nightly < 1:
		return "the quota allows nothing"
	}
	nights := int(math.Ceil(left / nightly))
	until := f.Now.AddDate(0, 0, nights).Format(time.DateOnly)
	return fmt.Sprintf("%s more will be needed, until %s", say.Several(nights, "night"), until)
}

// roughly is a duration as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return say.Several(int(math.Ceil(d.Seconds())), "second")
	case d < 2*time.Hour:
		return say.Several(int(math.Ceil(d.Minutes())), "minute")
	}
	return say.Several(int(math.Ceil(d.Hours())), "hour")
}
