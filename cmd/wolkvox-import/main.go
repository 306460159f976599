// Command wolkvox-import imports the rows of CSV and XLSX files as cases into the
// Wolkvox CRM, each at most once, and reports what became of every row.
//
//	wolkvox-import run tickets.xlsx -m tickets.yaml --server crm.wolkvox.com
//
// Its manners:
//
//   - stdout has the result: the summary, or JSON where that was asked for. Talk and
//     progress go to stderr, in lower case and without a full stop.
//   - An error says what, where, why, and what to do next, in one place.
//   - The exit status says how it ended; see statusHelp.
//   - Tokens come from the environment or a file, never from the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"wolkvox-import/importer"
)

const statusHelp = `
Exit status:
  0  every row created or skipped
  1  the run stopped: ledger, server, credentials, too many failures
  2  usage, mapping or input; nothing was sent
  3  finished; some rows rejected or invalid, or most of those imported before have other cells
  4  rows of this input are in doubt
  5  paused: run the same command again
Where several hold: 4, then 1, 5, 3. With a row not attempted it is never 0.`

// commands are what the program does, in the order of its help.
var commands = []func(*console) *cobra.Command{runCommand, initCommand, checkCommand, explainCommand, reportCommand, statusCommand, resolveCommand, purgeCommand, sandboxCommand, versionCommand}

func main() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// execute runs the program and returns its exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	console := &console{out: escaped{stdout}, err: stderr}
	root := &cobra.Command{
		Use:           "wolkvox-import",
		Short:         "import spreadsheets of tickets as cases into the Wolkvox CRM",
		Long:          "wolkvox-import turns the rows of CSV and XLSX files into cases of the Wolkvox CRM,\neach at most once, and reports what became of every row.\n" + statusHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	began := false // a command has its flags and arguments; what is wrong before is usage
	for _, command := range commands {
		c := command(console)
		run := c.RunE
		c.RunE = func(c *cobra.Command, args []string) error {
			began = true
			return run(c, args)
		}
		root.AddCommand(c)
	}
	command, err := root.ExecuteContextC(ctx)
	var done *finished
	switch {
	case err == nil:
		return importer.StatusDone
	case errors.As(err, &done):
		return done.status
	}
	if !began {
		err = plainly(command, err)
	}
	console.failed(err)
	if wrong := new(importer.UsageError); !began || errors.As(err, &wrong) {
		return importer.StatusUsage
	}
	return importer.StatusStopped
}

// finished carries the exit status of a command that has already said everything.
type finished struct{ status int }

func (f *finished) Error() string { return fmt.Sprintf("exit status %d", f.status) }

// end makes a status the command's result.
func end(status int) error {
	if status == importer.StatusDone {
		return nil
	}
	return &finished{status}
}
