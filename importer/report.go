package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"wolkvox-import/importer/internal/crash"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/reports"
)

// account is what a run tells the ledger of itself, so that its reports can be
// written again.
type account struct {
	About   reports.About
	Formats []string
	Keep    []string // files that no report may replace
	Inputs  []inputAccount
	Renewed time.Time // when the first token's quota is renewed, as far as that is known

	Templates []string // of all keys in the ledger; an older program says none
}

type inputAccount struct {
	Source  reports.Source
	Options source.Options
	Rejects bool
	Header  []string
	Out     string
	Read    int
}

// lastAccount is the last run and what it has left of itself. The error is ledger.ErrNoRun where
// there was none.
func lastAccount(view ledger.View) (last ledger.Run, a account, err error) {
	if last, err = view.LastRun(); err == nil {
		err = json.Unmarshal(last.About, &a)
	}
	return last, a, err
}

func (r *run) account(halt *Halt) []byte {
	a := account{Formats: r.job.Formats, Keep: r.keep(), Templates: r.templates}
	a.About = reports.About{Mapping: r.source, Operation: r.mapping.Operation, Server: r.server.String(), Ledger: r.ledgerPath(), ToolVersion: r.job.Version, StartedAt: r.started}
	if halt != nil {
		a.About.Ended = halt.Why
	}
	if a.Renewed = r.last.Renewed; r.sender != nil && !r.sender.Lanes.Renewal().IsZero() {
		a.Renewed = r.sender.Lanes.Renewal()
	}
	for _, in := range r.inputs {
		a.Inputs = append(a.Inputs, inputAccount{in.source, in.options, in.rejects, in.header(), in.out, in.read})
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

// keep are the files that no report may replace.
func (p *plan) keep() []string { return append([]string{p.job.Mapping}, p.job.Inputs...) }

// report writes the reports of every input and sums the run up.
func (r *run) report() (Result, error) {
	result := Result{Ledger: r.ledgerPath(), Halt: r.halt().over(r.notAttemptedRows())}
	text := r.account(result.Halt)
	errs := []error{r.ledger.End(text)}
	var a account
	if err := json.Unmarshal(text, &a); err != nil {
		return result, err
	}
	a.About.FinishedAt = time.Now()
	var parts []reports.Summary
	for i := range a.Inputs {
		tally := &r.tallies[i]
		about := a.about(i)
		about.ExitStatus = status(tally, result.Halt.over(tally.Outcomes[reports.NotAttempted]), nil)
		crash.Point(crash.BeforeReport)
		summary, files, err := r.write(&a, i, about, tally.Changed+tally.Outcomes[reports.Rejected]+tally.Outcomes[reports.Invalid] > 0)
		crash.Point(crash.AfterReport)
		if err != nil { // the counts are known all the same
			errs = append(errs, fmt.Errorf("reports of %s: %w", a.Inputs[i].Source.Path, err))
			summary = *tally
			summary.About = about
		}
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
	}
	failed := errors.Join(errs...)
	result.Summary = reports.Total(parts)
	result.Summary.ExitStatus = status(&result.Summary, result.Halt, failed)
	if result.Summary.RowsRead == 0 && result.Halt == nil {
		r.job.Log.Warn("there are no rows below the header: nothing was sent; with --min-rows 1 that is an error")
	}
	return result, failed
}

// unbegun is the result of a run that was stopped before it read a row. The reports of the last run
// stay.
func (r *run) unbegun(h *Halt) Result {
	about := reports.About{Mapping: r.source, Operation: r.mapping.Operation, Server: r.server.String(), Ledger: r.ledgerPath(),
		ToolVersion: r.job.Version, StartedAt: r.started, FinishedAt: time.Now(), Ended: h.Why}
	result := Result{Summary: reports.Summary{About: about}, Ledger: r.ledgerPath(), Halt: h}
	result.Summary.ExitStatus = status(&result.Summary, h, nil)
	return result
}

func (r *run) notAttemptedRows() (n int) {
	for i := range r.tallies {
		n += r.tallies[i].Outcomes[reports.NotAttempted]
	}
	return n
}

func (r *run) write(a *account, i int, about reports.About, needCells bool) (reports.Summary, []string, error) {
	summary, files, notes, err := a.write(r.ledger, i, about, needCells)
	for _, note := range notes {
		r.job.Log.Warn(note)
	}
	return summary, files, err
}

// about is the account of one input.
func (a *account) about(i int) reports.About {
	about := a.About
	about.Input, about.RowsRead = a.Inputs[i].Source, a.Inputs[i].Read
	return about
}

// write renders one input's records. Cells are read from the input again, where a report
// needs them; where it is gone or has changed, a note says so and the
// reports that show cells are left out.
func (a *account) write(view ledger.View, i int, about reports.About, needCells bool) (s reports.Summary, files, notes []string, err error) {
	in := a.Inputs[i]
	set := reports.Set{Dir: in.Out, Formats: a.Formats, Header: in.Header, Inputs: a.Keep, Note: func(text string) { notes = append(notes, text) }}
	cells := &cells{}
	if needCells {
		if cells.reader, err = in.reopen(); err != nil {
			notes = append(notes, fmt.Sprintf("rejects.csv and changed.csv are not written: %v", err))
			set.Header = nil
		} else {
			defer cells.reader.Close()
		}
	}
	cells.rejects = in.Rejects
	s, files, err = set.Write(lines(view, i, cells), func(reports.Summary) reports.About { return about })
	return s, files, notes, err
}

func showsCells(o reports.Outcome) bool {
	return o.Changed || o.Status == reports.Rejected || o.Status == reports.Invalid
}

func (a *account) needCells(view ledger.View, i int) (bool, error) {
	for o, err := range outcomes(view, i) {
		if err != nil || showsCells(o) {
			return err == nil, err
		}
	}
	return false, nil
}

// outcomes are the records of one input, read and decoded ahead of the loop over them.
func outcomes(view ledger.View, i int) iter.Seq2[reports.Outcome, error] {
	type step struct {
		outcomes []reports.Outcome
		err      error
	}
	steps := ahead(func(yield func(step) bool) {
		var s step
		for record, err := range view.Records(i) {
			var o reports.Outcome
			if err == nil {
				err = json.Unmarshal(record.Outcome, &o)
			}
			if err != nil {
				s.err = err
				break
			}
			if s.outcomes = append(s.outcomes, o); len(s.outcomes) == batchRows {
				if !yield(s) {
					return
				}
				s = step{}
			}
		}
		yield(s)
	})
	return func(yield func(reports.Outcome, error) bool) {
		for s := range steps {
			for _, o := range s.outcomes {
				if !yield(o, nil) {
					return
				}
			}
			if s.err != nil {
				yield(reports.Outcome{}, s.err)
				return
			}
		}
	}
}

// lines joins outcomes with their cells.
func lines(view ledger.View, i int, c *cells) iter.Seq2[reports.Line, error] {
	return func(yield func(reports.Line, error) bool) {
		for o, err := range outcomes(view, i) {
			line := reports.Line{Outcome: o}
			if err == nil && c.reader != nil && showsCells(o) {
				line.Cells, err = c.at(o.Row)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// cells finds rows in an input that is read along with the outcomes.
type cells struct {
	reader  *source.Reader
	rejects bool
}

func (c *cells) at(row int) ([]string, error) {
	for c.reader.Next() {
		found := c.reader.Row()
		switch {
		case found.Number < row:
			continue
		case found.Number > row:
			return nil, fmt.Errorf("row %d is not in the input any more", row)
		}
		if c.rejects {
			undefuse(found.Cells)
		}
		return slices.Concat(found.Cells, found.Err.Surplus()), nil
	}
	if err := c.reader.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("row %d is not in the input any more", row)
}

// reopen opens the input if it is still what it was; a report may have moved it aside.
func (in *inputAccount) reopen() (*source.Reader, error) {
	candidates := []string{in.Source.Path}
	aside, _ := filepath.Glob(escapeGlob(in.Source.Path) + ".bak*") // the pattern is valid
	for _, path := range append(candidates, aside...) {
		if now, err := digest(path); err == nil && now.SHA256 == in.Source.SHA256 {
			return source.Open(path, in.Options)
		}
	}
	return nil, fmt.Errorf("the input %s is not there any more as it was", in.Source.Path)
}

func escapeGlob(path string) string {
	var out []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' && filepath.Separator != '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// Report writes the reports of a ledger's last run again, into out where it is not
// "". It may be called while the run is on.
func Report(path, out string, formats []string) (Result, []string, error) {
	view, err := sqlite.Look(path)
	if err != nil {
		return Result{}, nil, &UsageError{err}
	}
	defer view.Close()
	last, a, err := lastAccount(view)
	if errors.Is(err, ledger.ErrNoRun) {
		return Result{}, nil, usage("the ledger %s has no run to report on", path)
	} else if err != nil {
		return Result{}, nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	a.About.FinishedAt = last.Ended
	if formats != nil {
		a.Formats = formats
	}
	a.place(out)
	return a.again(view, path, last.Ended.IsZero())
}

// place sends the reports to another folder, one inside it for each of several inputs.
func (a *account) place(out string) {
	for i := range a.Inputs {
		switch {
		case out == "":
		case len(a.Inputs) == 1:
			a.Inputs[i].Out = out
		default:
			a.Inputs[i].Out = filepath.Join(out, filepath.Base(a.Inputs[i].Out))
		}
	}
}

func (a *account) again(view ledger.View, path string, unfinished bool) (Result, []string, error) {
	result := Result{Ledger: path}
	var halt *Halt
	if unfinished {
		halt = &Halt{StatusPaused, "the run has not ended yet, or was killed", "run the same command again"}
		a.About.Ended = halt.Why
	}
	var notes []string
	if unfinished {
		counts, err := view.Counts()
		if err != nil {
			return result, nil, err
		}
		if n := counts[ledger.InDoubt]; n > 0 {
			notes = append(notes, fmt.Sprintf("rows in doubt: %d; those that were being sent when the run died are not in the reports, but in resolve --list", n))
		}
	}
	if err := a.whole(view, unfinished); err != nil {
		return result, nil, err
	}
	var parts []reports.Summary
	for i := range a.Inputs {
		about := a.about(i)
		if err := a.count(view, i, unfinished, &about, halt); err != nil {
			return result, notes, err
		}
		needed, err := a.needCells(view, i)
		if err != nil {
			return result, notes, err
		}
		summary, files, more, err := a.write(view, i, about, needed)
		if err != nil {
			return result, notes, err
		}
		notes = append(notes, more...)
		result.Reports = append(result.Reports, files...)
		parts = append(parts, summary)
	}
	result.Summary = reports.Total(parts)
	return result, notes, nil
}

// whole tells whether the ledger has what the run did with its rows: empty reports must not take the
// place of good ones.
func (a *account) whole(view ledger.View, unfinished bool) error {
	read := 0
	for i := range a.Inputs {
		read += a.Inputs[i].Read
		for _, err := range view.Records(i) {
			return err // there is one
		}
	}
	switch {
	case unfinished:
		return errors.New("the last run has no row yet; the reports stay as they are")
	case read > 0:
		return errors.New("the ledger doesn't have the rows of its last run any more: purge has removed them; the reports stay as they are")
	}
	return nil
}

// count finds the exit status that the run deserved. Of one that has not ended only
// the rows with an outcome are known.
func (a *account) count(view ledger.View, i int, unfinished bool, about *reports.About, halt *Halt) error {
	var tally reports.Summary
	n := 0
	for o, err := range outcomes(view, i) {
		if err != nil {
			return err
		}
		tally.Add(o)
		n++
	}
	if unfinished {
		about.RowsRead = n
	}
	tally.RowsRead = about.RowsRead
	if halt == nil && about.Ended != "" {
		halt = &Halt{Status: StatusPaused, Why: about.Ended}
	}
	about.ExitStatus = status(&tally, halt, nil)
	return nil
}
