package importer

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"wolkvox-import/importer/internal/ahead"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/submit"
	"wolkvox-import/importer/internal/survey"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Survey is what Check finds out beside the reports of the rows.
type Survey = survey.Survey

// Finding is a problem that rows have in common.
type Finding = survey.Finding

// MissingValues are the cells that a field's table of values lacks.
type MissingValues = survey.MissingValues

// AskCRM, in a job's Contacts, asks the CRM for each contact instead of reading a file.
const AskCRM = "crm"

// Check finds everything that can be known without sending, and without a ledger: what earlier
// runs have done with a row it doesn't ask. The contacts that the cases need are compared with the
// CRM's: a file that was exported there, or AskCRM; "" is not to compare them.
// It sends no case and writes nothing but its reports. Rows that are ready count as not attempted.
func Check(ctx context.Context, job Job, contacts string) (Result, Survey, error) {
	job, err := job.complete()
	if err != nil {
		return Result{}, Survey{}, err
	}
	known, err := job.contacts(contacts)
	if err != nil {
		return Result{}, Survey{}, err
	}
	inputs, err := intake.Open(job.Reading, job.reports(".check"), job.Log)
	if err != nil {
		return Result{}, Survey{}, err
	}
	defer inputs.Close()
	if known != nil {
		known.Operation = inputs.Mapping.Operation
		// Before the rows: a check of a large file takes a while.
		if err := known.Check(); err != nil {
			return Result{}, Survey{}, err
		}
	}
	job.Meter.Start(inputs.Progress)
	c := &check{
		ctx:     ctx,
		job:     job,
		inputs:  inputs,
		started: time.Now(),
		rows:    identity.NewMemory(inputs),
		rules:   &triage.Rules{Inputs: inputs.All, Key: inputs.Mapping.KeyText},
		survey:  survey.New(),
	}
	// The survey is finished even if a report failed: what was found is worth knowing all the same.
	result, err := c.report()
	found, failed := c.survey.Finish(inputs)
	if failed == nil && known != nil {
		failed = known.Compare(ctx, &found, inputs.Out)
	}
	result.Reports = append(result.Reports, found.Files...)
	return result, found, errors.Join(err, failed)
}

// contacts is how the CRM's contacts are found out; nil if they are not.
func (j *Job) contacts(given string) (*survey.Contacts, error) {
	switch given {
	case "":
		return nil, nil
	case AskCRM:
	default:
		return &survey.Contacts{File: given}, nil
	}
	if j.Server == "" || len(j.Tokens) == 0 {
		return nil, usage.Errorf("to ask the CRM for contacts, --server and a token are needed")
	}
	server, err := crm.ParseServer(j.Server)
	if err != nil {
		return nil, usage.Of(err)
	}
	// A question has a bound, as nobody waits for one for ever.
	j.Timeout = cmp.Or(j.Timeout, time.Minute)
	return &survey.Contacts{Client: j.CRM.client(server, 1, j.Version), Tokens: j.Tokens}, nil
}

// check looks through a job to the last row:
//
//	read ──► decide ──► report
//
// each in a goroutine of its own, since a person waits for it.
type check struct {
	ctx     context.Context
	job     Job
	inputs  *intake.Inputs
	started time.Time
	rows    *identity.Memory
	rules   *triage.Rules
	survey  *survey.Collector
	halt    *Halt // why it ended early; nil if it saw every row
}

// report writes the reports of every input and sums the check up.
// An input whose reports can't be written doesn't keep the others from theirs.
func (c *check) report() (result Result, err error) {
	var errs []error
	var parts []reports.Summary
	for _, in := range c.inputs.All {
		c.survey.Begin(in)
		set := reports.Set{
			Dir:     in.Out,
			Keyless: true,
			Formats: c.job.Formats,
			Header:  in.Header(),
			Inputs:  c.inputs.Keep,
			Note:    func(text string) { c.job.Log.Warn(text) },
		}
		about := func(counts reports.Summary) reports.About { return c.about(in, &counts) }
		summary, files, err := set.Write(c.lines(in), about)
		errs = append(errs, err)
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
		in.SayShort(c.job.Log)
	}
	result.Summary = reports.Total(parts)
	result.Halt = c.halt
	result.Summary.ExitStatus = c.status(&result.Summary)
	return result, errors.Join(errs...)
}

