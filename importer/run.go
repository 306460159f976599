package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/reports"
)

// run is a plan in motion.
type run struct {
	*plan
	ledger    ledger.Ledger
	sender    *crm.Sender
	stop      context.Context // ends when no new row is to be sent; its cause says why
	end       context.CancelCauseFunc
	scratch   []byte          // the reader's alone
	notes     []ledger.Record // of the batch at hand; the reader's alone
	started   time.Time
	last      account  // of the last run
	said      sync.Map // errors; a full disk would be said once a row
	breaker   breaker
	refusals  refusals
	issued    issued
	bytes     *semaphore.Weighted // of bodies under way
	sums      sums
	templates []string             // of the keys in the ledger, this run's among them
	similar   *similar             // the reader's alone; nil until it is needed
	failed    atomic.Pointer[Halt] // by an error of the run itself, which comes before all other reasons
	plans     sync.Once            // saying what is going to be done
	ahead     map[place]bool       // rows that were sent before all others

	duplicates *duplicates.Keys // of all inputs; the reader's alone

	mu       sync.Mutex
	tallies  []reports.Summary // by input
	failures int
}

// errInterrupted is the cause where the person stopped the run.
var errInterrupted = &Halt{StatusPaused, "interrupted", "run the same command again to go on"}

// begin opens the ledger and makes ready to send.
func begin(ctx context.Context, p *plan) (*run, error) {
	r := &run{plan: p, started: time.Now(), tallies: make([]reports.Summary, len(p.inputs))}
	for _, in := range p.inputs {
		if err := os.MkdirAll(in.out, 0o700); err != nil {
			return nil, usage("the reports' folder can't be made: %w", err)
		}
	}
	if err := r.openLedger(); err != nil {
		return nil, err
	}
	var err error
	if _, r.last, err = lastAccount(r.ledger); errors.Is(err, ledger.ErrNoRun) {
		err = nil
	}
	for _, in := range p.inputs {
		if err == nil {
			err = r.findColumns(in)
		}
	}
	if err == nil {
		err = r.rekeyed(ctx)
	}
	for _, in := range p.inputs {
		if err == nil && in.rejects {
			r.sayRespelled(in) // while the ledger has the records of the run that wrote it
		}
	}
	if err != nil {
		r.closeLedger()
		return nil, err
	}
	r.bytes = semaphore.NewWeighted(p.budget)
	r.stop, r.end = context.WithCancelCause(ctx)
	if !p.job.Until.IsZero() {
		p.job.Log.Info("no row is begun after " + p.job.Until.Format("2006-01-02 15:04 MST") + " (--until)")
		go r.watch() // until the run stops, for whatever reason
	}
	r.sender = r.newSender()
	return r, nil
}

// newSender makes what all requests of the run go through, questions too.
func (r *run) newSender() *crm.Sender {
	s := &crm.Sender{
		Client:    crm.New(crm.Config{Server: r.server, Workers: r.job.Workers, Timeout: r.job.Timeout, UserAgent: "wolkvox-import/" + r.job.Version, Dial: r.job.Dial}),
		Lanes:     crm.NewLanes(r.job.Tokens, r.job.Workers),
		Operation: r.mapping.Operation,
		Log:       r.job.Log,
		Hold:      r.breaker.held,
	}
	s.Lanes.Expect(r.last.Renewed)
	if r.job.Wait {
		s.Lanes.Patient = func(until time.Time, known bool) {
			at := until.Local().Format("2006-01-02 15:04 MST")
			if !known {
				at += ", to try again: the CRM doesn't say when it is renewed"
			}
			r.job.Log.Info("the quota of every token that the CRM accepts is spent; sleeping until " + at)
		}
	}
	if r.job.Rate > 0 {
		s.Rate = rate.NewLimiter(rate.Limit(r.job.Rate), 1)
	}
	return s
}

// enroll tells the ledger that the run begins. What the last run did with each row is forgotten
// from here on.
func (r *run) enroll() error {
	if err := r.ledger.Begin(os.Getpid(), r.account(nil)); err != nil {
		return err
	}
	r.job.Meter.start(r.inputs)
	return nil
}

