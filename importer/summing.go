package importer

import (
	"errors"
	"fmt"
	"time"

	"wolkvox-import/importer/internal/account"
	"wolkvox-import/importer/internal/crash"
	"wolkvox-import/reports"
)

// account is what the run tells of itself, as far as it has come.
func (r *run) account(halt *Halt) *account.Account {
	a := &account.Account{
		About:     r.about(halt),
		Formats:   r.job.Formats,
		Keep:      r.inputs.Keep,
		Templates: r.rows.Templates(),
	}
	if a.Renewed = r.sender.Lanes.Renewal(); a.Renewed.IsZero() {
		a.Renewed = r.last.Renewed
	}
	for _, in := range r.inputs.All {
		a.Inputs = append(a.Inputs, account.OfInput(in))
	}
	return a
}

// about is what all reports of the run say of it.
func (r *run) about(halt *Halt) reports.About {
	about := reports.About{
		Mapping:     r.inputs.Source,
		Operation:   r.inputs.Mapping.Operation,
		Server:      r.server.String(),
		Ledger:      r.ledgerPath(),
		ToolVersion: r.job.Version,
		StartedAt:   r.started,
	}
	if halt != nil {
		about.Ended = halt.Why
	}
	return about
}

// report writes the reports of every input and sums the run up.
// The ledger is told of the end first: if a report can't be written, it can be made again from there.
func (r *run) report() (Result, error) {
	result := Result{Ledger: r.ledgerPath(), Halt: r.halt.Halt().WithRowsLeft(r.record.NotAttempted())}
	a := r.account(result.Halt)
	errs := []error{r.ledger.End(a.JSON())}
	a.About.FinishedAt = time.Now()
	var parts []reports.Summary
	for i := range a.Inputs {
		summary, files, err := r.reportOf(a, i, result.Halt)
		errs = append(errs, err)
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
	}
	failed := errors.Join(errs...)
	result.Summary = reports.Total(parts)
	result.Summary.ExitStatus = account.Status(&result.Summary, result.Halt, failed)
	if result.Summary.RowsRead == 0 && result.Halt == nil {
		r.job.Log.Warn("there are no rows below the header: nothing was sent; with --min-rows 1 that is an error")
	}
	return result, failed
}

// reportOf writes the reports of one input. If that fails, the counts are known all the same.
func (r *run) reportOf(a *account.Account, i int, halt *Halt) (reports.Summary, []string, error) {
	tally := r.record.Tally(i)
	n := tally.Outcomes
	about := a.Of(i)
	about.ExitStatus = account.Status(tally, halt.WithRowsLeft(n[reports.NotAttempted]), nil)
	reopen := r.inputs.All[i].Reopen
	if tally.Changed+n[reports.Rejected]+n[reports.Invalid] == 0 { // no report shows cells
		reopen = nil
	}
	crash.Point(crash.BeforeReport)
	summary, files, notes, err := a.Write(r.ledger, i, about, reopen)
	crash.Point(crash.AfterReport)
	for _, note := range notes {
		r.job.Log.Warn(note)
	}
	if err != nil {
		summary = *tally
		summary.About = about
		err = fmt.Errorf("reports of %s: %w", a.Inputs[i].Source.Path, err)
	}
	return summary, files, err
}

// unbegun is the result of a run that was stopped before it read a row.
func (r *run) unbegun(h *Halt) Result {
	about := r.about(h)
	about.FinishedAt = time.Now()
	result := Result{Summary: reports.Summary{About: about}, Ledger: r.ledgerPath(), Halt: h}
	result.Summary.ExitStatus = account.Status(&result.Summary, h, nil)
	return result
}
