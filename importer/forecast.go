package importer

import (
	"errors"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

// forecast says, before the first request, how many rows there are to send, what the tokens may
// still do, and how long that is going to take.
// Its questions are the first proof that tokens are accepted: if none is, the run stops before a row
// is claimed.
func (r *run) forecast() {
	if r.halt.Thrown() {
		return
	}
	f := pace.Forecast{Rate: r.job.Rate, Until: r.job.Until, Now: time.Now(), Requests: r.job.Workers}
	if !r.job.NoQuotaCheck {
		began := time.Now()
		allowances, err := r.sender.Allowances(r.halt.Context(), r.inputs.Mapping.Operation)
		if e := new(crm.Error); errors.As(err, &e) {
			r.halt.Stop(&Halt{Status: StatusStopped, Why: e.Message, Hint: e.Hint})
			return
		}
		if r.halt.Thrown() {
			return
		}
		// One question a token, one after another: their mean is what an answer takes.
		f.Answer = time.Since(began) / time.Duration(len(allowances))
		f.Count(allowances)
		// Tokens may allow more at once than there are workers.
		f.Requests = min(f.Requests, r.job.Workers)
	}
	if f.Rows = r.rowsLeft(); f.Rows > 0 && f.Requests > 0 {
		r.job.Log.Info(f.String())
	}
}

// rowsLeft counts the rows that have no outcome yet. It is 0 if that can't be done: a forecast is
// not worth a failure.
func (r *run) rowsLeft() int {
	total, err := r.inputs.Count()
	if err != nil {
		return 0
	}
	return total - r.record.Rows()
}
