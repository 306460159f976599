// Package importer turns the rows of spreadsheets into cases of the Wolkvox CRM,
// each at most once, and accounts for every one of them. Start reading at [Run],
// which is the whole way of a row:
//
//	read ──► identify ──► decide ──► claim ──► send ──► record ──► report
//	intake   identity     triage     ledger    pace     record     account
//
// This package has the verbs, a file for each command; the nouns are packages below it. Its rules:
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
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"wolkvox-import/importer/internal/ahead"
	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/submit"
)

// Run imports. When ctx ends, it takes no new row, finishes those in flight, and
// writes the reports.
func Run(ctx context.Context, job Job) (Result, error) {
	started := time.Now()

	// What can be wrong with the command, the mapping and the files is said before anything is sent.
	job, err := job.complete()
	if err != nil {
		return Result{}, err
	}
	server, err := job.CRM.server(job.Log)
	if err != nil {
		return Result{}, err
	}
	inputs, err := intake.Open(job.Reading, job.reports(".import"), job.Log)
	if err != nil {
		return Result{}, err
	}
	defer inputs.Close()
	if err := makeFolders(inputs); err != nil {
		return Result{}, err
	}

	// Only one run holds a ledger. What a dead one left in doubt stays so.
	book, err := job.Book.open(inputs, server, job.Log)
	if err != nil {
		return Result{}, err
	}
	defer closed(book, job.Log)
	seen := duplicates.New(book.Path() + ".keys") // the keys of these inputs
	defer closed(seen, job.Log)
	last, rows, err := identify(book, seen, inputs, job.Log)
	if err != nil {
		return Result{}, err
	}
	rows.NewKeys = job.Assent
	if err := job.agreeToRekeyed(ctx, rows); err != nil { // a question at the terminal
		return Result{}, err
	}

	// From here on every part asks the halt whether a new row may be taken.
	halt := stop.New(ctx, job.Log)
	defer halt.Close()
	if !job.Until.IsZero() {
		job.Log.Info("no row is begun after " + job.Until.Format("2006-01-02 15:04 MST") + " (--until)")
		go halt.Until(job.Until) // it ends with the halt
	}
	run := &run{job: job, started: started, server: server, inputs: inputs, last: last,
		ledger: book, rows: rows, halt: halt}
	run.rules = run.newRules()
	breaker := new(pace.Breaker) // while it is open, no row is claimed
	run.sender = run.newSender(breaker)
	if err := run.settleDoubts(); err != nil { // --resolve
		return Result{}, err
	}
	if halt.Thrown() {
		return run.unbegun(halt.Halt()), nil // the reports of the last run stay
	}

	// The ledger forgets what the last run did with each row.
	if err := run.begin(); err != nil {
		return Result{}, err
	}
	run.record = record.New(book, halt, job.Meter, len(inputs.All), job.MaxFailures)
	submitter := &submit.Submitter{Sender: run.sender, Breaker: breaker, Ledger: book, Record: run.record, Halt: halt,
		Meter: job.Meter, Clock: job.Clock, Log: job.Log, Budget: job.budget}
	submitter.Start()
	forecast := sync.OnceFunc(run.forecast)  // before the first request: it asks for the quota
	tried := run.canary(submitter, forecast) // --canary: a row of each kind first

	for _, in := range inputs.All {
		batches := make(chan batch, ahead.Depth)
		tasks := make(chan submit.Task)
		var g errgroup.Group
		g.Go(func() error {
			run.read(in, batches) // and find out what is known of each row
			return nil
		})
		g.Go(func() error {
			run.decide(in, batches, tried, func(t submit.Task) {
				forecast()
				run.offer(t, tasks)
			})
			close(tasks)
			return nil
		})
		for range job.Workers {
			g.Go(func() error {
				for t := range tasks {
					submitter.Submit(t) // claim, send, record
				}
				return nil
			})
		}
		_ = g.Wait() // rows' failures are outcomes, and the run's are the halt's
		run.finish(in)
	}
	return run.report()
}
