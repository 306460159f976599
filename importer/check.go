package importer

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/source/spreadsheet"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Check finds everything that can be known without sending, and without a ledger: what
// earlier runs have done with a row it doesn't ask.
func Check(ctx context.Context, job Job) (Result, Survey, error) {
	p := &plan{job: job, dry: true}
	if err := p.settings(); err != nil {
		return Result{}, Survey{}, err
	}
	server, err := crm.ParseServer(cmp.Or(job.Server, "https://localhost"))
	if err != nil {
		return Result{}, Survey{}, &UsageError{err}
	}
	p.server = server
	if err := p.open(); err != nil {
		return Result{}, Survey{}, err
	}
	defer p.close()
	if err := p.checkContacts(); err != nil {
		return Result{}, Survey{}, err
	}
	p.job.Meter.start(p.inputs)
	c := &check{plan: p, ctx: ctx, started: time.Now(), survey: newSurvey(), seed: maphash.MakeSeed(), seen: map[[2]uint64]seenRow{}}
	for _, in := range p.inputs {
		in.columns = []columnSet{in.ownColumns()}
	}
	return c.all()
}

// check is a plan that is looked through to the last row:
//
//	read ──► judge ──► report
//
// each in a goroutine of its own, since a person waits for it.
type check struct {
	*plan
	ctx     context.Context
	started time.Time
	survey  *survey
	halt    *Halt
	seed    maphash.Seed
	seen    map[[2]uint64]seenRow // rows of all inputs, by their keys
}

// seenRow is the first row of a key.
type seenRow struct {
	content uint64
	input   int32
	row     int32
}

func (c *check) all() (Result, Survey, error) {
	var result Result
	var errs []error
	var parts []reports.Summary
	for _, in := range c.inputs {
		c.survey.begin(in)
		set := reports.Set{Dir: in.out, Keyless: true, Formats: c.job.Formats, Header: in.header(), Inputs: c.keep(), Note: func(text string) { c.job.Log.Warn(text) }}
		summary, files, err := set.Write(c.lines(in), func(counts reports.Summary) reports.About { return c.about(in, &counts) })
		errs = append(errs, err)
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
		c.sayShort(in)
	}
	result.Summary = reports.Total(parts)
	result.Summary.ExitStatus = c.status(&result.Summary)
	result.Halt = c.halt
	survey, err := c.finishSurvey()
	errs = append(errs, err)
	if err == nil && c.job.Contacts != "" {
		errs = append(errs, c.compareContacts(c.ctx, &survey))
	}
	result.Reports = append(result.Reports, survey.Files...)
	return result, survey, errors.Join(errs...)
}

func (c *check) about(in *input, counts *reports.Summary) reports.About {
	a := reports.About{Input: in.source, Mapping: c.source, Operation: c.mapping.Operation, ToolVersion: c.job.Version, RowsRead: in.read, StartedAt: c.started, FinishedAt: time.Now(), ExitStatus: c.status(counts)}
	if c.halt != nil {
		a.Ended = c.halt.Why
	}
	return a
}

// status is the exit status; rows that are ready are not held against a check.
func (c *check) status(s *reports.Summary) int {
	switch {
	case c.halt != nil:
		return c.halt.Status
	case s.Outcomes[reports.Invalid] > 0:
		return StatusPartly
	}
	return StatusDone
}

// readAhead is how many batches wait between two goroutines.
const readAhead = 4

