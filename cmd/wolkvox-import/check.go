package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

func checkCommand(console *console) *cobra.Command {
	var t talk
	var o reading
	c := &cobra.Command{
		Use:   "check INPUT... -m FILE",
		Short: "find everything that can be known without sending",
		Long: `check reads the whole input, maps every row and looks at every attachment, and sends
nothing. What it finds is grouped by field, with the rows; reports go to <input>.check.

Exit status: 0 every row can be sent, 3 some rows are invalid, 2 usage, mapping or input.`,
		Example: "  wolkvox-import check tickets.csv -m tickets.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			job, err := o.job(args)
			if err != nil {
				return err
			}
			job.Log, job.Meter = console.logger(t), new(importer.Meter)
			ctx, release := interruptible(c.Context(), console)
			defer release()
			stop := console.progress(job.Meter, t)
			result, findings, err := importer.Check(ctx, job)
			stop()
			if t.json || err != nil {
				return console.conclude(result, err, t)
			}
			console.findings(findings)
			return console.checked(result)
		},
	}
	t.flags(c)
	o.flags(c)
	return c
}

// checked prints what the findings come to.
func (c *console) checked(result importer.Result) error {
	n := result.Summary.Outcomes
	fmt.Fprintf(c.out, "%d rows: %d ready to be sent, %d invalid, %d skipped\nreports in %s\n",
		result.Summary.RowsRead, n[reports.NotAttempted], n[reports.Invalid], n[reports.Skipped], strings.Join(folders(result.Reports), ", "))
	return end(result.Status())
}

func (c *console) findings(list []importer.Finding) {
	for _, f := range list {
		rows := "rows"
		if f.Count == 1 {
			rows = "row"
		}
		fmt.Fprintf(c.out, "%s — %d %s: %s\n", f.Message, f.Count, rows, f.Rows)
		if f.Hint != "" {
			fmt.Fprintf(c.out, "    %s\n", f.Hint)
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(c.out)
	}
}
