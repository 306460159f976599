package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
)

// runOptions are the flags of run. Those that need no second look are bound into the job itself.
// What is left here are flags that name a file, or a time that depends on the moment.
type runOptions struct {
	talk
	reading
	tokenFile, until string
}

// runCommand is run, the import itself.
//
// The flags' order here is not that of the help, which is the alphabet's.
func runCommand(console *tty.Console) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run INPUT... -m FILE",
		Short: "import; run again to go on after any stop",
		Long: `run imports the rows of CSV and XLSX files. Rows that were created before are skipped,
so the same command goes on after any stop. An input may be packed (.gz, .zst, or .zip
with one file in it); - is the standard input.

The server is the CRM's host; "sandbox" is a simulated CRM inside the program, which
needs no token and forgets everything. Tokens come from WOLKVOX_TOKEN (several
separated by commas) or --token-file (one a line), never from the command line.
` + statusHelp,
		Example: "  wolkvox-import run tickets.csv -m tickets.yaml --server sandbox\n" +
			"  wolkvox-import run tickets.xlsx -m tickets.yaml --server crm.wolkvox.com",
		Args: inputs,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), console, args) },
	}
	o.talk.flags(c)
	o.reading.flags(c)
	f := c.Flags()
	f.StringVar(&o.Server, "server", os.Getenv("WOLKVOX_SERVER"), "`HOST`, URL or sandbox (or WOLKVOX_SERVER)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with a token on each line")
	f.StringVar(&o.Ledger, "ledger", "",
		"`FILE` that remembers what was sent (default: <operation>.ledger.db beside the mapping)")
	f.IntVar(&o.Workers, "workers", 0, "`N` requests in flight altogether (default: 2 a token)")
	f.Float64Var(&o.Rate, "rate", 0, "`R` requests a second at most")
	f.StringVar(&o.Budget, "in-flight", "256MB", "`SIZE` of request bodies under way at once, at most")
	f.BoolVar(&o.Canary, "canary", false,
		"send one row of each kind first, read the cases back, and ask before the rest")
	f.BoolVar(&o.NoQuotaCheck, "no-quota-check", false,
		"don't ask the CRM what the tokens may still do (which costs a request each)")
	f.BoolVar(&o.Wait, "wait", false, "sleep while the quota of every token is spent")
	f.StringVar(&o.until, "until", "", "take no new row after `HH:MM`, today or tomorrow")
	f.DurationVar(&o.Timeout, "timeout", 120*time.Second, "wait for an answer")
	f.IntVar(&o.MaxFailures, "max-failures", 0, "stop after `N` failed rows in a row; skipped ones don't count")
	f.BoolVar(&o.Resolve, "resolve", false,
		"before the first row, ask the CRM for those in doubt, as resolve --auto does")
	f.DurationVar(&o.Margin, "margin", 3*time.Minute, "of --resolve")
	f.IntVar(&o.MinRows, "min-rows", 0, "send nothing if the inputs have fewer than `N` rows together")
	f.BoolVar(&o.NoRetry, "no-retry", false, "leave rows alone that earlier runs found rejected or invalid")
	f.BoolVar(&o.ServerMoved, "server-moved", false, "the ledger's CRM has a new host name")
	f.BoolVar(&o.Assent, "yes", false, "never ask: the answer is yes")
	return c
}

// run does what the flags say. What is wrong with them is said before anything is opened.
//
// Its order matters: an error of the flags, then the server and its tokens, then signals, and the run
// last. Nothing has to be undone by then but a rehearsal's server.
func (o *runOptions) run(ctx context.Context, console *tty.Console, inputs []string) error {
	job, err := o.reading.job(inputs)
	if err != nil {
		return err
	}
	job.Agreed = atTerminal(console)
	if job.Until, err = next(o.until, time.Now()); err != nil {
		return &importer.UsageError{Err: err}
	}
	job.Log, job.Meter = o.talk.logger(console), new(importer.Meter)
	switch o.Server {
	case "":
		const what = "no server was given: use --server HOST, or --server sandbox to rehearse"
		return &importer.UsageError{Err: errors.New(what)}
	case "sandbox":
		stop, err := rehearse(ctx, &job)
		if err != nil {
			return err
		}
		defer stop()
		job.Log.Info("a rehearsal: the CRM is simulated, and so are the ids in the reports")
	default:
		if job.Tokens, err = tokens(o.tokenFile); err != nil {
			return err
		}
		if readByOthers(o.tokenFile) {
			const what = "other users of this computer can read the tokens; only you should: chmod 600 "
			job.Log.Warn(what + pasted(o.tokenFile))
		}
	}
	// The meter knows whether a request is in flight: only then does a second Ctrl-C leave doubts.
	ctx, release := interruptible(ctx, console, job.Meter.AtOnce)
	defer release()
	stop := o.talk.progress(console, job.Meter)
	result, err := importer.Run(ctx, job)
	stop()
	return conclude(console, result, err, o.talk)
}

// atTerminal is how a person is asked; nil if nobody is at the terminal.
func atTerminal(console *tty.Console) func(context.Context, string) bool {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		return console.Agreed
	}
	return nil
}

// next is the next time at which the clock shows HH:MM; "" is no time.
func next(clock string, now time.Time) (time.Time, error) {
	if clock == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return time.Time{}, fmt.Errorf("--until %q is not a time of day such as 06:00", clock)
	}
	// The date is made anew for tomorrow: a day to which 24 hours are added is an hour off if the clock
	// changes in between.
	t := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
	if !t.After(now) {
		t = time.Date(now.Year(), now.Month(), now.Day()+1, at.Hour(), at.Minute(), 0, 0, now.Location())
	}
	return t, nil
}
