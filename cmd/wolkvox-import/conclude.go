package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// conclude prints the summary of a run or a check and makes its status the
// command's.
//
// The order is from the general to the next step: numbers, where the reports are, what to do about
// failures, then about doubts. The halt's hint is last, next to the prompt.
func conclude(c *tty.Console, result importer.Result, err error, t talk) error {
	if result.Summary.StartedAt.IsZero() { // there is none
		// A command that ends without a word would pass for one that went well.
		return cmp.Or(err, errors.New("the run came to no summary"))
	}
	if err != nil {
		c.Failed(err)
	}
	if t.json {
		if err := c.JSON(result.Summary); err != nil {
			return err
		}
		return end(result.Status())
	}
	if err := result.Summary.Text(c.Out); err != nil {
		return err
	}
	if len(result.Reports) > 0 {
		fmt.Fprintf(c.Out, "reports in %s\n", strings.Join(folders(result.Reports), ", "))
	}
	n, rejects := result.Summary.Outcomes, rejectsOf(result.Reports)
	if n[reports.Rejected]+n[reports.Invalid] > 0 && len(rejects) > 0 {
		fmt.Fprintf(c.Out, "to mend what is wrong: correct %s, and import that as it is", strings.Join(rejects, ", "))
		if n[reports.NotAttempted] > 0 {
			fmt.Fprint(c.Out, "; the rows that are left still need the input itself")
		}
		fmt.Fprintln(c.Out)
	}
	if n[reports.InDoubt] > 0 {
		const next = "to settle what is in doubt: wolkvox-import resolve --ledger %s --auto --server %s\n"
		fmt.Fprintf(c.Out, next, pasted(result.Ledger), result.Summary.Server)
	}
	if h := result.Halt; h != nil && h.Hint != "" {
		fmt.Fprintf(c.Out, "%s\n", tty.Inline(h.Hint))
	}
	return end(result.Status())
}

// pasted is a path as it can be pasted into a command.
// Go's quotes are good for a shell as far as paths go that people give to exports.
func pasted(path string) string {
	if strings.ContainsAny(path, " \t()&;'") {
		return strconv.Quote(path)
	}
	return path
}

// rejectsOf finds the rejects among the reports, whatever their number.
func rejectsOf(files []string) (rejects []string) {
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "rejects") {
			rejects = append(rejects, file)
		}
	}
	return rejects
}

// folders are those that the files are in, each once: the reports of an input come together.
func folders(files []string) []string {
	var dirs []string
	for _, file := range files {
		if dir := filepath.Dir(file); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
