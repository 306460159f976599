package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/time/rate"

	"wolkvox-import/importer/internal/account"
	"wolkvox-import/importer/internal/ahead"
	"wolkvox-import/importer/internal/canary"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/proof"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/submit"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/reports"
)

// run is a job under way: its stages, in the order of a row's way.
// It holds what several stages need. What one alone needs, such as the submitter, is Run's.
type run struct {
	job     Job
	started time.Time
	last    account.Account // of the run before
	server  crm.Server
	inputs  *intake.Inputs
	ledger  ledger.Ledger
	rows    *identity.Finder
	rules   *triage.Rules
	sender  *pace.Sender
	record  *record.Recorder
	halt    *stop.Switch
}

// newRules are the rules by which the run decides about rows.
func (r *run) newRules() *triage.Rules {
	return &triage.Rules{
		Inputs:  r.inputs.All,
		Key:     r.inputs.Mapping.KeyText,
		NoRetry: r.job.NoRetry,
		Settle:  "wolkvox-import resolve --ledger " + r.ledgerPath() + " --auto --server " + r.server.String(),
	}
}

// ledgerPath is where the ledger is, for the person and for commands that are named to them.
func (r *run) ledgerPath() string { return r.job.Book.path(r.inputs) }

// makeFolders makes the folders of the reports: that they can't be made must not be found out at
// the end.
func makeFolders(inputs *intake.Inputs) error {
	for _, in := range inputs.All {
		if err := os.MkdirAll(in.Out, 0o700); err != nil {
			return usage.Errorf("the reports' folder can't be made: %w", err)
		}
	}
	return nil
}

// closed closes what a command has opened, and says what can't be closed.
func closed(c io.Closer, log *slog.Logger) {
	if err := c.Close(); err != nil {
		log.Error(err.Error())
	}
}

// identify prepares to identify rows, by what the last run has left. It says what spreadsheets
// have visibly done to a rejects file, while the ledger has the records of the run that wrote it.
func identify(
	book ledger.Ledger, seen *duplicates.Keys, inputs *intake.Inputs, log *slog.Logger,
) (account.Account, *identity.Finder, error) {
	_, last, err := account.Last(book)
	if err != nil && !errors.Is(err, ledger.ErrNoRun) {
		return last, nil, err
	}
	rows, err := identity.NewFinder(book, seen, inputs, last.Templates)
	if err != nil {
		return last, nil, err
	}
	for _, in := range inputs.All {
		if in.IsRejects() {
			rows.Mended(in.Number, last.SayRespelled(in, book, log))
		}
	}
	return last, rows, nil
}

// agreeToRekeyed asks for a person's word if rows that were imported under another key count as new.
// If nobody is there to be asked, that is a usage error: sending them twice can't be undone.
func (j *Job) agreeToRekeyed(ctx context.Context, rows *identity.Finder) error {
	said, err := rows.Rekeyed()
	switch {
	case err != nil || said == "":
		return err
	case j.Agreed == nil:
		return usage.Errorf("%s: nothing was sent; put the key back, or say --yes if it is meant", said)
	}
	j.Log.Warn(said)
	if !j.Agreed(ctx, "is that meant? [y/N] ") {
		return usage.Errorf("nothing was sent; put the key back, and run the same command again")
	}
	return nil
}

