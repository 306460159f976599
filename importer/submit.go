package importer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"wolkvox-import/importer/internal/crash"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// submit brings one row to its end: its files are opened, its request is sent under a
// claim, and what became of it is settled.
func (r *run) submit(t task) reports.Outcome {
	if r.stop.Err() != nil {
		return r.conclude(t, r.notAttempted(t))
	}
	body, files, problem := r.openBody(&t.c)
	if problem != nil && r.unable(problem.Err) {
		return r.conclude(t, r.notAttempted(t))
	}
	if problem != nil {
		o := r.notAttempted(t)
		o.Status, o.Error, o.Message, o.Hint = reports.Invalid, problem.Error, problem.Message, problem.Hint
		return r.conclude(t, o)
	}
	defer body.Close()
	release, err := r.reserve(body)
	if err != nil {
		return r.conclude(t, r.notAttempted(t))
	}
	defer release()
	sent, err := r.sender.Send(r.stop, body, claim{r, &t.claim})
	return r.settle(t, body, files, sent, err)
}

// unable stops the run where an error is none of a row's, since this process may open no more
// files.
func (r *run) unable(err error) bool {
	if !crm.TooManyFiles(err) {
		return false
	}
	no := crm.NoMoreFiles(err)
	r.end(&Halt{StatusStopped, no.Message, no.Hint})
	return true
}

// claim is the ledger's word for one request of a row: nothing leaves before it is
// durable.
type claim struct {
	run *run
	*ledger.Claim
}

func (c claim) Take() error {
	crash.Point(crash.BeforeClaim)
	err := c.run.ledger.Claim(*c.Claim)
	crash.Point(crash.AfterClaim)
	if err == nil {
		c.run.job.Meter.flying.Add(1)
	} else if !errors.Is(err, ledger.ErrNotClaimable) {
		c.run.fail(err)
	}
	return err
}

func (c claim) Release(why error) error {
	err := c.run.ledger.Release(c.ID, why.Error())
	if err == nil {
		c.run.job.Meter.flying.Add(-1)
	} else {
		c.run.fail(err)
	}
	return err
}

// reserve waits until the body's bytes fit into what may be under way at once, so that
// many large attachments don't fill the memory of connections and proxies. A body that is
// larger than all of it goes alone.
func (r *run) reserve(body *crm.Body) (release func(), err error) {
	n := min(body.Len(), r.budget)
	if err := r.bytes.Acquire(r.stop, n); err != nil {
		return nil, err
	}
	return func() { r.bytes.Release(n) }, nil
}

// conclude records a row that a worker had to give up before its claim.
func (r *run) conclude(t task, o reports.Outcome) reports.Outcome {
	r.tally(t.in, o)
	if err := r.ledger.Note([]ledger.Record{record(t.in, o)}); err != nil {
		r.fail(err)
	}
	return o
}

// openBody opens the row's files, so that a missing one is found before the claim.
func (r *run) openBody(c *mapping.Case) (*crm.Body, []*os.File, *mapping.Problem) {
	var files []crm.File
	var open []*os.File
	for i := range c.Attachments {
		file, problem := c.Attachments[i].Open()
		if problem != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, nil, problem
		}
		open = append(open, file)
		files = append(files, crm.File{Name: c.Attachments[i].Name, Size: c.Attachments[i].Size, Sum: r.sums.of(&c.Attachments[i]), ReadSeekCloser: file})
	}
	return crm.NewBody(c.JSON, files), open, nil
}

