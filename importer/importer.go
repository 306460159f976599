// Package importer turns the rows of spreadsheets into cases of the Wolkvox CRM,
// each at most once, and accounts for every one of them. Start reading at [Run],
// which is the whole way of a row:
//
//	read ──► identify ──► map ──► claim ──► submit ──► record ──► report
//	source   ledger       mapping ledger    crm        ledger     reports
//
// Its rules:
//
//   - A row's failure is data and ends as an outcome. A run's failure is an error, or
//     a [Halt]: the rest of the input is still read and listed as not attempted.
//   - A claim is durable before its request leaves, and is made only when the request can
//     leave at once; an outcome is durable before its worker's next request leaves.
//   - What the ledger knows of a row's key comes before everything else.
//   - Everything that can be wrong with the command, the mapping or an input is found
//     before the first request; that is a [UsageError], and nothing was sent.
//   - Memory does not grow with the input: rows travel in batches, and what must be
//     remembered of all of them is in the ledger.
package importer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/reports"
)

// Job is one run over one or more inputs.
type Job struct {
	Inputs  []string  // CSV or XLSX files, patterns of their names, or - for Stdin
	Stdin   io.Reader // may be nil
	Mapping string    // the mapping file

	Server  string   // host or URL of the CRM
	Tokens  []string // Wolkvox-Tokens; at least one
	Workers int      // requests in flight altogether; 0 is two a token
	Rate    float64  // requests a second; 0 is no limit
	Budget  string   // of request bodies under way at once, such as 100MB; "" is 256MB
	Timeout time.Duration

	NoQuotaCheck bool      // doesn't ask the CRM what the tokens may still do
	Wait         bool      // sleeps while the quota of every token is spent
	Until        time.Time // takes no new row after that; the zero time is never
	Canary       bool      // sends a row of each kind first, and reads them back

	// Agreed asks the person a question, after what was said. When ctx ends before there is
	// an answer, that is no. Where it is nil, nobody is there to be asked.
	Agreed func(ctx context.Context, question string) bool

	Ledger      string // file; "" is <operation>.ledger.db beside the mapping
	Rehearsal   bool   // the ledger belongs to a CRM that forgets: begin with an empty one
	ServerMoved bool   // the ledger's server has a new name

	Out         string   // folder of the reports; "" is <input stem>.import
	Formats     []string // of the results; none is csv and xlsx
	Attachments string   // folder; "" is the mapping's own
	Sheet       string   // these three over what the mapping says of its input
	Delimiter   string   // one character, or tab
	Encoding    string
	Password    string // of protected workbooks; it is written nowhere

	When        string        // imports only the rows for which this expression is true, of those that the mapping wants
	Limit       int           // reads only the first rows; 0 is all
	Contacts    string        // of a check: a file with the CRM's contacts, or crm to ask for each
	MaxFailures int           // rejected, invalid and in doubt, after which the run stops; 0 is never
	Resolve     bool          // settles what is in doubt, by asking the CRM, before the first row
	Margin      time.Duration // of Resolve; see Resolver
	MinRows     int           // fewer rows altogether are a usage error; 0 allows none at all
	NoRetry     bool          // leaves rows alone that earlier runs found rejected or invalid

	Version string // of the program, for reports and the CRM's logs
	Log     *slog.Logger
	Meter   *Meter // is told how far the run is; may be nil

	// Dial connects to the server; nil is the network. Clock is nil for the system's. Tests put
	// others in their places.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Clock clock.Clock
}

// Result is what came of a run.
type Result struct {
	Summary reports.Summary
	Reports []string // files written
	Ledger  string
	Halt    *Halt // nil where the run reached the end of its inputs
}

// Status is the exit status that the run deserves.
func (r Result) Status() int { return r.Summary.ExitStatus }

// Run imports. When ctx ends, it takes no new row, finishes those in flight, and
// writes the reports.
func Run(ctx context.Context, job Job) (Result, error) {
	p, err := prepare(job)
	if err != nil {
		return Result{}, err
	}
	defer p.close()
	r, err := begin(ctx, p)
	if err != nil {
		return Result{}, err
	}
	defer r.close()

	switch halt, err := r.resolve(); { // what is in doubt, if the job says so
	case err != nil:
		return Result{}, err
	case halt != nil:
		return r.unbegun(halt), nil
	}
	if err := r.enroll(); err != nil {
		return Result{}, err
	}
	if err := r.canary(); err != nil { // a row of each kind first, where the job says so
		r.fail(err)
	}
	for _, in := range p.inputs {
		tasks := make(chan task)
		var g errgroup.Group
		for range p.job.Workers {
			g.Go(func() error {
				for t := range tasks {
					r.submit(t) // claim, send, record
				}
				return nil
			})
		}
		g.Go(func() error {
			defer close(tasks)
			for batch, err := range r.identified(in) { // read, and what the ledger knows
				if err != nil {
					r.fail(err) // the rows are listed all the same
				}
				for _, row := range batch {
					if t, ok := r.decide(in, row); ok { // map
						r.hand(t, tasks)
					}
				}
				r.flush()
			}
			return nil
		})
		if err := g.Wait(); err != nil {
			r.fail(err)
		}
		r.finish(in)
	}
	return r.report()
}

// UsageError is a mistake in the command, the mapping or an input. Nothing was sent.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

func usage(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// Halt is why a run stopped before the end of its inputs.
type Halt struct {
	Status int    // exit status: 1 stopped, 5 paused
	Why    string // for the person
	Hint   string // what to do next
}

func (h *Halt) Error() string { return h.Why }

// over is the halt of a run that has so many rows left to do. One that was to pause and has
// none is none.
func (h *Halt) over(left int) *Halt {
	switch {
	case h == nil || h.Status != StatusPaused:
		return h
	case left == 0:
		return nil
	}
	return &Halt{h.Status, h.Why, several(left, "row") + " are left; " + h.Hint}
}

// The exit statuses of the program.
const (
	StatusDone    = 0 // every row created or skipped
	StatusStopped = 1 // the run stopped: ledger, server, credentials, too many failures
	StatusUsage   = 2 // usage, mapping or input; nothing was sent
	StatusPartly  = 3 // finished; some rows rejected or invalid, or most known ones with other cells
	StatusInDoubt = 4 // rows of this input are in doubt
	StatusPaused  = 5 // paused: run the same command again
)

// status derives the exit status from what became of the rows, why the run stopped (nil if it
// reached the end of its inputs), and what failed after that. If several hold, 4 comes first, then
// 1, 5, 3.
func status(s *reports.Summary, halt *Halt, failed error) int {
	n := s.Outcomes
	switch {
	case n[reports.InDoubt] > 0:
		return StatusInDoubt
	case failed != nil, halt != nil && halt.Status == StatusStopped, !s.AddsUp():
		return StatusStopped
	case n[reports.NotAttempted] > 0, halt != nil:
		return StatusPaused
	case n[reports.Rejected]+n[reports.Invalid] > 0, reusedKeys(s):
		return StatusPartly
	}
	return StatusDone
}
