package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wolkvox-import/importer"
)

// explainCommand is explain: one row, step by step.
func explainCommand(console *console) *cobra.Command {
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
			return console.explanation(e)
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
func (c *console) explanation(e importer.Explanation) error {
	fmt.Fprintf(c.out, "%s, row %d, key %s\n\ncells\n", inline(e.Outcome.File), e.Outcome.Row, inline(e.Outcome.Key))
	for _, cell := range e.Cells {
		fmt.Fprintf(c.out, "  %s: %s\n", inline(strings.TrimSpace(cell.Column)), oneLine(cell.Text))
	}
	fmt.Fprintln(c.out, "\nfields")
	for _, f := range e.Fields {
		c.trace(f)
	}
	for _, p := range e.Problems {
		if !shown(e.Fields, p) {
			fmt.Fprintf(c.out, "  ✗ %s (%s)\n      %s\n", inline(p.Message), p.Error, inline(p.Hint))
		}
	}
	switch {
	case len(e.Problems) > 0:
		fmt.Fprintln(c.out, "\nthe row can't be sent")
		return end(importer.StatusPartly)
	case e.JSON == nil:
		fmt.Fprintf(c.out, "\nthe row is %s, and is skipped\n", inline(e.Outcome.Message))
		return nil
	}
	fmt.Fprintf(c.out, "\nwhat is sent\n%s\n", e.JSON)
	return nil
}

// shown tells whether a problem stands at its field's steps already.
func shown(fields []importer.Trace, p importer.Problem) bool {
	return slices.ContainsFunc(fields, func(f importer.Trace) bool {
		return f.Problem != nil && f.Problem.Message == p.Message
	})
}

// trace prints a field: where its value comes from and what each step that changes it
// makes of it.
func (c *console) trace(f importer.Trace) {
	fmt.Fprintf(c.out, "  %s", inline(f.Field))
	if f.From != "" {
		fmt.Fprintf(c.out, " ← %s", oneLine(f.From))
	}
	fmt.Fprintln(c.out)
	last := ""
	for i, s := range f.Steps {
		if i == 0 {
			fmt.Fprintf(c.out, "      %s\n", oneLine(s.Value))
		} else if s.Value != last {
			fmt.Fprintf(c.out, "      %s → %s\n", s.Name, oneLine(s.Value))
		}
		last = s.Value
	}
	if f.Problem != nil {
		fmt.Fprintf(c.out, "      ✗ %s (%s)\n        %s\n",
			inline(f.Problem.Message), f.Problem.Error, inline(f.Problem.Hint))
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
