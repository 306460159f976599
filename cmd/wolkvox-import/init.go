package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// initCommand is init: a first mapping for an input. It takes the flags that say how an input is read
// and no others: there is no mapping yet that could narrow it.
func initCommand(console *tty.Console) *cobra.Command {
	var o reading
	c := &cobra.Command{
		Use:   "init INPUT [-m FILE]",
		Short: "write a first mapping from an input's columns and cells",
		Long: `init looks at the names of the columns and at what is in the cells, and writes a mapping
in which everything is decided that can be, with the reason; what only a person can know
is marked TODO, and check refuses the mapping until it is filled in. No file is
overwritten.

Exit status: 0 the mapping is written, 2 usage or input.`,
		Example: "  wolkvox-import init tickets.csv\n" +
			"  wolkvox-import init tickets.xlsx -m migracion.yaml --sheet Casos",
		Args: oneInput,
		RunE: func(c *cobra.Command, args []string) error {
			job, err := o.job(args)
			if err != nil {
				return err
			}
			// What it writes is never overwritten: a person has worked on a mapping that is there.
			drafted, err := importer.Init(c.Context(), job.Reading)
			if err != nil {
				return err
			}
			fmt.Fprintf(console.Out, "%s: written from %d rows, with %d places marked TODO to be filled in\n",
				drafted.Path, drafted.Rows, drafted.Todos)
			fmt.Fprintf(console.Out, "next: wolkvox-import check %s -m %s\n", args[0], drafted.Path)
			return nil
		},
	}
	o.sourceFlags(c)
	c.Flags().StringVarP(&o.Mapping, "mapping", "m", "", "`FILE` to write (default: named after the input, beside it)")
	return c
}
