package importer

import (
	"errors"
	"fmt"

	"wolkvox-import/importer/internal/account"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/reports"
)

// Report writes the reports of a ledger's last run again, into out if that is not "". It may be
// called while the run is on. The notes are for the person.
func Report(path, out string, formats []string) (result Result, notes []string, err error) {
	view, err := sqlite.Look(path)
	if err != nil {
		return Result{}, nil, usage.Of(err)
	}
	defer view.Close()
	last, a, err := account.Last(view)
	// A ledger without a run is the person's mistake; a damaged one isn't.
	if errors.Is(err, ledger.ErrNoRun) {
		return Result{}, nil, usage.Errorf("the ledger %s has no run to report on", path)
	} else if err != nil {
		return Result{}, nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	a.About.FinishedAt = last.Ended
	if formats != nil {
		a.Formats = formats
	}
	if out != "" {
		a.MoveTo(out)
	}
	r := &reporting{view: view, account: &a, unfinished: last.Ended.IsZero()}
	if r.unfinished {
		a.About.Ended = "the run has not ended yet, or was killed"
	}
	result, err = r.report()
	result.Ledger = path
	return result, r.notes, err
}

// reporting writes the reports of a run that isn't this process's.
type reporting struct {
	view       ledger.View
	account    *account.Account
	unfinished bool // only the rows with an outcome are known
	notes      []string
}

// report writes the reports of all inputs. What it checks first, it checks before the first file is
// replaced.
func (r *reporting) report() (result Result, err error) {
	if err := r.sayDoubts(); err != nil {
		return result, err
	}
	if err := r.hasRows(); err != nil {
		return result, err
	}
	var parts []reports.Summary
	for i := range r.account.Inputs {
		summary, files, err := r.reportOf(i)
		if err != nil {
			return result, err
		}
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
	}
	result.Summary = reports.Total(parts)
	return result, nil
}

// sayDoubts notes what a run that has not ended leaves out of its reports.
func (r *reporting) sayDoubts() error {
	if !r.unfinished {
		return nil
	}
	counts, err := r.view.Counts()
	if n := counts[ledger.InDoubt]; n > 0 {
		r.notes = append(r.notes, fmt.Sprintf("rows in doubt: %d; those that were being sent when the run died "+
			"are not in the reports, but in resolve --list", n))
	}
	return err
}

// hasRows fails if the ledger doesn't have what the run did with its rows: empty reports must not
// take the place of good ones.
func (r *reporting) hasRows() error {
	read := 0
	for i := range r.account.Inputs {
		read += r.account.Inputs[i].Read
		for _, err := range r.view.Records(i) {
			return err // there is one
		}
	}
	switch {
	case r.unfinished:
		return errors.New("the last run has no row yet; the reports stay as they are")
	case read > 0:
		return errors.New("the ledger doesn't have the rows of its last run any more: purge has removed them; " +
			"the reports stay as they are")
	}
	return nil
}

// reportOf writes the reports of one input. The input is opened only if some report shows its cells.
func (r *reporting) reportOf(i int) (reports.Summary, []string, error) {
	about, err := r.about(i)
	if err != nil {
		return reports.Summary{}, nil, err
	}
	needed, err := account.NeedsCells(r.view, i)
	if err != nil {
		return reports.Summary{}, nil, err
	}
	reopen := r.account.Inputs[i].Reopen
	if !needed {
		reopen = nil
	}
	summary, files, notes, err := r.account.Write(r.view, i, about, reopen)
	r.notes = append(r.notes, notes...)
	return summary, files, err
}

// about finds the exit status that the run deserved for an input, by counting its outcomes.
// Of a run that was killed the number of rows read is not known, so it counts those with an outcome.
func (r *reporting) about(i int) (reports.About, error) {
	about := r.account.Of(i)
	var tally reports.Summary
	n := 0
	for o, err := range account.Outcomes(r.view, i) {
		if err != nil {
			return about, err
		}
		tally.Add(o)
		n++
	}
	if r.unfinished {
		about.RowsRead = n
	}
	tally.RowsRead = about.RowsRead
	var halt *Halt
	// The account says why the run ended, and not how badly: that its outcomes tell.
	if about.Ended != "" {
		halt = &Halt{Status: StatusPaused, Why: about.Ended}
	}
	about.ExitStatus = account.Status(&tally, halt, nil)
	return about, nil
}