func (r *run) openLedger() error {
	path := r.ledgerPath()
	if r.job.Rehearsal && r.job.Ledger == "" {
		if err := forget(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return usage("the ledger's folder can't be made: %w", err)
	}
	usual := filepath.Join(r.mapping.Dir(), r.ledgerName())
	_, missing := os.Stat(usual) // asked before it can be the one that is made now
	l, err := sqlite.Open(path, ledger.Binding{Operation: r.mapping.Operation, Server: r.server.Identity(), Rehearsal: crm.Loopback, Moved: r.job.ServerMoved})
	if wrong := new(ledger.BindingError); errors.As(err, &wrong) {
		return &UsageError{err}
	} else if err != nil {
		return err
	}
	r.ledger, r.duplicates = l, duplicates.New(l.Path()+".keys")
	switch {
	case l.Opening().Fresh:
		r.job.Log.Info("new ledger", "path", path)
		if missing == nil && !r.job.Rehearsal {
			r.job.Log.Warn("the new ledger knows nothing of what was imported with " + usual + ": those rows count as new")
		}
	default:
		r.job.Log.Info("going on with the ledger", "path", path)
	}
	if n := l.Opening().Recovered; n > 0 {
		r.job.Log.Warn(fmt.Sprintf("%d rows were being sent when an earlier run died; they are in doubt", n), "ledger", path)
	}
	return nil
}

// forget removes a rehearsal's ledger, unless a living run holds it.
func forget(path string) error {
	if held, err := sqlite.Held(path); err != nil {
		return err
	} else if held {
		return &ledger.BusyError{Path: path}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the last rehearsal's ledger: %w", err)
		}
	}
	return nil
}

// watch ends the run at its time. It looks at the clock now and then, since timers stand still
// while a computer sleeps.
func (r *run) watch() {
	until := r.job.Until.Round(0) // without what is left of a timer's clock
	for {
		left := time.Until(until)
		if left <= 0 {
			r.end(&Halt{StatusPaused, "no row is begun after " + until.Format("15:04") + " (--until)", "run the same command again to go on"})
			return
		}
		if sleep(r.stop, min(left, 10*time.Second)) != nil {
			return
		}
	}
}

// halt is why the run stopped, or nil while it goes on.
func (r *run) halt() *Halt {
	if h := r.failed.Load(); h != nil {
		return h
	}
	var h *Halt
	switch cause := context.Cause(r.stop); {
	case cause == nil:
		return nil
	case errors.As(cause, &h):
		return h
	}
	return errInterrupted
}

// fail stops the run for an error of its own, such as the ledger's.
func (r *run) fail(err error) {
	if _, said := r.said.LoadOrStore(err.Error(), true); !said {
		r.job.Log.Error(err.Error())
	}
	h := &Halt{StatusStopped, err.Error(), "nothing more is sent; when the cause is mended, run the same command again"}
	errors.As(err, &h)
	r.failed.CompareAndSwap(nil, h)
	r.end(h)
}

// hand gives a row to a worker, or lists it as not attempted where the run stops.
func (r *run) hand(t task, tasks chan<- task) {
	r.plans.Do(r.forecast)
	if r.stop.Err() == nil {
		select {
		case tasks <- t:
			return
		case <-r.stop.Done():
		}
	}
	r.note(t.in, r.notAttempted(t))
}

// note records a row that was not sent; flush passes a batch of them on.
func (r *run) note(in *input, o reports.Outcome) {
	r.tally(in, o)
	r.notes = append(r.notes, record(in, o))
}

func (r *run) flush() {
	if len(r.notes) == 0 {
		return
	}
	if err := r.ledger.Note(r.notes); err != nil {
		r.fail(err)
	}
	r.notes = nil // the ledger has it now
}

// tally counts an outcome, and stops the run where too many failed.
func (r *run) tally(in *input, o reports.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tallies[in.number].Add(o)
	switch o.Status {
	case reports.Created:
		r.failures = 0
	case reports.Rejected, reports.Invalid, reports.InDoubt:
		if o.Status == reports.InDoubt && o.Attempts == 0 {
			break // since an earlier run
		}
		r.failures++
		if r.failures == r.job.MaxFailures {
			r.end(&Halt{StatusStopped, fmt.Sprintf("%d rows failed one after the other, as many as --max-failures allows", r.failures), "look at rejects.csv, mend the cause, and run the same command again"})
		}
	}
	r.job.Meter.count(o.Status, o.SentBytes)
}

// record is an outcome as the ledger keeps it.
func record(in *input, o reports.Outcome) ledger.Record {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // an outcome is texts, numbers and times
	}
	return ledger.Record{Input: in.number, Row: o.Row, Outcome: text}
}

// finish ends an input: what was noted of it is durable from here on.
func (r *run) finish(in *input) {
	r.flush()
	if err := r.ledger.Flush(); err != nil {
		r.fail(err)
	}
	r.ledger.NextInput()
	r.tallies[in.number].RowsRead = in.read
	r.sayShort(in)
	r.sayReused(in)
}

// sayShort tells of rows whose cells were taken for empty.
func (p *plan) sayShort(in *input) {
	if in.short > 0 {
		p.job.Log.Info(fmt.Sprintf("rows with fewer cells than the header: %d; the cells that they lack were taken for empty", in.short), "file", in.path)
	}
}

func (r *run) close() {
	r.end(nil)
	if err := r.closeLedger(); err != nil {
		r.job.Log.Error(err.Error())
	}
}

// closeLedger ends what openLedger began.
func (r *run) closeLedger() error { return errors.Join(r.duplicates.Close(), r.ledger.Close()) }

// startOver makes ready for another pass over the rows.
func (r *run) startOver() error {
	r.ledger.NextInput()
	return r.duplicates.Forget()
}