// lines judges the rows of an input.
func (c *check) lines(in *input) iter.Seq2[reports.Line, error] {
	batches := ahead(func(yield func([]*item) bool) {
		for batch, err := range in.whole(c.ctx, readAhead+2) {
			if err != nil {
				c.job.Log.Error(err.Error())
				c.halt = &Halt{StatusStopped, err.Error(), "mend the input and check it again"}
				errors.As(err, &c.halt)
				in.read -= len(batch)
				return
			}
			if c.ctx.Err() != nil {
				in.read -= len(batch)
				c.halt = errInterrupted
				return
			}
			if !yield(batch) {
				return
			}
		}
	})
	judged := ahead(func(yield func([]reports.Line) bool) {
		for batch := range batches {
			lines := make([]reports.Line, len(batch))
			for i, it := range batch {
				lines[i] = c.judge(in, it)
			}
			if !yield(lines) {
				return
			}
		}
	})
	return func(yield func(reports.Line, error) bool) {
		for lines := range judged {
			for _, line := range lines {
				c.job.Meter.count(line.Status, 0)
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

// ahead runs a sequence in a goroutine of its own, which ends with the loop over it.
func ahead[T any](seq iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		values, stop := make(chan T, readAhead), make(chan struct{})
		var producer sync.WaitGroup
		producer.Go(func() {
			defer close(values)
			for v := range seq {
				select {
				case values <- v:
				case <-stop:
					return
				}
			}
		})
		defer producer.Wait()
		defer close(stop)
		for v := range values {
			if !yield(v) {
				return
			}
		}
	}
}

// judge tells what would become of a row.
func (c *check) judge(in *input, it *item) reports.Line {
	in.findKey(it)
	if it.given && spreadsheet.Scientific(it.key) {
		it.problem = unknownImportKey(it.key, "")
	}
	o := reports.Outcome{File: in.path, Row: it.number, Key: strings.ToValidUTF8(it.key, "\ufffd"), Status: reports.Skipped}
	if it.err != nil || it.problem != nil {
		return c.spoilt(in, it, o, in.unreadable(it))
	}
	if it.key != "" {
		switch first, content := c.sight(in, it); {
		case first.row == 0:
		case first.content == content:
			sameAs(&o, c.rowName(in, int(first.input), int(first.row)))
			return reports.Line{Outcome: o}
		default:
			return c.spoilt(in, it, o, []mapping.Problem{repeatedKey(it.key, c.rowName(in, int(first.input), int(first.row)))})
		}
	}
	if i := cutText(it.cells[:len(in.reader.Header())]); i >= 0 {
		c.survey.findings.add(in.number, it.number, cutCell(in.reader.Header()[i], it.cells[i]))
	}
	made, wanted, problems := in.makeCase(it)
	switch {
	case len(problems) > 0:
		return c.spoilt(in, it, o, problems)
	case !wanted:
		filtered(&o)
		return reports.Line{Outcome: o}
	}
	c.survey.ready(&made)
	o.Status, o.Message = reports.NotAttempted, "ready to be sent"
	if left := remarks(&made, nil); left != "" {
		o.Message += ", " + left
		c.survey.findings.add(in.number, it.number, leftOut(made.LeftOut[0]))
	}
	for _, a := range made.Attachments {
		o.Attachments = append(o.Attachments, reports.Attachment{File: a.Name, Bytes: a.Size})
	}
	return reports.Line{Outcome: o}
}

// leftOut is what check says of files that will not be sent.
func leftOut(l mapping.LeftOut) mapping.Problem {
	return mapping.Problem{Field: "attachments", Error: "left_out", Message: "attachments: files are left out: " + l.Why,
		Hint: "the rows are sent without them, as unusable: leave_out says"}
}

// sight notes a key and returns the row that had it first; its row is 0 where this one
// is the first.
func (c *check) sight(in *input, it *item) (first seenRow, content uint64) {
	key := [2]uint64{maphash.String(c.seed, it.key), maphash.String(c.seed, it.key+"\x00")}
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, n := range in.columns[0].numbers {
		h.WriteString(it.cells[n])
		h.WriteByte(0)
	}
	content, first = h.Sum64(), c.seen[key]
	if first.row == 0 {
		c.seen[key] = seenRow{content, int32(in.number), int32(it.number)}
	} else if c.elsewhere(in, it, int(first.input), first.content == content) {
		first.row = 0
	}
	return first, content
}

func (c *check) spoilt(in *input, it *item, o reports.Outcome, problems []mapping.Problem) reports.Line {
	for _, p := range problems {
		c.survey.findings.add(in.number, it.number, p)
		c.survey.lacks(p)
	}
	spoilt(&o, problems)
	return reports.Line{Outcome: o, Cells: slices.Concat(it.cells[:len(in.reader.Header())], it.err.Surplus())}
}
