package main

import (
	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// reportCommand is report: the reports once more, from what the ledger has recorded.
//
// It reads the ledger only, so that it may be called again until the reports are where they should be.
func reportCommand(console *tty.Console) *cobra.Command {
	var t talk
	var path, out string
	var formats []string
	c := &cobra.Command{
		Use:   "report --ledger FILE --out DIR",
		Short: "write the reports of the last run again",
		Long: `report writes the reports of a ledger's last run again; also while the run is on.
rejects.csv and changed.csv need the input as it was. They tell what became of the rows in
that run: what resolve has settled since shows in the reports of the next run.

Exit status: 0 the reports are written, 1 they could not be, 2 usage.`,
		Args: nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := reports.CheckFormats(formats); err != nil {
				return &importer.UsageError{Err: err}
			}
			if !c.Flags().Changed("formats") {
				formats = nil // as the run had them
			}
			result, notes, err := importer.Report(path, out, formats)
			for _, note := range notes {
				t.logger(console).Warn(note)
			}
			result.Summary.ExitStatus = importer.StatusDone // of this command, not of the run
			if err != nil {
				result.Summary.ExitStatus = importer.StatusStopped
			}
			return conclude(console, result, err, t)
		},
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&path, "ledger", "", "ledger `FILE`; required")
	f.StringVar(&out, "out", "", "`DIR` for the reports (default: where the run put them)")
	f.StringSliceVar(&formats, "formats", nil, "of the results (default: as the run had them)")
	complete(c, "formats", reports.Formats()...)
	_ = c.MarkFlagRequired("ledger") // the flag has just been made
	return c
}
