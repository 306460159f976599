package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/reports"
)

// stdinName stands for the standard input.
const stdinName = "-"

// expand replaces what the job gives as inputs by files: patterns that the shell left
// alone, as it does on Windows, and the standard input.
func (p *plan) expand() error {
	var files []string
	for _, given := range p.job.Inputs {
		switch {
		case given == stdinName:
			file, err := p.spool()
			if err != nil {
				return err
			}
			files = append(files, file)
		case isPattern(given):
			found, err := filepath.Glob(given)
			if err != nil || len(found) == 0 {
				return usage("%s: no file matches; look at the folder and the pattern", given)
			}
			files = append(files, found...)
		default:
			files = append(files, given)
		}
	}
	p.job.Inputs = files
	return nil
}

// isPattern tells a pattern from a file that has its characters in its name.
func isPattern(path string) bool {
	_, err := os.Lstat(path)
	return err != nil && strings.ContainsAny(path, "*?[")
}

// spool keeps the standard input in a file beside the reports, because it is read more
// than once: for its digest, for its rows, and for those that go back to the person.
func (p *plan) spool() (string, error) {
	if p.job.Stdin == nil {
		return "", usage("%s: there is no standard input", stdinName)
	}
	dir := p.job.Out
	if dir == "" {
		dir = "stdin" + p.suffix()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", usage("the reports' folder can't be made: %w", err)
	}
	path, err := reports.WriteFile(filepath.Join(dir, "stdin"), p.job.Stdin)
	if err != nil {
		return "", &UsageError{fmt.Errorf("the standard input can't be kept: %w", err)}
	}
	p.job.Stdin = nil // a second - finds nothing
	return path, nil
}
