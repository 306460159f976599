package importer

import (
	"fmt"
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
	f := pace.Forecast{Rate: r.job.Rate, Until: r.job.Until, Now: time.Now(), Requests: r.job.Workers}
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
		f.Answer = time.Since(began) / time.Duration(len(allowances))
		f.Count(allowances)
		f.Requests = min(f.Requests, r.job.Workers)
	}
	if f.Rows = r.rowsLeft(); f.Rows > 0 && f.Requests > 0 {
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

// several is a number with its noun.
func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
