// Package submit brings a row that is to be sent to its end:
//
//	Task ──► files open ──► room in memory ──► claim ──► request ──► outcome ──► recorded
//
// Its rules:
//
//   - What can be wrong with a row is found before its claim, so that no key is taken in vain.
//   - A claim is durable before its request leaves, and each request has one of its own.
//   - An outcome needs to be durable only before its worker's next claim is. Until then the claim,
//     which is durable, keeps the row from being sent again: a crash leaves the row in doubt, as it
//     would have a moment earlier, while the answer was on its way. So the two share one commit, and
//     a crash leaves at most as many rows in doubt as there are workers.
//   - An answer that can't be trusted leaves its row in doubt, and may stop the run: see issued.go
//     (one id for two rows) and refusals.go (it isn't the rows that are refused).
package submit

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/semaphore"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/crash"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// Submitter submits tasks. Its parts are set before the first task; then all workers of a run use
// it at once.
type Submitter struct {
	Sender  *pace.Sender
	Breaker *pace.Breaker // the sender's
	Ledger  ledger.Ledger
	Record  *record.Recorder
	Halt    *stop.Switch
	Meter   *record.Meter
	Clock   clock.Clock
	Log     *slog.Logger
	Budget  int64 // bytes of request bodies under way at once

	bytes    *semaphore.Weighted // of Budget
	sums     sums
	refusals refusals
	issued   issued
}

// Start makes it ready. It comes after the Budget is set and before the first task.
func (s *Submitter) Start() {
	s.bytes = semaphore.NewWeighted(s.Budget)
}

// Submit brings one row to its end and returns its outcome. That is recorded then, and durable before
// any later claim; see record.Recorder.Settle. A row that the end of the run overtakes before its
// request is not attempted. After the request left, nothing cuts the wait for its answer short.
func (s *Submitter) Submit(t Task) reports.Outcome {
	if s.Halt.Thrown() {
		return s.giveUp(t, t.NotAttempted(s.Halt.Halt()))
	}
	request, problem := s.open(&t.Case)
	if problem != nil && OutOfFiles(s.Halt, problem.Err) {
		return s.giveUp(t, t.NotAttempted(s.Halt.Halt()))
	}
	if problem != nil {
		o := t.NotAttempted(nil)
		o.Status, o.Error, o.Message, o.Hint = reports.Invalid, problem.Error, problem.Message, problem.Hint
		s.Record.Refuse(t.Input, t.Claim, o) // as if it had been found before
		return o
	}
	defer request.body.Close()
	// Room comes before the claim: a row that waits for it is not in doubt if the process dies.
	release, err := s.reserve(request.body)
	if err != nil {
		return s.giveUp(t, t.NotAttempted(s.Halt.Halt()))
	}
	defer release()
	sent, err := s.Sender.Send(s.Halt.Context(), request.body, claim{s, &t.Claim})
	if err == nil {
		err = s.distinct(sent.WolkvoxID)
	}
	return s.settle(t, request, sent, err)
}

// OutOfFiles stops the run if an error is none of a row's, since this process may open no more
// files.
func OutOfFiles(halt *stop.Switch, err error) bool {
	if !crm.TooManyFiles(err) {
		return false
	}
	no := crm.NoMoreFiles(err)
	halt.Stop(&stop.Halt{Status: stop.Stopped, Why: no.Message, Hint: no.Hint})
	return true
}

// giveUp records a row without a claim: it never had one, or the sender has released it.
func (s *Submitter) giveUp(t Task, o reports.Outcome) reports.Outcome {
	s.Record.Note(t.Input, o)
	s.Record.Flush()
	return o
}

// reserve waits until the body's bytes fit into what may be under way at once, so that many
// large attachments don't fill the memory of connections and proxies. A body that is larger than
// all of it goes alone.
func (s *Submitter) reserve(body *crm.Body) (release func(), err error) {
	n := min(body.Len(), s.Budget)
	if err := s.bytes.Acquire(s.Halt.Context(), n); err != nil {
		return nil, err
	}
	return func() { s.bytes.Release(n) }, nil
}

// claim is the ledger's word for one request of a row.
type claim struct {
	*Submitter
	row *ledger.Claim
}

// Take returns when the claim is durable. Nothing may leave before.
func (c claim) Take() error {
	crash.Point(crash.BeforeClaim)
	err := c.Ledger.Claim(*c.row)
	crash.Point(crash.AfterClaim)
	if err == nil {
		c.Meter.Claimed()
	} else if !errors.Is(err, ledger.ErrNotClaimable) {
		c.Halt.Fail(err)
	}
	return err
}

// Release gives the claim back: its request was not sent, or not processed.
func (c claim) Release(why error) error {
	err := c.Ledger.Release(c.row.ID, why.Error())
	if err == nil {
		c.Meter.Settled()
	} else {
		c.Halt.Fail(err)
	}
	return err
}

// settle records what became of a row, and takes in what that tells of the CRM.
func (s *Submitter) settle(t Task, p request, sent pace.Sent, err error) reports.Outcome {
	o := reports.Outcome{
		Origin: reports.Origin{File: t.File, Row: t.Row, Key: say.Valid(t.Claim.Key)},
		Sending: reports.Sending{
			Attempts: sent.Attempts, SentBytes: sent.Bytes, Duration: sent.Took, FinishedAt: time.Now().UTC(),
		},
	}
	settled := ledger.Settlement{ID: t.Claim.ID}
	if err == nil {
		s.created(&t.Case, p, sent, &o, &settled)
	} else {
		s.failed(err, &o, &settled)
	}
	switch {
	case settled.State != ledger.Unknown:
		s.conclude(t, settled, o)
	case o.Error == "not_sent" && s.Halt.Thrown(): // for the run's reason, not for one of its own
		return s.giveUp(t, t.NotAttempted(s.Halt.Halt()))
	default:
		return s.giveUp(t, o)
	}
	// Only now: the outcome is recorded, whatever it tells of the CRM.
	if h := s.refusals.note(&o, &t); h != nil {
		s.Halt.Stop(h)
	}
	if why := s.Breaker.Note(o.Status == reports.InDoubt); why != "" {
		s.probe(why)
	}
	return o
}

// conclude settles the claim. What can't be recorded is at least said, since the id of a case that
// exists must not be lost.
func (s *Submitter) conclude(t Task, settled ledger.Settlement, o reports.Outcome) {
	s.Record.Settle(t.Input, settled, o, func(err error) {
		if err != nil {
			s.Halt.Fail(err)
			s.Log.Error("what became of a row could not be recorded: note it down",
				"file", t.File, "row", t.Row, "key", t.Claim.Key, "outcome", o.Status, "wolkvox_id", settled.WolkvoxID)
		} else {
			s.Meter.Settled()
		}
		crash.Point(crash.AfterOutcome)
	})
}

// probe asks the CRM a harmless question when the breaker has tripped: one answer lets the run go
// on, three failures stop it. Only then may rows be claimed again.
func (s *Submitter) probe(why string) {
	defer s.Breaker.Reset()
	broken := new(pace.ProbeError)
	if !errors.As(s.Breaker.Probe(s.Halt.Context(), s.Sender, why), &broken) {
		return
	}
	status := stop.Stopped
	if broken.Spent {
		status = stop.Paused
	}
	s.Halt.Stop(&stop.Halt{Status: status, Why: broken.Why, Hint: broken.Hint})
}

// request is a row's request with the files that it is read from.
type request struct {
	body  *crm.Body
	files []*os.File
}
