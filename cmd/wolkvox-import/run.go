package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// talk is how a command speaks.
type talk struct {
	json, quiet, verbose, noProgress bool
	format                           string
}

func (t *talk) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&t.json, "json", false, "print the summary as JSON")
	f.BoolVarP(&t.quiet, "quiet", "q", false, "say errors only; the summary is printed all the same")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "say more")
	f.StringVar(&t.format, "log-format", "text", "text or json")
	f.BoolVar(&t.noProgress, "no-progress", false, "show no progress")
	complete(c, "log-format", "text", "json")
}

// reading is how inputs are read; run and check have it in common.
type reading struct {
	mapping, out, attachments  string
	sheet, delimiter, encoding string
	passwordFile, when         string
	limit                      int
	formats                    []string
}

func (r *reading) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&r.mapping, "mapping", "m", "", "mapping `FILE` (YAML); required")
	f.StringVar(&r.out, "out", "", "`DIR` for the reports (default: beside you, named after the input)")
	f.StringVar(&r.when, "when", "", "only rows for which `EXPR` is true, as 'row[\"Estado\"] != \"Spam\"'; narrows the mapping's when")
	f.IntVar(&r.limit, "limit", 0, "read only the first `N` rows")
	f.StringSliceVar(&r.formats, "formats", []string{"csv", "xlsx"}, "of the results: "+strings.Join(reports.Formats(), ", "))
	complete(c, "formats", reports.Formats()...)
	_ = c.MarkFlagRequired("mapping") // the flag has just been made
	r.sourceFlags(c)
}

// sourceFlags are those that tell how an input is read.
func (r *reading) sourceFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.attachments, "attachments", "", "`DIR` of the attachments, over the mapping's root")
	f.StringVar(&r.sheet, "sheet", "", "`NAME` of the sheet, over what the mapping says")
	f.StringVar(&r.delimiter, "delimiter", "", "`CHARACTER` between CSV cells, or tab")
	f.StringVar(&r.encoding, "encoding", "", "`NAME` of the CSV's encoding, such as windows-1252")
	f.StringVar(&r.passwordFile, "password-file", "", "`FILE` with the password of a protected workbook")
}

// job is the part of a job that reading says.
func (r *reading) job(inputs []string) (importer.Job, error) {
	job := importer.Job{
		Output:       importer.Output{Out: r.out, Formats: r.formats},
		Reading:      importer.Reading{Inputs: inputs, Stdin: os.Stdin, Mapping: r.mapping, Attachments: r.attachments, Sheet: r.sheet, Delimiter: r.delimiter, Encoding: r.encoding, When: r.when, Limit: r.limit},
		Surroundings: importer.Surroundings{Version: version()},
	}
	if r.passwordFile != "" {
		content, err := os.ReadFile(r.passwordFile)
		if err != nil {
			return job, &importer.UsageError{Err: fmt.Errorf("the password file can't be read: %w", err)}
		}
		job.Password = strings.TrimRight(string(content), "\r\n")
	}
	return job, nil
}

// runOptions are the flags of run.
type runOptions struct {
	talk
	reading
	server, tokenFile, ledger     string
	workers, maxFailures, minRows int
	rate                          float64
	timeout                       time.Duration
	margin                        time.Duration
	noRetry, serverMoved, assent  bool
	resolve, canary               bool
	noQuotaCheck, wait            bool
	until, inFlight               string
}

