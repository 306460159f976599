package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// talk is how a command speaks.
// All of it goes to stderr but json, which is about the result.
type talk struct {
	json, quiet, verbose, noProgress bool
	format                           string
}

// flags are those that every command has that says more than its result.
func (t *talk) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&t.json, "json", false, "print the summary as JSON")
	f.BoolVarP(&t.quiet, "quiet", "q", false, "say errors only; the summary is printed all the same")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "say more")
	f.StringVar(&t.format, "log-format", "text", "text or json")
	f.BoolVar(&t.noProgress, "no-progress", false, "show no progress")
	complete(c, "log-format", "text", "json")
}

// logger makes the logger that talk and --log-format ask for.
// --quiet wins over --verbose: who gives both has put one of them into a script.
func (t talk) logger(c *tty.Console) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case t.quiet:
		level = slog.LevelError
	case t.verbose:
		level = slog.LevelDebug
	}
	return c.Logger(level, t.format == "json")
}

// progress shows how far a run is until the returned function is called, unless the person, or a
// program that reads the log, is not to be told.
func (t talk) progress(c *tty.Console, m *importer.Meter) (stop func()) {
	if t.quiet || t.noProgress || t.format == "json" {
		return func() {}
	}
	return c.Progress(m)
}

// complete names the values of a flag to the shell.
// It is a help for the keyboard only: what is a good value is checked when the flag is used.
func complete(c *cobra.Command, flag string, values ...string) {
	known := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	_ = c.RegisterFlagCompletionFunc(flag, known) // the flag exists
}