// newSender makes what all requests of the run go through, questions too.
// So they share the pauses that the CRM asks for, and the quota.
func (r *run) newSender(breaker *pace.Breaker) *pace.Sender {
	s := &pace.Sender{
		Client:    r.job.CRM.client(r.server, r.job.Workers, r.job.Version),
		Gate:      pace.Gate{Lanes: pace.NewLanes(r.job.Tokens, r.job.Workers), Breaker: breaker},
		Operation: r.inputs.Mapping.Operation,
		Log:       r.job.Log,
	}
	// What the last run has learnt of the quota's time, this one need not.
	s.Lanes.Expect(r.last.Renewed)
	if r.job.Wait {
		s.Lanes.WaitForQuota = func(until time.Time, known bool) {
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

// settleDoubts settles what is in doubt before the run begins, if the job asks for it. It goes by
// the run's own lanes and pauses, and a spent quota pauses the run.
func (r *run) settleDoubts() error {
	if !r.job.Resolve {
		return nil
	}
	s := &proof.Settler{Ledger: r.ledger, Sender: r.sender, Clock: r.job.Clock, Log: r.job.Log, Margin: r.job.Margin}
	settled, err := s.Settle(r.halt.Context())
	if e := new(crm.Error); errors.As(err, &e) && e.Class == crm.TokenSpent {
		r.halt.Stop(&Halt{Status: StatusPaused, Why: e.Message, Hint: e.Hint})
		err = nil
	}
	if err != nil {
		return fmt.Errorf("rows in doubt could not be settled: %w", err)
	}
	left := 0
	for _, s := range settled {
		if s.State == string(ledger.InDoubt) {
			left++
		}
	}
	if len(settled) > 0 {
		r.job.Log.Info(fmt.Sprintf("rows in doubt: %d, of which %d still are", len(settled), left))
	}
	return nil
}

// begin tells the ledger that the run begins.
// From here on the records of the last run are gone, so whatever could end the run without a row came
// before. The account has no rows read yet: a killed run is reported on by it.
func (r *run) begin() error {
	if err := r.ledger.Begin(os.Getpid(), r.account(nil).JSON()); err != nil {
		return err
	}
	r.job.Meter.Start(r.inputs.Progress)
	return nil
}

// batch is some rows with what is known of them. An error has struck them, and all later ones are
// only listed.
type batch struct {
	rows []identity.Row
	err  error
}

// read reads an input, and finds out what is known of its rows, ahead of the decisions.
func (r *run) read(in *intake.Input, batches chan<- batch) {
	defer close(batches)
	const ring = ahead.Depth + 2 // batches in use at once: those that wait, one being read, one decided about
	var memory [ring][]identity.Row
	failed, turn := false, 0
	for rows, err := range in.Whole(r.halt.Context(), ring) {
		b := batch{err: err}
		// After an error the ledger isn't asked any more: the rows only need their names.
		if failed = failed || err != nil; failed {
			b.rows = identity.Keys(in, rows, memory[turn])
		} else {
			b.rows, b.err = r.rows.Find(in, rows, memory[turn])
			failed = b.err != nil
		}
		// This never waits for ever: decide takes every batch, also after the run has stopped.
		batches <- b
		memory[turn], turn = b.rows, (turn+1)%ring
	}
}

// position is where a row stands.
type position struct{ input, row int }

// decide lets triage decide about each row. Those that have been tried already have their
// outcomes; what is to be sent is offered to the workers; the rest is recorded.
func (r *run) decide(in *intake.Input, batches <-chan batch, tried map[position]bool, offer func(submit.Task)) {
	failed := false
	for b := range batches {
		if b.err != nil {
			failed = true
			r.halt.Fail(b.err) // the rows are listed all the same
		}
		for i := range b.rows {
			row := &b.rows[i]
			if tried[position{in.Number, row.Number}] {
				continue
			}
			// Asked for each row: what is taken after the stop must not be sent.
			var halt *Halt
			if r.halt.Thrown() {
				halt = r.halt.Halt()
			}
			switch d := r.rules.Decide(in, row, halt); {
			case d.Send:
				offer(submit.NewTask(in, row, d.Case, r.rows.Claim(in, row)))
			case len(d.Problems) > 0 && submit.OutOfFiles(r.halt, d.Problems[0].Err):
				r.record.Note(in.Number, triage.NotAttempted(in.Path, row.Number, row.Key, r.halt.Halt()))
			case d.Keep:
				r.record.Refuse(in.Number, r.rows.Claim(in, row), d.Outcome)
			default:
				r.record.Note(in.Number, d.Outcome)
			}
		}
		r.record.Flush()
	}
	// A failure has its own reason; that rows are missing then is only its consequence.
	if err := in.Miscounted(); err != nil && !failed {
		r.halt.Fail(err)
	}
}

// offer gives a task to a worker, or lists its row as not attempted if the run stops.
func (r *run) offer(t submit.Task, tasks chan<- submit.Task) {
	if !r.halt.Thrown() {
		select {
		case tasks <- t:
			return
		case <-r.halt.Context().Done():
		}
	}
	r.record.Note(t.Input, t.NotAttempted(r.halt.Halt()))
}

// canary sends one row of each kind before all others, if the job asks for it. The run goes on
// only if all were created and the person agrees. It returns which rows have been sent.
func (r *run) canary(submitter *submit.Submitter, forecast func()) (tried map[position]bool) {
	if !r.job.Canary || r.halt.Thrown() {
		return nil
	}
	tasks, more, err := canary.Choose(r.inputs.All, r.rows, r.rules)
	if err != nil {
		r.halt.Fail(err)
		return nil
	}
	if len(tasks) == 0 {
		return nil
	}
	if forecast(); r.halt.Thrown() {
		return nil
	}
	reader := &canary.Reader{Sender: r.sender, Log: r.job.Log}
	reader.Begin(len(tasks), more)
	tried = map[position]bool{}
	for _, t := range tasks {
		if r.halt.Thrown() {
			break
		}
		// Noted before it is sent: also a row that failed has its outcome.
		tried[position{t.Input, t.Row}] = true
		if o := submitter.Submit(t); o.Status != reports.NotAttempted {
			reader.Compare(r.halt.Context(), &t, &o)
		}
	}
	if h := reader.Conclude(r.halt.Context(), len(tasks), r.job.Agreed); h != nil {
		r.halt.Stop(h)
	}
	return tried
}

// finish ends an input: what was recorded of it is durable from here on.
func (r *run) finish(in *intake.Input) {
	r.record.Finish(in.Number, in.Read())
	r.rows.NextInput()
	in.SayShort(r.job.Log)
	if s := r.record.Tally(in.Number); account.ReusedKeys(s) {
		r.job.Log.Warn(fmt.Sprintf("%s: %d of %d rows that were imported before have other cells: "+
			"are these other tickets? if so, the key has to tell them from the earlier ones, "+
			"for example by a year, and they can be imported; if not, look at changed.csv",
			in.Path, s.Changed, s.Known))
	}
}
