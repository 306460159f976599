package importer

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// plan is a job that has been looked through: nothing of the person's is left to be
// found wrong but the rows themselves.
type plan struct {
	job     Job
	server  crm.Server
	mapping *mapping.Mapping
	source  reports.Source // the mapping file
	inputs  []*input
	comma   rune  // the job's delimiter; 0 is none given
	budget  int64 // the job's, in bytes
	dry     bool  // check: nothing is sent
}

// prepare finds all that can be wrong before anything is sent.
func prepare(job Job) (*plan, error) {
	p := &plan{job: job}
	if err := p.settings(); err != nil {
		return nil, err
	}
	var err error
	if p.server, err = crm.ParseServer(job.Server); err != nil {
		return nil, &UsageError{err}
	}
	if note := p.server.Note(); note != "" {
		p.job.Log.Warn(note)
	}
	if len(job.Tokens) == 0 {
		return nil, usage("there is no token: put it into the environment variable WOLKVOX_TOKEN, or into a file for --token-file")
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	if err := p.enough(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// enough counts the rows, if the job asks for a number of them: an export that came out too short
// is better not begun.
func (p *plan) enough() error {
	if p.job.MinRows == 0 {
		return nil
	}
	total := 0
	for _, in := range p.inputs {
		n, err := in.count()
		if err != nil {
			return &UsageError{err}
		}
		total += n
	}
	if total < p.job.MinRows {
		return usage("the input has %s, and --min-rows asks for %d: nothing was sent; look whether the export is whole", several(total, "row"), p.job.MinRows)
	}
	return nil
}

// settings fills in what the job leaves open.
func (p *plan) settings() error {
	job := &p.job
	if job.Log == nil {
		job.Log = slog.New(slog.DiscardHandler)
	}
	if job.Meter == nil {
		job.Meter = new(Meter)
	}
	switch {
	case len(job.Inputs) == 0:
		return usage("no input was given")
	case job.Workers < 0 || job.Limit < 0 || job.MaxFailures < 0 || job.MinRows < 0 || job.Timeout < 0:
		return usage("workers, limit, max-failures, min-rows and timeout can't be negative")
	case !(job.Rate >= 0 && job.Rate <= math.MaxInt32):
		return usage("the rate %v is no number of requests a second", job.Rate)
	}
	job.Tokens = distinct(job.Tokens)
	job.Workers = max(cmp.Or(job.Workers, 2*len(job.Tokens)), 1)
	var err error
	if p.budget, err = mapping.ParseSize(cmp.Or(job.Budget, "256MB")); err != nil || p.budget == 0 {
		return usage("what may be under way at once: %q is not a size such as 256MB", job.Budget)
	}
	if err := reports.CheckFormats(job.Formats); err != nil {
		return &UsageError{err}
	}
	if p.comma, err = mapping.ParseDelimiter(job.Delimiter); err != nil {
		return &UsageError{err}
	}
	return nil
}

// distinct leaves out tokens that were given before: what the CRM allows, it allows once.
func distinct(tokens []string) (list []string) {
	for _, t := range tokens {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// open loads the mapping and opens every input, so that the mistakes of all of them
// are reported together.
func (p *plan) open() (err error) {
	if p.mapping, err = mapping.Load(p.job.Mapping, openTable); err != nil {
		return &UsageError{err}
	}
	if p.source, err = digest(p.job.Mapping); err != nil {
		return &UsageError{err}
	}
	if err := p.expand(); err != nil {
		return err
	}
	var errs []error
	for i, path := range p.job.Inputs {
		in, err := p.openInput(i, path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.inputs = append(p.inputs, in)
	}
	if len(p.inputs) == 0 { // no header to compile the mapping against
		errs = append(errs, p.mapping.Err())
	}
	if err := errors.Join(errs...); err != nil {
		p.close()
		return &UsageError{dedupe(errs)}
	}
	if p.mapping.KeyText == "" {
		p.job.Log.Warn("the mapping has no key: a row is known by its cells in the columns that the mapping uses, so a corrected cell, or the same row a second time, makes a case of its own; give it a key where the export has one")
	}
	p.folders()
	return nil
}

// dedupe says once what several inputs have in common, such as a mapping's mistakes.
func dedupe(errs []error) error {
	seen := map[string]bool{}
	var distinct []error
	for _, err := range errs {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			distinct = append(distinct, err)
		}
	}
	return errors.Join(distinct...)
}

func (p *plan) close() {
	for _, in := range p.inputs {
		in.close()
	}
	if p.mapping != nil {
		p.mapping.Close()
	}
}

// folders gives every input a folder for its reports: --out itself, or one inside it
// for each of several inputs.
func (p *plan) folders() {
	taken := map[string]bool{}
	for _, in := range p.inputs {
		name := stem(in.path)
		dir := name + p.suffix()
		switch {
		case p.job.Out != "" && len(p.inputs) == 1:
			dir = p.job.Out
		case p.job.Out != "":
			dir = filepath.Join(p.job.Out, name)
		}
		in.out = dir
		for n := 2; taken[in.out]; n++ {
			in.out = fmt.Sprintf("%s-%d", dir, n)
		}
		taken[in.out] = true
	}
}

// stem is an input's name without its ending, as the name of a folder. A file may be called
// ...csv or, on Windows, con.csv; what leads elsewhere then, or to no folder, is "input".
func stem(path string) string {
	name := filepath.Base(path)
	name = strings.TrimRight(strings.TrimSuffix(name, filepath.Ext(name)), ". ") // Windows drops those
	if !filepath.IsLocal(name) {
		return "input"
	}
	return name
}

// suffix is what a folder of reports has behind its input's name.
func (p *plan) suffix() string {
	if p.dry {
		return ".check"
	}
	return ".import"
}

var unsafeInNames = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)

// ledgerPath is where the run's ledger is. It hangs on the operation and not on the
// mapping's name, so that a renamed mapping doesn't send everything twice.
func (p *plan) ledgerPath() string {
	switch {
	case p.job.Ledger != "":
		return p.job.Ledger
	case p.job.Rehearsal:
		return filepath.Join(p.outRoot(), "rehearsal."+p.ledgerName())
	}
	return filepath.Join(p.mapping.Dir(), p.ledgerName())
}

// ledgerName is what a ledger of the operation is called, where nobody says otherwise.
func (p *plan) ledgerName() string {
	return unsafeInNames.ReplaceAllString(p.mapping.Operation, "_") + ".ledger.db"
}

// outRoot is the folder that holds all reports of the run.
func (p *plan) outRoot() string { return cmp.Or(p.job.Out, p.inputs[0].out) }
