package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// statusCommand is status: what a ledger knows, also while a run is on.
// It only reads, without the ledger's lock: a run that is on doesn't notice.
func statusCommand(console *tty.Console) *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status --ledger FILE",
		Short: "say what a ledger knows, who holds it, and what is in doubt",
		Long: `status looks at a ledger; also while a run is on.

Exit status: 0 shown, 1 the ledger can't be read, 2 usage.`,
		Args: nothing,
		RunE: func(*cobra.Command, []string) error {
			state, err := importer.Status(path)
			if err != nil {
				return err
			}
			if asJSON {
				return console.JSON(state)
			}
			fmt.Fprint(console.Out, describe(path, state))
			return nil
		},
	}
	c.Flags().StringVar(&path, "ledger", "", "ledger `FILE`; required")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	_ = c.MarkFlagRequired("ledger") // the flag has just been made
	return c
}

// describe is the state for people: what is known, what is in doubt, and what to do next.
// What is in doubt comes last with the command that settles it, where a person looks first.
func describe(path string, s importer.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ledger     %s\noperation  %s\nserver     %s\n",
		tty.Inline(path), tty.Inline(s.Operation), tty.Inline(s.Server))
	switch {
	case s.Started.IsZero():
		fmt.Fprintf(&b, "last run   none\n")
	case s.Running:
		fmt.Fprintf(&b, "running    process %d since %s\n", s.PID, shortly(s.Started))
	case s.Ended.IsZero():
		fmt.Fprintf(&b, "last run   %s, died before its end: run the same command again\n", shortly(s.Started))
	case s.Stopped != "":
		fmt.Fprintf(&b, "last run   %s, stopped: %s\n", shortly(s.Started), tty.Inline(s.Stopped))
	default:
		fmt.Fprintf(&b, "last run   %s, finished %s\n", shortly(s.Started), shortly(s.Ended))
	}
	for _, state := range slices.Sorted(maps.Keys(s.Keys)) {
		fmt.Fprintf(&b, "%10d  %s\n", s.Keys[state], state)
	}
	for _, d := range s.Doubts {
		fmt.Fprintf(&b, "in doubt   %s, sent %s, contact %s: %s\n",
			tty.Inline(d.Key), shortly(d.Since), tty.Inline(d.Contact), tty.Inline(d.Evidence))
	}
	if n := s.Keys["in_doubt"] - len(s.Doubts); n > 0 {
		fmt.Fprintf(&b, "           and %d more in doubt\n", n)
	}
	if len(s.Doubts) > 0 {
		fmt.Fprintf(&b, "next       wolkvox-import resolve --ledger %s --auto --server HOST\n", path)
	}
	return b.String()
}

// shortly is a moment by the person's own clock.
func shortly(t time.Time) string { return t.Local().Format(time.DateTime) }
