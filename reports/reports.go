// Package reports shows what became of the rows of an input.
//
//	                        ┌─ results.csv, .xlsx, .jsonl  every row
//	lines ─── Set.Write ────┼─ rejects.csv                 rows to mend and import again
//	  │                     ├─ changed.csv                 rows that changed since their import
//	  │                     └─ attachments.csv             what was sent with the created ones
//	  └────── Summary.Add ──── summary.json, Summary.Text
//
// # Rules
//
//  1. Record once, render many: an [Outcome] says all there is to say of a row, and
//     every report is a view of outcomes, so it can be written again at any time.
//  2. One pass over the lines feeds all files; memory doesn't grow with the rows.
//  3. Every file is complete on disk before the first is put in its place, and
//     summary.json comes last: who sees it anew sees the others anew.
//  4. A report replaces no input, and nothing that somebody has worked on since the last
//     reports. That is kept as .bak.
//  5. No cell is run as a formula: see [Defuse].
//  6. Reports hold personal data: only their owner can read them.
package reports

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// Set is a folder of reports on one input.
type Set struct {
	// Dir is made if it is missing; empty is the working folder.
	Dir string
	// Formats of results, as in [Formats]; none means csv and xlsx.
	Formats []string
	// Header of the source. If it is nil the source is not at hand, and rejects.csv
	// and changed.csv, which show its cells, are not written.
	Header []string
	// Keyless leaves import_key blank in rejects.csv: no ledger has the keys of a check.
	Keyless bool
	// Inputs are files that no report replaces. One that stands where a report belongs
	// is kept beside it as NAME.bak, or NAME.bak2 if that exists, and so on.
	Inputs []string
	// Note, if it is not nil, is told of each file that was kept or could not be replaced.
	Note func(text string)
}

// Write makes the reports of the lines, which come in input order, and returns their paths.
// A file that can't be replaced, as Excel locks those that it has open, is written beside it
// with a number, and the path says so.
//
// about is asked for once the lines have come to their end, and told what was counted.
//
// An error from lines ends the writing. After any error the summary is empty; reports that
// were not put in place yet are as they were, and the paths are those that were.
func (s Set) Write(lines iter.Seq2[Line, error], about func(counts Summary) About) (Summary, []string, error) {
	files, err := s.open()
	if err != nil {
		return Summary{}, nil, err
	}
	defer files.discard()

	var sum Summary
	for line, err := range lines {
		if err != nil {
			return Summary{}, nil, err
		}
		sum.Add(line.Outcome)
		if err := files.add(&line); err != nil {
			return Summary{}, nil, err
		}
	}
	sum.About = about(sum)
	drafts, err := files.complete()
	if err != nil {
		return Summary{}, nil, err
	}
	for _, document := range documents {
		if sum.reports, err = described(drafts); err != nil {
			return Summary{}, nil, err
		}
		d, err := document.draft(s.Dir, sum)
		if err != nil {
			return Summary{}, nil, err
		}
		defer d.discard()
		drafts = append(drafts, d)
	}

	var paths []string
	untouched := s.untouched()
	for _, d := range drafts {
		keep := ""
		switch {
		case isOneOf(d.path, s.Inputs):
			keep = "it is an input"
		case filepath.Base(d.path) != summaryName && !untouched(d.path):
			keep = "it is not what the last reports were"
		}
		path, note, err := d.place(keep)
		if err != nil {
			return Summary{}, paths, err
		}
		if paths = append(paths, path); note != "" && s.Note != nil {
			s.Note(note)
		}
	}
	return sum, paths, nil
}

// untouched tells of a path whether what stands there is nothing, or a report of the last
// ones as it was written, which summary.json tells.
func (s Set) untouched() func(path string) bool {
	var last struct{ Reports []written }
	if content, err := os.ReadFile(filepath.Join(s.Dir, summaryName)); err == nil {
		_ = json.Unmarshal(content, &last) // what isn't ours knows nothing of reports
	}
	return func(path string) bool {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			return true
		}
		return slices.ContainsFunc(last.Reports, func(w written) bool {
			return w.File == filepath.Base(path) && w.is(info)
		})
	}
}

// open begins a file for each view of the set: results in each format, the others as CSV.
func (s Set) open() (files, error) {
	wanted, err := choose(s.Formats)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Clean(s.Dir), 0o700); err != nil {
		return nil, fmt.Errorf("report folder: %w", err)
	}
	sweep(filepath.Clean(s.Dir))
	var open files
	for _, v := range views(s.Header, s.Keyless) {
		formats := []format{plain}
		if v.name == results {
			formats = wanted
		}
		for _, f := range formats {
			file, err := begin(s.Dir, v, f)
			if err != nil {
				open.discard()
				return nil, err
			}
			open = append(open, file)
		}
	}
	return open, nil
}

// described is what summary.json knows the other reports by.
func described(drafts []*draft) (list []written, err error) {
	for _, d := range drafts {
		w, err := d.written()
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}
