package submit

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// open opens the case's files, so that a missing one is found before the claim. They stay open until
// the row's end: what is sent is what was looked at, even if a file is replaced meanwhile. The body
// closes them; if one can't be opened, open closes those before it.
func (s *Submitter) open(c *mapping.Case) (p request, problem *mapping.Problem) {
	var files []crm.File
	for i := range c.Attachments {
		a := &c.Attachments[i]
		file, problem := a.Open()
		if problem != nil {
			for _, f := range p.files {
				f.Close()
			}
			return request{}, problem
		}
		p.files = append(p.files, file)
		files = append(files, crm.File{Name: a.Name, Size: a.Size, Sum: s.sums.of(a), ReadSeekCloser: file})
	}
	p.body = crm.NewBody(c.JSON, files)
	return p, nil
}

// created is the outcome of a row that has a case.
func (s *Submitter) created(
	c *mapping.Case, p request, sent pace.Sent, o *reports.Outcome, settled *ledger.Settlement,
) {
	o.Status, o.WolkvoxID, o.IDPrefijo = reports.Created, sent.WolkvoxID, sent.IDPrefijo
	o.HTTPStatus, o.Code = sent.HTTPStatus, sent.Code
	o.Attachments = s.attachments(c, p)
	o.Message = Remarks(c, p.files)
	s.sums.keep(c, p.files, o.Attachments)
	settled.State, settled.Evidence = ledger.Created, "the CRM's answer"
	settled.WolkvoxID, settled.IDPrefijo = sent.WolkvoxID, sent.IDPrefijo
}

// failed turns a failed insert into the row's outcome, and stops the run if going on makes no
// sense. If the row has a claim, the settlement says what became of it; otherwise its state stays
// ledger.Unknown. An error that nobody knows is doubt: only what is known to be no case is none.
func (s *Submitter) failed(err error, o *reports.Outcome, settled *ledger.Settlement) {
	e := new(crm.Error)
	if !errors.As(err, &e) {
		e = &crm.Error{Class: crm.InDoubt, Reason: "unknown", Message: err.Error(), Err: err}
	}
	o.HTTPStatus, o.Code, o.Error, o.Message, o.Hint = e.HTTPStatus, e.Code, e.Reason, say.Valid(e.Message), e.Hint
	settled.Evidence, settled.At = e.Error(), s.Clock.Now()
	if e.WolkvoxID != "" { // in no column of its own, or the row would be taken for created
		named := "; the answer names the case " + e.WolkvoxID
		o.Message += named
		settled.WolkvoxID, settled.Evidence = e.WolkvoxID, settled.Evidence+named
	}
	halt := &stop.Halt{Status: stop.Stopped, Why: e.Message, Hint: e.Hint}
	switch e.Class {
	case crm.Refused:
		o.Status, settled.State = reports.Rejected, ledger.Rejected
	case crm.InDoubt:
		o.Status, settled.State = reports.InDoubt, ledger.InDoubt
	case crm.Redirected:
		o.Status, settled.State = reports.InDoubt, ledger.InDoubt
		s.Halt.Stop(halt)
	case crm.TokenSpent:
		o.Status = reports.NotAttempted
		halt.Status = stop.Paused
		s.Halt.Stop(halt)
	case crm.Unsent, crm.Again, crm.TooMany, crm.TokenBad, crm.Misdirected, crm.Unable:
		// Nothing was processed, and going on is of no use, unless only this row can't be claimed.
		o.Status = reports.NotAttempted
		if !errors.Is(err, ledger.ErrNotClaimable) {
			s.Halt.Stop(halt)
		}
	default: // a class that nobody has decided about: the case may exist
		o.Status, settled.State = reports.InDoubt, ledger.InDoubt
	}
}

// Remarks says of a case which of the row's files it lacks, and which of them somebody wrote to
// while they were sent.
func Remarks(c *mapping.Case, files []*os.File) string {
	var remarks []string
	for _, l := range c.LeftOut {
		remarks = append(remarks, fmt.Sprintf("without %q: %s", l.Name, l.Why))
	}
	for i, f := range files {
		if c.Attachments[i].Changed(f) {
			remarks = append(remarks, fmt.Sprintf("%q changed while it was sent; look at it at the CRM",
				c.Attachments[i].Name))
		}
	}
	return say.Valid(strings.Join(remarks, "; "))
}

// attachments lists what was sent, in sending order. A file that wasn't hashed, since its sum was
// known, and to which somebody wrote meanwhile, has no known sum any more.
func (s *Submitter) attachments(c *mapping.Case, p request) []reports.Attachment {
	var list []reports.Attachment
	for i, sum := range p.body.Sums() {
		a := &c.Attachments[i]
		if a.Changed(p.files[i]) && s.sums.of(a) != "" {
			sum = ""
		}
		list = append(list, reports.Attachment{File: a.Name, Bytes: a.Size, SHA256: sum})
	}
	return list
}
