package intake

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/reports"
)

// Reading says what is read and how. What it leaves open the mapping says.
type Reading struct {
	Inputs      []string  // CSV or XLSX files, patterns of their names, or - for Stdin
	Stdin       io.Reader // may be nil
	Mapping     string    // the mapping file
	Attachments string    // folder; "" is the mapping's own
	Sheet       string    // this and the next two go over what the mapping says of its input
	Delimiter   string    // one character, or tab
	Encoding    string
	Password    string // of protected workbooks; it is written nowhere
	When        string // an expression: of the rows that the mapping wants, only those it is true for
	Limit       int    // reads only the first rows of each input; 0 is all
	MinRows     int    // fewer rows altogether are a usage error; 0 allows none at all
}

// Reports says where the reports of the inputs go.
type Reports struct {
	Out     string   // folder; "" is one named after each input
	Formats []string // of the results; none is csv and xlsx
	Suffix  string   // of a folder that is named after its input
}

// check finds numbers that make no sense.
func (r *Reading) check() error {
	switch {
	case len(r.Inputs) == 0:
		return usage.Errorf("no input was given")
	case r.Limit < 0 || r.MinRows < 0:
		return usage.Errorf("limit and min-rows can't be negative")
	}
	return nil
}

// stdinName stands for the standard input.
const stdinName = "-"

// expand replaces what is given as inputs by files: patterns that the shell left alone, as it does
// on Windows, and the standard input.
func (r *Reading) expand(to Reports) (files []string, err error) {
	for _, given := range r.Inputs {
		switch {
		case given == stdinName:
			file, err := r.spool(to)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		case isPattern(given):
			found, err := filepath.Glob(given)
			if err != nil || len(found) == 0 {
				return nil, usage.Errorf("%s: no file matches; look at the folder and the pattern", given)
			}
			files = append(files, found...)
		default:
			files = append(files, given)
		}
	}
	return files, nil
}

// isPattern tells a pattern from a file that has its characters in its name.
func isPattern(path string) bool {
	_, err := os.Lstat(path)
	return err != nil && strings.ContainsAny(path, "*?[")
}

// spool keeps the standard input in a file beside the reports, because it is read more than
// once: for its digest, for its rows, and for those that go back to the person.
func (r *Reading) spool(to Reports) (string, error) {
	if r.Stdin == nil {
		return "", usage.Errorf("%s: there is no standard input", stdinName)
	}
	dir := to.Out
	if dir == "" {
		dir = "stdin" + to.Suffix
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", usage.Errorf("the reports' folder can't be made: %w", err)
	}
	path, err := reports.WriteFile(filepath.Join(dir, "stdin"), r.Stdin)
	if err != nil {
		return "", usage.Errorf("the standard input can't be kept: %w", err)
	}
	r.Stdin = nil // a second - finds nothing
	return path, nil
}
