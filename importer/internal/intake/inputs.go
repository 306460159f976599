package intake

import (
	"cmp"
	"errors"
	"log/slog"

	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Inputs are the open inputs of a job and the mapping they share.
type Inputs struct {
	All     []*Input
	Mapping *mapping.Mapping
	Source  reports.Source // the mapping file
	Out     string         // the folder that holds all reports
	Keep    []string       // files that no report may replace
}

// Open finds all that can be wrong with what is read, before anything is sent. Its errors are
// *usage.Error: the person's mistakes. If it fails, everything is closed again, also what a lookup
// has written into temporary files, which hold personal data. Otherwise the caller closes the Inputs.
func Open(r Reading, to Reports, log *slog.Logger) (*Inputs, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	all := &Inputs{}
	if err := all.open(r, to, log); err != nil {
		all.Close()
		return nil, err
	}
	if err := all.enough(r.MinRows); err != nil {
		all.Close()
		return nil, err
	}
	return all, nil
}

// open fills all in, in the order in which mistakes are best said: the mapping's before the inputs'.
// After a failure it may be half open.
func (all *Inputs) open(r Reading, to Reports, log *slog.Logger) (err error) {
	if all.Mapping, err = mapping.Load(r.Mapping, openTable); err != nil {
		return usage.Of(err)
	}
	// The summary names the mapping by its digest, so that a later one isn't taken for it.
	if all.Source, err = DigestFile(r.Mapping); err != nil {
		return usage.Of(err)
	}
	paths, err := r.expand(to)
	if err != nil {
		return err
	}
	all.Keep = append([]string{r.Mapping}, paths...)
	if err := all.openEach(r, paths, log); err != nil {
		return err
	}
	if all.Mapping.KeyText == "" {
		log.Warn("the mapping has no key: a row is known by its cells in the columns that the mapping uses, " +
			"so a corrected cell, or the same row a second time, makes a case of its own; " +
			"give it a key where the export has one")
	}
	for i, dir := range to.folders(paths) {
		all.All[i].Out = dir
	}
	all.Out = cmp.Or(to.Out, all.All[0].Out)
	return nil
}

// openEach opens every input, so that the mistakes of all of them are said together. An input's
// number is its place in the command, and indexes All: that holds only if all could be opened.
func (all *Inputs) openEach(r Reading, paths []string, log *slog.Logger) error {
	comma, err := mapping.ParseDelimiter(r.Delimiter)
	if err != nil {
		return usage.Of(err)
	}
	var errs []error
	for i, path := range paths {
		input, err := openInput(i, path, comma, r, all.Mapping, log)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all.All = append(all.All, input)
	}
	if len(all.All) == 0 { // there is no header that the mapping could be compiled against
		errs = append(errs, all.Mapping.Err())
	}
	return usage.Of(distinct(errs))
}

// distinct says once what several inputs have in common, such as a mapping's mistakes.
func distinct(errs []error) error {
	seen := map[string]bool{}
	var list []error
	for _, err := range errs {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			list = append(list, err)
		}
	}
	return errors.Join(list...)
}

// enough counts the rows if a number of them is asked for: an export that came out too short is
// better not begun.
func (all *Inputs) enough(least int) error {
	if least == 0 {
		return nil
	}
	total, err := all.Count()
	if err != nil {
		return usage.Of(err)
	}
	if total < least {
		return usage.Errorf("the input has %s, and --min-rows asks for %d: nothing was sent; "+
			"look whether the export is whole", say.Several(total, "row"), least)
	}
	return nil
}

// Count is the number of rows of all inputs. Each input is counted once.
func (all *Inputs) Count() (total int, err error) {
	for _, input := range all.All {
		n, err := input.Count()
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Progress is the share of the inputs that has been read, from 0 to 1. It may be asked for at any
// time, by any goroutine.
func (all *Inputs) Progress() (share float64) {
	for _, input := range all.All {
		if done, total := input.reader.Progress(); total > 0 {
			share += float64(done) / float64(total) / float64(len(all.All))
		}
	}
	return share
}

// Close releases all files, those of a half opened job too. The mapping comes last: the inputs'
// programs use its lookups.
func (all *Inputs) Close() {
	for _, input := range all.All {
		input.Close()
	}
	if all.Mapping != nil {
		all.Mapping.Close()
	}
}