// about is what the reports say of the check, once the rows are counted.
func (c *check) about(in *intake.Input, counts *reports.Summary) reports.About {
	a := reports.About{
		Input:       in.Source,
		Mapping:     c.inputs.Source,
		Operation:   c.inputs.Mapping.Operation,
		ToolVersion: c.job.Version,
		RowsRead:    in.Read(),
		StartedAt:   c.started,
		FinishedAt:  time.Now(),
		ExitStatus:  c.status(counts),
	}
	if c.halt != nil {
		a.Ended = c.halt.Why
	}
	return a
}

// status is the exit status. Rows that are ready count as not attempted, and are not held against a
// check.
func (c *check) status(s *reports.Summary) int {
	switch {
	case c.halt != nil:
		return c.halt.Status
	case s.Outcomes[reports.Invalid] > 0:
		return StatusPartly
	}
	return StatusDone
}

// lines decides about the rows of an input, in three goroutines.
// They are: read; decide; and the caller's, which writes. All have ended when the loop over the lines
// ends, so the input may be closed then.
func (c *check) lines(in *intake.Input) iter.Seq2[reports.Line, error] {
	decided := ahead.Of(func(yield func([]reports.Line) bool) {
		for batch := range ahead.Of(c.batches(in)) {
			lines := make([]reports.Line, len(batch))
			for i, row := range batch {
				lines[i] = c.line(in, row)
			}
			if !yield(lines) {
				return
			}
		}
	})
	return func(yield func(reports.Line, error) bool) {
		for lines := range decided {
			for _, line := range lines {
				c.job.Meter.Count(line.Status, 0)
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

// batches reads an input until its end, its first failure, or an interruption.
// A failure ends it, unlike in a run: what a half file says of a mapping is not worth a report.
func (c *check) batches(in *intake.Input) iter.Seq[[]*intake.Row] {
	return func(yield func([]*intake.Row) bool) {
		for batch, err := range in.Whole(c.ctx, ahead.Depth+2) {
			switch {
			case err != nil:
				c.job.Log.Error(err.Error())
				c.halt = &Halt{Status: StatusStopped, Why: err.Error(), Hint: "mend the input and check it again"}
				errors.As(err, &c.halt)
			case c.ctx.Err() != nil:
				c.halt = stop.Interrupted
			}
			if c.halt != nil {
				in.Unread(len(batch)) // none of it is in the reports
				return
			}
			if !yield(batch) {
				return
			}
		}
	}
}

// line tells what would become of a row.
// It copies what it keeps: the row's memory is used again while the line waits to be written.
func (c *check) line(in *intake.Input, row *intake.Row) reports.Line {
	found := c.rows.Find(in, row)
	d := c.rules.Decide(in, &found, nil)
	line := reports.Line{Outcome: d.Outcome}
	header := in.Written()
	if d.Problems != nil {
		c.survey.Invalid(in.Number, row.Number, d.Problems)
		line.Cells = slices.Concat(row.Cells[:len(header)], row.Err.Surplus())
	}
	if i := intake.CutText(row.Cells[:len(header)]); i >= 0 && row.Err == nil && row.Problem == nil {
		c.survey.Found(in.Number, row.Number, intake.CutCell(header[i], row.Cells[i]))
	}
	if d.Send {
		c.ready(in, row, &d.Case, &line.Outcome)
	}
	return line
}

// ready notes a row that can be sent.
func (c *check) ready(in *intake.Input, row *intake.Row, made *mapping.Case, o *reports.Outcome) {
	c.survey.Ready(made)
	o.Status, o.Message = reports.NotAttempted, "ready to be sent"
	if left := submit.Remarks(made, nil); left != "" {
		o.Message += ", " + left
		c.survey.Found(in.Number, row.Number, mapping.Problem{
			Field:   "attachments",
			Error:   "left_out",
			Message: "attachments: files are left out: " + made.LeftOut[0].Why,
			Hint:    "the rows are sent without them, as unusable: leave_out says",
		})
	}
	for _, a := range made.Attachments {
		o.Attachments = append(o.Attachments, reports.Attachment{File: a.Name, Bytes: a.Size})
	}
}
