package importer

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"net"
	"slices"
	"time"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Job is one run over one or more inputs. Its parts are what flags bind into.
type Job struct {
	Reading // what is read, and how
	CRM     // whom it is sent to
	Pace    // how fast, and until when
	Book    // what remembers it

	Output    // where its reports go
	Resolving // what is done about rows in doubt before it

	Canary  bool // sends a row of each kind first, and reads them back
	NoRetry bool // leaves rows alone that earlier runs found rejected or invalid

	// Assent is a person's yes to all that would be asked: nobody is asked then.
	Assent bool

	// Agreed asks the person a question, after what was said. When ctx ends before there is an
	// answer, that is no. If it is nil, nobody is there to be asked.
	Agreed func(ctx context.Context, question string) bool

	Surroundings
}

// Reading says what is read and how.
type Reading = intake.Reading

// CRM is whom requests go to, and by whose right.
type CRM struct {
	Server  string   // host or URL
	Tokens  []string // Wolkvox-Tokens; at least one
	Timeout time.Duration

	// Dial connects to the server; nil is the network. Tests put another in its place.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Pace says how fast a run is, and what ends it early.
type Pace struct {
	Workers      int       // requests in flight altogether; 0 is two a token
	Rate         float64   // requests a second; 0 is no limit
	Budget       string    // of request bodies under way at once, such as 100MB; "" is 256MB
	NoQuotaCheck bool      // doesn't ask the CRM what the tokens may still do
	Wait         bool      // sleeps while the quota of every token is spent
	Until        time.Time // takes no new row after that; the zero time is never
	MaxFailures  int       // rejected, invalid and in doubt in a row, after which the run stops; 0 is never

	budget int64 // bytes
}

// Book says where it is remembered what was sent.
type Book struct {
	Ledger      string // file; "" is <operation>.ledger.db beside the mapping
	Rehearsal   bool   // the ledger belongs to a CRM that forgets: begin with an empty one
	ServerMoved bool   // the ledger's server has a new name
}

// Output says where reports go, and in which forms.
type Output struct {
	Out     string   // folder; "" is one named after each input
	Formats []string // of the results; none is csv and xlsx
}

// Resolving says what is done about rows in doubt before the first row is sent.
type Resolving struct {
	Resolve bool          // settles them by asking the CRM
	Margin  time.Duration // of Resolve; see Resolver
}

// Surroundings are where a command runs.
type Surroundings struct {
	Version string       // of the program, for reports and the CRM's logs
	Log     *slog.Logger // nil is none
	Meter   *Meter       // is told how far the run is; may be nil
	Clock   clock.Clock  // nil is the system's; tests put another in its place
}

// Meter tells how far a run is.
type Meter = record.Meter

// Progress is a look at a Meter.
type Progress = record.Progress

// UsageError is a mistake in the command, the mapping or an input. Nothing was sent.
type UsageError = usage.Error

// Halt is why a run stopped before the end of its inputs.
type Halt = stop.Halt

// The exit statuses of the program. If several reasons hold, 4 comes first, then 1, 5, 3.
const (
	StatusDone    = stop.Done    // every row created or skipped
	StatusStopped = stop.Stopped // the run stopped: ledger, server, credentials, too many failures
	StatusUsage   = stop.Usage   // usage, mapping or input; nothing was sent
	StatusPartly  = stop.Partly  // finished; some rows rejected or invalid, or most known ones with other cells
	StatusInDoubt = stop.InDoubt // rows of this input are in doubt
	StatusPaused  = stop.Paused  // paused: run the same command again
)

// Result is what came of a run.
type Result struct {
	Summary reports.Summary
	Reports []string // files written
	Ledger  string
	Halt    *Halt // nil if the run reached the end of its inputs
}

// Status is the exit status that the run deserves.
func (r Result) Status() int { return r.Summary.ExitStatus }

// complete fills in what the job leaves open, and finds what is wrong with its numbers. The copy
// is the run's own.
func (j Job) complete() (Job, error) {
	if j.Log == nil {
		j.Log = slog.New(slog.DiscardHandler)
	}
	if j.Meter == nil {
		j.Meter = new(Meter)
	}
	// From here on nobody needs to know whether a person is there or has said --yes.
	if j.Assent {
		j.Agreed = func(context.Context, string) bool { return true }
	}
	j.Tokens = distinct(j.Tokens)
	if err := j.Pace.complete(len(j.Tokens)); err != nil {
		return j, err
	}
	if j.Timeout < 0 {
		return j, usage.Errorf("timeout can't be negative")
	}
	return j, usage.Of(reports.CheckFormats(j.Formats))
}

// complete fills in what depends on the number of tokens, and checks the rest. Its errors are
// *usage.Error.
func (p *Pace) complete(tokens int) (err error) {
	switch {
	case p.Workers < 0 || p.MaxFailures < 0:
		return usage.Errorf("workers and max-failures can't be negative")
	// Written so that NaN is refused too.
	case !(p.Rate >= 0 && p.Rate <= math.MaxInt32):
		return usage.Errorf("the rate %v is no number of requests a second", p.Rate)
	}
	p.Workers = max(cmp.Or(p.Workers, 2*tokens), 1)
	if p.budget, err = mapping.ParseSize(cmp.Or(p.Budget, "256MB")); err != nil || p.budget == 0 {
		return usage.Errorf("what may be under way at once: %q is not a size such as 256MB", p.Budget)
	}
	return nil
}

// reports says where the reports of the inputs go. The suffix is of folders named after an input.
func (j *Job) reports(suffix string) intake.Reports {
	return intake.Reports{Out: j.Out, Formats: j.Formats, Suffix: suffix}
}

// distinct leaves out tokens that were given before: what the CRM allows, it allows once.
func distinct(tokens []string) (list []string) {
	for _, t := range tokens {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// server is the CRM's address, once it is certain that requests could be sent to it.
// Nothing is asked of it yet.
func (c *CRM) server(log *slog.Logger) (crm.Server, error) {
	server, err := crm.ParseServer(c.Server)
	if err != nil {
		return server, usage.Of(err)
	}
	if note := server.Note(); note != "" {
		log.Warn(note)
	}
	if len(c.Tokens) == 0 {
		return server, usage.Errorf("there is no token: put it into the environment variable WOLKVOX_TOKEN, " +
			"or into a file for --token-file")
	}
	return server, nil
}

// client is what talks to the CRM, with so many requests at once.
func (c *CRM) client(server crm.Server, requests int, version string) *crm.Client {
	return crm.New(crm.Config{
		Server:    server,
		Workers:   requests,
		Timeout:   c.Timeout,
		UserAgent: "wolkvox-import/" + version,
		Dial:      c.Dial,
	})
}