// settle records what became of a row. Where it has a claim, that is durable before its
// worker's next request leaves; what can't be recorded is at least said, since the id of a
// case that exists must not be lost.
func (r *run) settle(t task, body *crm.Body, files []*os.File, sent crm.Sent, err error) reports.Outcome {
	o := reports.Outcome{File: t.in.path, Row: t.row, Key: strings.ToValidUTF8(t.claim.Key, "\ufffd"), Attempts: sent.Attempts,
		SentBytes: sent.Bytes, Duration: sent.Took, FinishedAt: time.Now().UTC()}
	st := ledger.Settlement{ID: t.claim.ID}
	if err == nil {
		err = r.distinct(sent.WolkvoxID)
	}
	if err == nil {
		o.Status, o.WolkvoxID, o.IDPrefijo, o.HTTPStatus, o.Code = reports.Created, sent.WolkvoxID, sent.IDPrefijo, sent.HTTPStatus, sent.Code
		o.Attachments = r.attachments(&t.c, body, files)
		o.Message = remarks(&t.c, files)
		r.sums.keep(&t.c, files, o.Attachments)
		st.State, st.WolkvoxID, st.IDPrefijo, st.Evidence = ledger.Created, sent.WolkvoxID, sent.IDPrefijo, "the CRM's answer"
	} else {
		r.judge(err, &o, &st)
	}
	if st.State == ledger.Unknown && o.Error == "not_sent" && r.stop.Err() != nil {
		return r.conclude(t, r.notAttempted(t)) // for the run's reason, not for one of its own
	}
	if st.State == ledger.Unknown {
		return r.conclude(t, o)
	}
	r.tally(t.in, o)
	r.ledger.Settle(st, record(t.in, o), func(err error) {
		if err != nil {
			r.fail(err)
			r.job.Log.Error("what became of a row could not be recorded: note it down", "row", t.row, "key", t.claim.Key, "outcome", o.Status, "wolkvox_id", o.WolkvoxID)
		} else {
			r.job.Meter.flying.Add(-1)
		}
		crash.Point(crash.AfterOutcome)
	})
	if h := r.refusals.note(&o, &t); h != nil {
		r.end(h)
	}
	if why := r.breaker.note(o.Status == reports.InDoubt); why != "" {
		r.probe(why)
	}
	return o
}

// judge turns a failed insert into the row's outcome, and stops the run where going
// on makes no sense. Where the row has a claim, the settlement says what became of it.
func (r *run) judge(err error, o *reports.Outcome, st *ledger.Settlement) {
	e := new(crm.Error)
	if !errors.As(err, &e) {
		e = &crm.Error{Verdict: crm.InDoubt, Reason: "unknown", Message: err.Error(), Err: err}
	}
	o.HTTPStatus, o.Code, o.Error, o.Message, o.Hint = e.HTTPStatus, e.Code, e.Reason, strings.ToValidUTF8(e.Message, "\ufffd"), e.Hint
	st.Evidence, st.At = e.Error(), r.job.Clock.Now()
	if e.WolkvoxID != "" { // in no column of its own, or the row would be taken for created
		named := "; the answer names the case " + e.WolkvoxID
		o.Message += named
		st.WolkvoxID, st.Evidence = e.WolkvoxID, st.Evidence+named
	}
	switch e.Verdict {
	case crm.Refused:
		o.Status, st.State = reports.Rejected, ledger.Rejected
	case crm.InDoubt:
		o.Status, st.State = reports.InDoubt, ledger.InDoubt
	case crm.Redirected:
		o.Status, st.State = reports.InDoubt, ledger.InDoubt
		r.end(&Halt{StatusStopped, e.Message, e.Hint})
	case crm.TokenSpent:
		o.Status = reports.NotAttempted
		r.end(&Halt{StatusPaused, e.Message, e.Hint})
	default: // nothing was processed, and going on is of no use, unless only this row can't be claimed
		o.Status = reports.NotAttempted
		if !errors.Is(err, ledger.ErrNotClaimable) && r.stop.Err() == nil {
			r.end(&Halt{StatusStopped, e.Message, e.Hint})
		}
	}
}

// remarks says of a created case which of the row's files it lacks, and which of them
// somebody wrote to while they were sent.
func remarks(c *mapping.Case, files []*os.File) string {
	var remarks []string
	for _, l := range c.LeftOut {
		remarks = append(remarks, fmt.Sprintf("without %q: %s", l.Name, l.Why))
	}
	for i, f := range files {
		if c.Attachments[i].Changed(f) {
			remarks = append(remarks, fmt.Sprintf("%q changed while it was sent; look at it at the CRM", c.Attachments[i].Name))
		}
	}
	return strings.ToValidUTF8(strings.Join(remarks, "; "), "\ufffd")
}

// attachments lists what was sent, in sending order. Of a file that wasn't hashed, since
// its sum was known, and to which somebody wrote meanwhile, the sum isn't known any more.
func (r *run) attachments(c *mapping.Case, body *crm.Body, files []*os.File) []reports.Attachment {
	var list []reports.Attachment
	for i, sum := range body.Sums() {
		a := &c.Attachments[i]
		if a.Changed(files[i]) && r.sums.of(a) != "" {
			sum = ""
		}
		list = append(list, reports.Attachment{File: a.Name, Bytes: a.Size, SHA256: sum})
	}
	return list
}
