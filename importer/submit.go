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

// submit brings one row to its end: its files are opened, its key is claimed, its
// request is sent, and what became of it is settled. Nothing leaves before the claim
// is durable.
func (r *run) submit(t task) {
	r.storm.wait(r.stop)
	if r.stop.Err() != nil {
		r.conclude(t, r.notAttempted(t))
		return
	}
	body, files, problem := openBody(&t.c)
	if problem != nil {
		o := r.notAttempted(t)
		o.Status, o.Error, o.Message, o.Hint = reports.Invalid, problem.Error, problem.Message, problem.Hint
		r.conclude(t, o)
		return
	}
	defer body.Close()
	crash.Point(crash.BeforeClaim)
	if err := r.ledger.Claim(t.claim); err != nil {
		if !errors.Is(err, ledger.ErrNotClaimable) {
			r.fail(err)
		}
		o := r.notAttempted(t)
		o.Error, o.Message = "not_claimed", fmt.Sprintf("not sent, since its claim could not be written: %v", err)
		r.conclude(t, o)
		return
	}
	crash.Point(crash.AfterClaim)
	sent, err := r.sender.Send(r.stop, body, func() error { return r.ledger.Renew(t.claim.ID) })
	r.settle(t, body, files, sent, err)
}

// conclude records a row that a worker had to give up before its claim.
func (r *run) conclude(t task, o reports.Outcome) {
	r.tally(t.in, o)
	if err := r.ledger.Note([]ledger.Record{record(t.in, o)}); err != nil {
		r.fail(err)
	}
}

// openBody opens the row's files, so that a missing one is found before the claim.
func openBody(c *mapping.Case) (*crm.Body, []*os.File, *mapping.Problem) {
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
		files = append(files, crm.File{Name: c.Attachments[i].Name, Size: c.Attachments[i].Size, ReadSeekCloser: file})
	}
	return crm.NewBody(c.JSON, files), open, nil
}

// settle makes what became of a claim durable. What can't be recorded is at least
// said: the id of a case that exists must not be lost with it.
func (r *run) settle(t task, body *crm.Body, files []*os.File, sent crm.Sent, err error) {
	o := reports.Outcome{File: t.in.path, Row: t.row, Key: strings.ToValidUTF8(t.claim.Key, "\ufffd"), Attempts: sent.Attempts,
		SentBytes: sent.Bytes, Duration: sent.Took, FinishedAt: time.Now().UTC()}
	st := ledger.Settlement{ID: t.claim.ID, Attempts: sent.Attempts}
	if err == nil {
		o.Status, o.WolkvoxID, o.IDPrefijo, o.HTTPStatus, o.Code = reports.Created, sent.WolkvoxID, sent.IDPrefijo, sent.HTTPStatus, sent.Code
		o.Attachments = attachments(&t.c, body)
		o.Message = remarks(&t.c, files)
		st.State, st.WolkvoxID, st.IDPrefijo, st.Evidence = ledger.Created, sent.WolkvoxID, sent.IDPrefijo, "the CRM's answer"
	} else {
		r.judge(t, err, &o, &st)
	}
	r.tally(t.in, o)
	defer func() {
		if r.storm.note(o.Status) {
			r.weather()
		}
	}()
	if err := r.ledger.Settle(st, record(t.in, o)); err != nil {
		r.fail(err)
		r.job.Log.Error("what became of a row could not be recorded: note it down", "row", t.row, "key", t.claim.Key, "outcome", o.Status, "wolkvox_id", o.WolkvoxID)
	}
	crash.Point(crash.AfterOutcome)
}

// judge turns a failed insert into the row's outcome, and stops the run where going
// on makes no sense.
func (r *run) judge(t task, err error, o *reports.Outcome, st *ledger.Settlement) {
	e := new(crm.Error)
	if !errors.As(err, &e) {
		e = &crm.Error{Verdict: crm.InDoubt, Reason: "unknown", Message: err.Error(), Err: err}
	}
	o.HTTPStatus, o.Code, o.Error, o.Message, o.Hint = e.HTTPStatus, e.Code, e.Reason, strings.ToValidUTF8(e.Message, "\ufffd"), e.Hint
	st.Evidence = e.Error()
	switch e.Verdict {
	case crm.Refused:
		o.Status, st.State = reports.Rejected, ledger.Rejected
	case crm.InDoubt:
		o.Status, st.State = reports.InDoubt, ledger.InDoubt
	case crm.Redirected:
		o.Status, st.State = reports.InDoubt, ledger.InDoubt
		r.end(&Halt{StatusStopped, e.Message, e.Hint})
	case crm.TokenSpent:
		o.Status, st.State = reports.NotAttempted, ledger.Pending
		r.end(&Halt{StatusPaused, e.Message, e.Hint})
	default: // nothing was processed, and going on is of no use
		o.Status, st.State = reports.NotAttempted, ledger.Pending
		if r.stop.Err() == nil {
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

// attachments lists what was sent, in sending order.
func attachments(c *mapping.Case, body *crm.Body) []reports.Attachment {
	var list []reports.Attachment
	for i, sum := range body.Sums() {
		list = append(list, reports.Attachment{File: c.Attachments[i].Name, Bytes: c.Attachments[i].Size, SHA256: sum})
	}
	return list
}
