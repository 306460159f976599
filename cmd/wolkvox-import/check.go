package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// checkOptions are the flags of check.
// workers, quota and answer are for the prediction alone: a check sends nothing to be bounded by them.
type checkOptions struct {
	talk
	reading
	contacts, tokenFile string
	workers, quota      int
	answer              time.Duration
}

// checkCommand is check: all that can be known of an input before anything is sent.
//
// It asks the CRM only for --contacts crm, so it needs a token for nothing else.
func checkCommand(console *tty.Console) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check INPUT... -m FILE",
		Short: "find everything that can be known without sending",
		Long: `check reads the whole input, maps every row and looks at every attachment, and sends
nothing. What it finds is grouped by field, with the rows. Reports go to <input>.check,
with needs.csv: every contact, user, and type with status and priority that must exist
at the CRM; and missing-values.yaml: what tables of values lack, ready to be filled in.

Exit status: 0 every row can be sent, 3 some rows are invalid, 2 usage, mapping or input.`,
		Example: "  wolkvox-import check tickets.csv -m tickets.yaml\n" +
			"  wolkvox-import check tickets.csv -m tickets.yaml --contacts contactos.csv",
		Args: inputs,
		RunE: func(c *cobra.Command, args []string) error {
			job, err := o.reading.job(args)
			if err != nil {
				return err
			}
			if o.contacts == importer.AskCRM {
				if job.Tokens, err = tokens(o.tokenFile); err != nil {
					return err
				}
			}
			job.Log, job.Meter = o.talk.logger(console), new(importer.Meter)
			ctx, release := interruptible(c.Context(), console, always(importer.StatusPaused))
			defer release()
			stop := o.talk.progress(console, job.Meter)
			result, survey, err := importer.Check(ctx, job, o.contacts)
			stop()
			// Without a summary there are no findings either, and conclude says so.
			if o.json || result.Summary.StartedAt.IsZero() {
				return conclude(console, result, err, o.talk)
			}
			if shown := o.show(console, result, survey); err == nil {
				return shown
			}
			return err
		},
	}
	o.talk.flags(c)
	o.reading.flags(c)
	f := c.Flags()
	f.StringVar(&o.contacts, "contacts", "",
		"`FILE` with the CRM's contacts, or crm to ask it for each; what is missing goes to contacts-missing.csv")
	f.StringVar(&o.Server, "server", os.Getenv("WOLKVOX_SERVER"),
		"`HOST` or URL, for --contacts crm (or WOLKVOX_SERVER)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with a token on each line, for --contacts crm")
	f.IntVar(&o.workers, "workers", 2, "requests in flight, for the prediction")
	f.IntVar(&o.quota, "quota", 4800, "requests a day, for the prediction; 0 is no limit")
	f.DurationVar(&o.answer, "answer", time.Second, "the CRM takes for an answer, for the prediction")
	return c
}

// show prints what check has found, the worst first.
// "Worst" is what most rows have: one correction of the mapping mends all of them.
func (o *checkOptions) show(c *tty.Console, result importer.Result, survey importer.Survey) error {
	findings(c, survey.Findings)
	if err := missing(c, result, survey.Missing); err != nil {
		return err
	}
	for _, note := range survey.Notes {
		fmt.Fprintf(c.Out, "%s\n", tty.Inline(note))
	}
	if len(survey.Notes) > 0 {
		fmt.Fprintln(c.Out)
	}
	n, t := result.Summary.Outcomes, survey.Totals
	fmt.Fprintf(c.Out, "%d rows: %d ready to be sent, %d invalid, %d skipped\n",
		result.Summary.RowsRead, n[reports.NotAttempted], n[reports.Invalid], n[reports.Skipped])
	if t.Attachments > 0 {
		fmt.Fprintf(c.Out, "%d attachments, %s; the largest is %s, %s\n",
			t.Attachments, size(t.Bytes), tty.Inline(t.LargestFile), size(t.Largest))
	}
	if t.Cases > 0 {
		took, days := t.Duration(o.answer, o.workers, o.quota)
		fmt.Fprintf(c.Out, "sending takes about %s, if an answer takes %s and %d requests are in flight%s\n",
			took.Round(time.Second), o.answer, o.workers, ofDays(days, o.quota))
	}
	fmt.Fprintf(c.Out, "reports in %s\n", strings.Join(folders(result.Reports), ", "))
	return end(result.Status())
}

// ofDays says on how many days, if the quota spreads the work.
func ofDays(days, quota int) string {
	if days < 2 {
		return ""
	}
	return fmt.Sprintf(", spread over %d days by a quota of %d a day", days, quota)
}

// size is a number of bytes for people, in powers of ten.
// Tickets' attachments are kilobytes or megabytes, and a digit behind the point tells them apart.
func size(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// missing shows the values that tables lack, and leaves all of them in a file that is
// ready to be filled in.
//
// The terminal gets the first few. All of them would scroll the findings away.
func missing(c *tty.Console, result importer.Result, list []importer.MissingValues) error {
	const most = 12
	if len(list) == 0 {
		return nil
	}
	var stubs strings.Builder
	for _, m := range list {
		stubs.WriteString(m.Stub())
		shown := m
		shown.Values = m.Values[:min(len(m.Values), most)]
		for line := range strings.Lines(shown.Stub()) {
			fmt.Fprintf(c.Out, "    %s", line)
		}
		if more := len(m.Values) - len(shown.Values); more > 0 {
			fmt.Fprintf(c.Out, "      # and %d more\n", more)
		}
	}
	beside := filepath.Join(folders(result.Reports)[0], "missing-values.yaml")
	path, err := reports.WriteFile(beside, strings.NewReader(stubs.String()))
	if err != nil {
		return fmt.Errorf("the missing values can't be written: %w", err)
	}
	fmt.Fprintf(c.Out, "the missing values, ready to be filled in: %s\n\n", path)
	return nil
}

// findings prints the mistakes, those of one kind together, with their rows.
func findings(c *tty.Console, list []importer.Finding) {
	for _, f := range list {
		rows := "rows"
		if f.Count == 1 {
			rows = "row"
		}
		fmt.Fprintf(c.Out, "%s — %d %s: %s\n", tty.Inline(f.Message), f.Count, rows, f.Rows)
		if f.Hint != "" {
			fmt.Fprintf(c.Out, "    %s\n", tty.Inline(f.Hint))
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(c.Out)
	}
}
