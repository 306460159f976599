package main

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// purgeCommand is purge: what a ledger need not remember of people is taken out of it.
// It needs the ledger alone to itself, since it rewrites the whole file.
func purgeCommand(console *tty.Console) *cobra.Command {
	var ledger, age string
	c := &cobra.Command{
		Use:   "purge --ledger FILE --older-than AGE",
		Short: "remove personal data from a ledger",
		Long: `purge removes keys, contacts and messages from a ledger's rows that were settled longer
ago than AGE. Their hashes and the cases' ids stay, so that they are still skipped; rows
in doubt stay whole.

Exit status: 0 done, 1 the ledger is in use or can't be written, 2 usage.`,
		Example: "  wolkvox-import purge --ledger soporte.ledger.db --older-than 90d",
		Args:    nothing,
		RunE: func(*cobra.Command, []string) error {
			d, err := parseAge(age)
			if err != nil {
				return err
			}
			n, err := importer.Purge(ledger, time.Now().Add(-d))
			if err != nil {
				return err
			}
			fmt.Fprintf(console.Out, "%d rows purged\n", n)
			return nil
		},
	}
	c.Flags().StringVar(&ledger, "ledger", "", "ledger `FILE`; required")
	c.Flags().StringVar(&age, "older-than", "", "`AGE`, such as 90d or 12h; required")
	_ = c.MarkFlagRequired("ledger") // the flags have just been made
	_ = c.MarkFlagRequired("older-than")
	return c
}

// days is an age in days, which Go's durations don't have: how long a day is depends on the clock's
// changes, which don't matter here.
var days = regexp.MustCompile(`^(\d{1,5})d$`)

// parseAge reads a time span, also in days.
// An age below zero would lie in the future, and purge what is being sent now.
func parseAge(text string) (time.Duration, error) {
	if m := days.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		return time.Duration(n) * 24 * time.Hour, err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, &importer.UsageError{Err: fmt.Errorf("the age %q is not like 90d or 12h", text)}
	}
	return d, nil
}
