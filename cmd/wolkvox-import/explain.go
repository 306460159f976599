package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// explainCommand is explain: one row, step by step.
//
// It asks the importer for the row's decision, the same one that run takes, and only prints it.
func explainCommand(console *tty.Console) *cobra.Command {
	var o reading
	var t talk
	var which importer.Which
	c := &cobra.Command{
		Use:   "explain INPUT -m FILE --row N",
		Short: "show what becomes of one row, step by step",
		Long: `explain shows a row's cells, what each step of the mapping makes of them, and the JSON
that would be sent, with attachments as their size and SHA-256. Nothing is sent.

Exit status: 0 the row can be sent, 3 it can't, 2 usage, mapping or input.`,
		Example: "  wolkvox-import explain tickets.csv -m tickets.yaml --row 812\n" +
			"  wolkvox-import explain tickets.csv -m tickets.yaml --error not_in_values",
		Args: inputs,
		RunE: func(c *cobra.Command, args []string) error {
			if which == (importer.Which{}) {
				return &importer.UsageError{Err: errors.New("say which row: --row N, --key KEY, or --error WORD")}
			}
			job, err := o.job(args)
			if err != nil {
				return err
			}
			job.Log = t.logger(console)
			e, err := importer.Explain(c.Context(), job, which)
			if err != nil {
				return err
			}
			return explanation(console, e)
		},
	}
	o.flags(c)
	t.flags(c)
	f := c.Flags()
	f.IntVar(&which.Row, "row", 0, "`N` of the row, as the spreadsheet shows it")
	f.StringVar(&which.Key, "key", "", "`KEY` of the row")
	f.StringVar(&which.Error, "error", "", "the first row with the error `WORD`, as not_in_values")
	return c
}

// explanation prints cells, then steps, then the JSON.
// A row that was sent before is good: it is skipped, and that is no failure.
func explanation(c *tty.Console, e importer.Explanation) error {
	fmt.Fprintf(c.Out, "%s, row %d, key %s\n\ncells\n",
		tty.Inline(e.Outcome.File), e.Outcome.Row, tty.Inline(e.Outcome.Key))
	for _, cell := range e.Cells {
		fmt.Fprintf(c.Out, "  %s: %s\n", tty.Inline(strings.TrimSpace(cell.Column)), oneLine(cell.Text))
	}
	fmt.Fprintln(c.Out, "\nfields")
	for _, f := range e.Fields {
		trace(c, f)
	}
	for _, p := range e.Problems {
		if !shown(e.Fields, p) {
			fmt.Fprintf(c.Out, "  ✗ %s (%s)\n      %s\n", tty.Inline(p.Message), p.Error, tty.Inline(p.Hint))
		}
	}
	switch {
	case len(e.Problems) > 0:
		fmt.Fprintln(c.Out, "\nthe row can't be sent")
		return end(importer.StatusPartly)
	case e.JSON == nil:
		fmt.Fprintf(c.Out, "\nthe row is %s, and is skipped\n", tty.Inline(e.Outcome.Message))
		return nil
	}
	fmt.Fprintf(c.Out, "\nwhat is sent\n%s\n", e.JSON)
	return nil
}

// shown tells whether a problem stands at its field's steps already.
// A problem of the whole row has no field to stand at.
func shown(fields []importer.Trace, p importer.Problem) bool {
	return slices.ContainsFunc(fields, func(f importer.Trace) bool {
		return f.Problem != nil && f.Problem.Message == p.Message
	})
}

// trace prints a field: where its value comes from and what each step that changes it
// makes of it.
// A step that leaves the value as it is isn't shown, since most of them do.
func trace(c *tty.Console, f importer.Trace) {
	fmt.Fprintf(c.Out, "  %s", tty.Inline(f.Field))
	if f.From != "" {
		fmt.Fprintf(c.Out, " ← %s", oneLine(f.From))
	}
	fmt.Fprintln(c.Out)
	last := ""
	for i, s := range f.Steps {
		if i == 0 {
			fmt.Fprintf(c.Out, "      %s\n", oneLine(s.Value))
		} else if s.Value != last {
			fmt.Fprintf(c.Out, "      %s → %s\n", s.Name, oneLine(s.Value))
		}
		last = s.Value
	}
	if f.Problem != nil {
		fmt.Fprintf(c.Out, "      ✗ %s (%s)\n        %s\n",
			tty.Inline(f.Problem.Message), f.Problem.Error, tty.Inline(f.Problem.Hint))
	}
}

// oneLine shows a text in quotes, with its line breaks, and without its end if it is
// long.
func oneLine(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q… (%d characters)", string(r[:most]), len(r))
	}
	return fmt.Sprintf("%q", s)
}