func runCommand(console *console) *cobra.Command {
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
		Example: "  wolkvox-import run tickets.csv -m tickets.yaml --server sandbox\n  wolkvox-import run tickets.xlsx -m tickets.yaml --server crm.wolkvox.com",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), console, args) },
	}
	o.talk.flags(c)
	o.reading.flags(c)
	f := c.Flags()
	f.StringVar(&o.server, "server", os.Getenv("WOLKVOX_SERVER"), "`HOST`, URL or sandbox (or WOLKVOX_SERVER)")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` with a token on each line")
	f.StringVar(&o.ledger, "ledger", "", "`FILE` that remembers what was sent (default: <operation>.ledger.db beside the mapping)")
	f.IntVar(&o.workers, "workers", 0, "`N` requests in flight altogether (default: 2 a token)")
	f.Float64Var(&o.rate, "rate", 0, "`R` requests a second at most")
	f.StringVar(&o.inFlight, "in-flight", "256MB", "`SIZE` of request bodies under way at once, at most")
	f.BoolVar(&o.canary, "canary", false, "send one row of each kind first, read the cases back, and ask before the rest")
	f.BoolVar(&o.noQuotaCheck, "no-quota-check", false, "don't ask the CRM what the tokens may still do (which costs a request each)")
	f.BoolVar(&o.wait, "wait", false, "sleep while the quota of every token is spent")
	f.StringVar(&o.until, "until", "", "take no new row after `HH:MM`, today or tomorrow")
	f.DurationVar(&o.timeout, "timeout", 120*time.Second, "wait for an answer")
	f.IntVar(&o.maxFailures, "max-failures", 0, "stop after `N` failed rows in a row; skipped ones don't count")
	f.BoolVar(&o.resolve, "resolve", false, "before the first row, ask the CRM for those in doubt, as resolve --auto does")
	f.DurationVar(&o.margin, "margin", 3*time.Minute, "of --resolve")
	f.IntVar(&o.minRows, "min-rows", 0, "send nothing if the inputs have fewer than `N` rows together")
	f.BoolVar(&o.noRetry, "no-retry", false, "leave rows alone that earlier runs found rejected or invalid")
	f.BoolVar(&o.serverMoved, "server-moved", false, "the ledger's CRM has a new host name")
	f.BoolVar(&o.assent, "yes", false, "never ask: the answer is yes")
	return c
}

func (o *runOptions) run(ctx context.Context, console *console, inputs []string) error {
	job, err := o.reading.job(inputs)
	if err != nil {
		return err
	}
	job.Server, job.Ledger, job.Workers, job.Rate = o.server, o.ledger, o.workers, o.rate
	job.Timeout, job.MaxFailures, job.NoRetry, job.ServerMoved = o.timeout, o.maxFailures, o.noRetry, o.serverMoved
	job.Resolve, job.Margin = o.resolve, o.margin
	job.Canary, job.NoQuotaCheck, job.Wait, job.Agreed = o.canary, o.noQuotaCheck, o.wait, o.agreed(console)
	job.Budget, job.MinRows = o.inFlight, o.minRows
	if job.Until, err = next(o.until, time.Now()); err != nil {
		return &importer.UsageError{Err: err}
	}
	job.Log, job.Meter = console.logger(o.talk), new(importer.Meter)
	switch o.server {
	case "":
		return &importer.UsageError{Err: errors.New("no server was given: use --server HOST, or --server sandbox to rehearse")}
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
			job.Log.Warn("other users of this computer can read the tokens; only you should: chmod 600 " + pasted(o.tokenFile))
		}
	}
	ctx, release := interruptible(ctx, console, job.Meter.AtOnce)
	defer release()
	stop := console.progress(job.Meter, o.talk)
	result, err := importer.Run(ctx, job)
	stop()
	return console.conclude(result, err, o.talk)
}

// agreed is how a run asks: at the terminal, or not at all.
func (o *runOptions) agreed(console *console) func(context.Context, string) bool {
	switch {
	case o.assent:
		return func(context.Context, string) bool { return true }
	case term.IsTerminal(int(os.Stdin.Fd())):
		return console.agreed
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
	t := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
	if !t.After(now) {
		t = time.Date(now.Year(), now.Month(), now.Day()+1, at.Hour(), at.Minute(), 0, 0, now.Location())
	}
	return t, nil
}

// conclude prints the summary of a run or a check and makes its status the
// command's.
func (c *console) conclude(result importer.Result, err error, t talk) error {
	if result.Summary.StartedAt.IsZero() { // there is none
		return cmp.Or(err, errors.New("the run came to no summary"))
	}
	if err != nil {
		c.failed(err)
	}
	if t.json {
		if err := c.json(result.Summary); err != nil {
			return err
		}
		return end(result.Status())
	}
	if err := result.Summary.Text(c.out); err != nil {
		return err
	}
	if len(result.Reports) > 0 {
		fmt.Fprintf(c.out, "reports in %s\n", strings.Join(folders(result.Reports), ", "))
	}
	n := result.Summary.Outcomes
	if rejects := rejectsOf(result.Reports); n[reports.Rejected]+n[reports.Invalid] > 0 && len(rejects) > 0 {
		fmt.Fprintf(c.out, "to mend what is wrong: correct %s, and import that as it is", strings.Join(rejects, ", "))
		if n[reports.NotAttempted] > 0 {
			fmt.Fprint(c.out, "; the rows that are left still need the input itself")
		}
		fmt.Fprintln(c.out)
	}
	if n[reports.InDoubt] > 0 {
		fmt.Fprintf(c.out, "to settle what is in doubt: wolkvox-import resolve --ledger %s --auto --server %s\n", pasted(result.Ledger), result.Summary.Server)
	}
	if h := result.Halt; h != nil && h.Hint != "" {
		fmt.Fprintf(c.out, "%s\n", inline(h.Hint))
	}
	return end(result.Status())
}

// pasted is a path as it can be pasted into a command.
func pasted(path string) string {
	if strings.ContainsAny(path, " \t()&;'") {
		return strconv.Quote(path)
	}
	return path
}

// rejectsOf finds the rejects among the reports, whatever their number.
func rejectsOf(files []string) (rejects []string) {
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "rejects") {
			rejects = append(rejects, file)
		}
	}
	return rejects
}

func folders(files []string) []string {
	var dirs []string
	for _, file := range files {
		if dir := filepath.Dir(file); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// complete names the values of a flag to the shell.
func complete(c *cobra.Command, flag string, values ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
}
