package importer

import (
	"fmt"
	"math"
	"strings"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

// forecast is said once, before the first request: how many rows there are to send, what
// the tokens may still do, and how long that is going to take.
func (r *run) forecast() {
	if r.stop.Err() != nil {
		return
	}
	f := forecast{rate: r.job.Rate, until: r.job.Until, now: time.Now(), places: r.job.Workers}
	if !r.job.NoQuotaCheck {
		began := time.Now()
		allowances, err := r.sender.Allowances(r.stop, r.mapping.Operation)
		if err != nil {
			e := err.(*crm.Error)
			r.end(&Halt{StatusStopped, e.Message, e.Hint})
			return
		}
		if r.stop.Err() != nil {
			return
		}
		f.answer = time.Since(began) / time.Duration(len(allowances))
		f.count(allowances)
		f.places = min(f.places, r.job.Workers)
	}
	if f.rows = r.rowsLeft(); f.rows > 0 && f.places > 0 {
		r.job.Log.Info(f.String())
	}
}

// rowsLeft counts the rows that have no outcome yet, by reading the inputs once more. It
// is 0 where that can't be done: a forecast is not worth a failure.
func (r *run) rowsLeft() int {
	total := 0
	for _, in := range r.inputs {
		n, err := in.count()
		if err != nil {
			return 0
		}
		total += n
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.tallies {
		for _, n := range r.tallies[i].Outcomes {
			total -= n
		}
	}
	return total
}

// count reads the input to its end beforehand, once.
func (in *input) count() (n int, err error) {
	if in.counted > 0 {
		return in.counted, nil
	}
	reader, err := in.reader.Again()
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for (in.limit == 0 || n < in.limit) && reader.Next() {
		n++
	}
	if err = reader.Err(); err == nil {
		in.counted = n
	}
	return n, err
}

// forecast is what can be known of a run before it sends anything.
type forecast struct {
	rows    int // at most: filtered and invalid ones are among them
	places  int // requests at once
	tokens  int
	unknown int           // tokens of which the CRM says nothing
	today   int           // requests that all tokens may still make
	limit   int           // requests that all tokens may make in a day
	daily   int           // of these, without what is left alone
	reserve int           // of today's, left alone
	answer  time.Duration // of the CRM, to a question; 0 is not known
	rate    float64       // requests a second; 0 is no limit
	until   time.Time
	now     time.Time
}

// count adds up what the tokens may do.
func (f *forecast) count(allowances []pace.Allowance) {
	f.places = 0
	for _, a := range allowances {
		switch {
		case a.Out:
			continue
		case a.Err != nil:
			f.unknown++
		default:
			f.today += max(a.Available-a.Reserve(), 0)
			f.limit += a.Limit
			f.daily += a.Limit - a.Reserve()
			f.reserve += min(a.Reserve(), a.Available)
		}
		f.places += a.Places
		f.tokens++
	}
}

func (f forecast) String() string {
	parts := []string{fmt.Sprintf("to send: at most %s, %s at once", several(f.rows, "row"), several(f.places, "request"))}
	switch {
	case f.tokens > 0 && f.unknown == 0:
		parts = append(parts, fmt.Sprintf("quota of %s: %d left today, of %d a day, and %d kept for resolve", several(f.tokens, "token"), f.today, f.limit, f.reserve))
	case f.unknown > 0:
		parts = append(parts, fmt.Sprintf("the CRM doesn't say what %s may still do", several(f.unknown, "token")))
	}
	speed := f.speed()
	if speed > 0 {
		parts = append(parts, "expected: at least "+roughly(time.Duration(float64(f.rows)/speed*float64(time.Second))))
	}
	if f.tokens > 0 && f.unknown == 0 || !f.until.IsZero() && speed > 0 {
		parts = append(parts, f.end(speed))
	}
	return strings.Join(parts, "; ")
}

// speed is how many requests a second there can be at most; 0 is not known.
func (f forecast) speed() float64 {
	speed := math.Inf(1)
	if f.answer > 0 {
		speed = float64(f.places) / f.answer.Seconds()
	}
	if f.rate > 0 {
		speed = min(speed, f.rate)
	}
	if math.IsInf(speed, 1) {
		return 0
	}
	return speed
}

// end says on which night the last row is sent, with the quota, and the hours of one
// night, that there are.
func (f forecast) end(speed float64) string {
	tonight, nightly := math.Inf(1), math.Inf(1)
	if f.tokens > 0 && f.unknown == 0 {
		tonight, nightly = float64(f.today), float64(f.daily)
	}
	if !f.until.IsZero() && speed > 0 {
		window := speed * f.until.Sub(f.now).Seconds()
		tonight, nightly = min(tonight, window), min(nightly, window)
	}
	left := float64(f.rows) - tonight
	switch {
	case left <= 0:
		return "all of it fits into this run"
	case nightly < 1:
		return "the quota allows nothing"
	}
	nights := int(math.Ceil(left / nightly))
	return fmt.Sprintf("%s more will be needed, until %s", several(nights, "night"), f.now.AddDate(0, 0, nights).Format(time.DateOnly))
}

// several is a number with its noun.
func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// roughly is a duration as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return several(int(math.Ceil(d.Seconds())), "second")
	case d < 2*time.Hour:
		return several(int(math.Ceil(d.Minutes())), "minute")
	}
	return several(int(math.Ceil(d.Hours())), "hour")
}
