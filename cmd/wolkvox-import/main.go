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
//
// A command is a file, and a line in the table of commands. Its flags bind straight into the
// parts of what the importer is asked for, and what it prints is its own. What commands share lies
// below them and knows none of them:
//
//	main ─► run, check, … ─► reading, talk ─► console ─► escape
//	                    └──► conclude, progress, signal, token, usage, exit
package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// commands are what the program does, in the order of its help.
var commands = []func(*tty.Console) *cobra.Command{
	runCommand, initCommand, checkCommand, explainCommand, reportCommand,
	statusCommand, resolveCommand, purgeCommand, sandboxCommand, versionCommand,
}

// main only leaves: everything else is in execute, which tests call with streams of their own.
func main() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// execute runs the program and returns its exit status.
//
// What is wrong before a command has begun is usage, status 2. From then on an error that is usage
// says so by its type, and every other one is status 1: something may have been sent.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	console := tty.New(stdout, stderr)
	// Cobra prints no error and no usage by itself: an error would be in two places, and the help of
	// thirty flags would push it off the screen.
	root := &cobra.Command{
		Use:   "wolkvox-import",
		Short: "import spreadsheets of tickets as cases into the Wolkvox CRM",
		Long: `wolkvox-import turns the rows of CSV and XLSX files into cases of the Wolkvox CRM,
each at most once, and reports what became of every row.
` + statusHelp,
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
	// finished comes first: such a command has printed what there is to say.
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
	console.Failed(err)
	if wrong := new(importer.UsageError); !began || errors.As(err, &wrong) {
		return importer.StatusUsage
	}
	return importer.StatusStopped
}
