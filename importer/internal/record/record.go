// Package record takes in what became of each row: it counts the outcome and hands it to the
// ledger, of which reports are views. All outcomes of a run pass here, by three doors:
//
//   - Note, for a row that nothing was sent of;
//   - Refuse, for a row that can't become a case, whose entry is to say so;
//   - Settle, for a row that was claimed.
//
// What the ledger can't take stops the run.
//
//	outcome ──Note, Refuse, Settle──► counts, Meter, failures in a row ──► stop.Switch
//	                            └───► ledger ──────────────────────────► reports
package record

import (
	"encoding/json"
	"fmt"
	"sync"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// Recorder records the outcomes of a run. It may be used by all its goroutines at once.
type Recorder struct {
	ledger      ledger.Ledger
	halt        *stop.Switch
	meter       *Meter
	maxFailures int

	mu       sync.Mutex
	tallies  []reports.Summary // by input
	failures int               // rows that failed, one after the other
	noted    []ledger.Record   // not handed on yet
}

// New makes a recorder for so many inputs. After maxFailures failed rows one after the other it
// stops the run; 0 is never.
func New(l ledger.Ledger, halt *stop.Switch, meter *Meter, inputs, maxFailures int) *Recorder {
	return &Recorder{
		ledger:      l,
		halt:        halt,
		meter:       meter,
		maxFailures: maxFailures,
		tallies:     make([]reports.Summary, inputs),
	}
}

// Note records a row that nothing was sent of. Flush hands it on.
func (r *Recorder) Note(input int, o reports.Outcome) {
	record := recordOf(input, o)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(input, o)
	r.noted = append(r.noted, record)
}

// Flush hands on what was noted; one call for many rows is much cheaper than one for each. The
// ledger makes it durable in its own time, at the latest in its Flush.
func (r *Recorder) Flush() {
	r.mu.Lock()
	noted := r.noted
	r.noted = nil // the ledger keeps the slice
	r.mu.Unlock()
	if len(noted) == 0 {
		return
	}
	if err := r.ledger.Note(noted); err != nil {
		r.halt.Fail(err)
	}
}

// Refuse records a row that can't become a case, in its entry too. The ledger leaves an entry
// alone that has, or may have, a case.
func (r *Recorder) Refuse(input int, claim ledger.Claim, o reports.Outcome) {
	r.add(input, o)
	if err := r.ledger.Refuse(claim, recordOf(input, o)); err != nil {
		r.halt.Fail(err)
	}
}

// Settle records a row that was claimed. It calls done when the outcome is durable, or with why it
// can't be: a case may exist then that only the CRM knows of.
func (r *Recorder) Settle(input int, s ledger.Settlement, o reports.Outcome, done func(error)) {
	r.add(input, o)
	r.ledger.Settle(s, recordOf(input, o), done)
}

func (r *Recorder) add(input int, o reports.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(input, o)
}

// count adds an outcome to the counts of its input, and stops the run if too many failed. The
// caller holds the lock.
func (r *Recorder) count(input int, o reports.Outcome) {
	r.tallies[input].Add(o)
	switch o.Status {
	case reports.Created:
		r.failures = 0
	case reports.Rejected, reports.Invalid, reports.InDoubt:
		if o.Status == reports.InDoubt && o.Attempts == 0 {
			break // since an earlier run
		}
		r.failures++
		if r.failures == r.maxFailures {
			r.halt.Stop(&stop.Halt{
				Status: stop.Stopped,
				Why:    fmt.Sprintf("%d rows failed one after the other, as many as --max-failures allows", r.failures),
				Hint:   "look at rejects.csv, mend the cause, and run the same command again",
			})
		}
	}
	r.meter.Count(o.Status, o.SentBytes)
}

// recordOf is an outcome as the ledger keeps it.
func recordOf(input int, o reports.Outcome) ledger.Record {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // an outcome is texts, numbers and times
	}
	return ledger.Record{Input: input, Row: o.Row, Outcome: text}
}

// Finish ends an input of which so many rows were read: what was noted of it is durable from here
// on.
func (r *Recorder) Finish(input, read int) {
	r.Flush()
	if err := r.ledger.Flush(); err != nil {
		r.halt.Fail(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tallies[input].RowsRead = read
}

// Tally is what was counted of an input. It is whole, and may be read, after Finish.
func (r *Recorder) Tally(input int) *reports.Summary { return &r.tallies[input] }

// Rows is the number of rows that have an outcome.
func (r *Recorder) Rows() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.tallies {
		for _, rows := range r.tallies[i].Outcomes {
			n += rows
		}
	}
	return n
}

// NotAttempted is the number of rows that the end of the run has overtaken.
func (r *Recorder) NotAttempted() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.tallies {
		n += r.tallies[i].Outcomes[reports.NotAttempted]
	}
	return n
}
