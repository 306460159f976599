package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wolkvox-import/cmd/wolkvox-import/internal/tty"
	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
)

// sandboxCommand is sandbox: a simulated CRM that serves until it is stopped. Its flags bind into the
// config of package sandbox, which knows what each fault does.
func sandboxCommand(console *tty.Console) *cobra.Command {
	var config sandbox.Config
	var address, log, firewall string
	var stored []string
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "serve a simulated CRM on this machine",
		Long: `sandbox serves a simulated CRM until it is stopped. It knows the API as far as it is
documented; what the documentation leaves open is invented, so it shows that a file and
a mapping are sound, not that the real CRM has every contact, user and status.

By its flags it goes wrong on purpose: --p-* are probabilities of faults of an insert,
--query-* say how questions are answered, --store-* what becomes of descriptions,
--agents-* what people do to cases, and --max-* what it keeps at most.

What arrived can be seen at http://ADDRESS/sandbox/cases and /sandbox/stats.

Exit status: 0 stopped by Ctrl-C, 1 it could not serve, 2 usage.`,
		Example: "  wolkvox-import sandbox --addr 127.0.0.1:8080 --p-throttled 0.1",
		Args:    nothing,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := settings(&config, firewall, stored); err != nil {
				return err
			}
			listener, err := listen(address)
			if err != nil {
				return err
			}
			if log != "" {
				file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
				if err != nil {
					return err
				}
				defer file.Close()
				config.Log = file
			}
			ctx, release := interruptible(c.Context(), console, always(importer.StatusStopped))
			defer release()
			fmt.Fprintf(console.Out, "serving a simulated CRM on http://%s\n", listener.Addr())
			return sandbox.Serve(ctx, listener, sandbox.New(config))
		},
	}
	f := c.Flags()
	f.StringVar(&address, "addr", "127.0.0.1:8080", "`ADDRESS` on this machine; port 0 takes a free one")
	f.StringVar(&log, "log", "", "`FILE` that gets each accepted case as a line of JSON")
	f.StringVar(&firewall, "firewall", "", "`PATTERN` of texts that a firewall before the CRM answers with an HTML 403")
	f.StringSliceVar(&stored, "store", nil, "what becomes of descriptions: "+strings.Join(sandbox.WaysToStore(), ", "))
	serverFlags(f, &config)
	faultFlags(f, &config.Faults)
	queryFlags(f, &config.Queries)
	caseFlags(f, &config)
	return c
}

// serverFlags say what the CRM allows, and how it is at its best.
// Their zero values are a CRM without limits: a rehearsal should take no longer than it must.
func serverFlags(f *pflag.FlagSet, c *sandbox.Config) {
	f.StringSliceVar(&c.Tokens, "tokens", nil, "valid tokens (default: any)")
	f.StringSliceVar(&c.Closed, "closed", nil, "statuses that need a solution")
	f.IntVar(&c.PerToken, "per-token", 0, "requests in flight a token may have; the real CRM has 2")
	f.IntVar(&c.Quota, "quota", 0, "requests a token may make")
	f.IntVar(&c.HoursToReset, "hours-to-reset", 0, "until the quota is renewed, and then each day (default: never)")
	f.DurationVar(&c.Latency, "latency", 0, "of each answer")
	f.Uint64Var(&c.Seed, "seed", 1, "of the faults")
}

// faultFlags say what goes wrong with an insert, and how often.
// The probabilities come from package sandbox, so that a new fault is a flag without a line here.
func faultFlags(f *pflag.FlagSet, faults *sandbox.Faults) {
	f.DurationVar(&faults.LateBy, "late-by", 3*time.Second, "how late a late answer is")
	f.DurationVar(&faults.SlowBy, "slow-by", 3*time.Second, "how slowly a slow case is made")
	f.DurationVar(&faults.RetryAfter, "retry-after", time.Second, "what the throttled are told to wait")
	f.BoolVar(&faults.StringCode, "string-code", false, "answer `code` as a text")
	f.StringVar(&faults.RedirectTo, "redirect", "", "redirect every request to this `URL`")
	f.IntVar(&faults.RedirectStatus, "redirect-status", 307, "with this status")
	for _, fault := range faults.Flags() {
		f.Float64Var(fault.Value, fault.Name, 0, fault.Usage)
	}
}

// caseFlags say what becomes of cases once they are created.
func caseFlags(f *pflag.FlagSet, c *sandbox.Config) {
	f.IntVar(&c.Storage.CutBytes, "store-bytes", 0, "cut descriptions at so many bytes")
	f.Float64Var(&c.Agents.AddBelow, "agents-below", 0, "probability of a line that agents write below a description")
	f.Float64Var(&c.Agents.AddAbove, "agents-above", 0, "probability of one above a description")
	f.Float64Var(&c.Agents.Delete, "agents-delete", 0, "probability that agents delete a case")
	f.DurationVar(&c.Agents.After, "agents-after", 0,
		"what agents do to a case, they do so long after it was created")
	f.IntVar(&c.MaxCases, "max-cases", 1_000_000, "cases that are kept; further ones are refused")
	f.Int64Var(&c.MaxKept, "max-bytes", 512<<20,
		"bytes of fields that are kept, attachments aside, of which only the hashes are")
}

// queryFlags say how the CRM finds cases when it is asked for them.
func queryFlags(f *pflag.FlagSet, q *sandbox.Queries) {
	f.StringVar(&q.Descriptions, "query-description", "contains",
		"how descriptions are searched: "+strings.Join(sandbox.Searches(), ", "))
	f.BoolVar(&q.ExactContacts, "query-exact-contact", false, "tell addresses apart by their capitals")
	f.IntVar(&q.Page, "query-page", 0, "cases that an answer shows (default: all)")
	f.BoolVar(&q.Newest, "query-newest", false, "show the newest first")
	f.StringVar(&q.Total, "query-total", "msg",
		"where a page's answer has the number of all that was found: "+strings.Join(sandbox.Totals(), ", "))
	f.BoolVar(&q.None404, "query-none-404", false, "answer zero hits as 404")
	f.IntVar(&q.DeadAfter, "query-dead-after", 0, "questions after which none finds anything (default: never)")
	f.DurationVar(&q.ShownAfter, "query-delay", 0, "until a new case is found")
}

// settings takes what a flag can't put into the config, and finds what can't be meant.
// It is the last check before anything is served: from then on the config is fixed.
func settings(c *sandbox.Config, firewall string, stored []string) error {
	if firewall != "" {
		pattern, err := regexp.Compile(firewall)
		if err != nil {
			return &importer.UsageError{Err: fmt.Errorf("--firewall %q is no regular expression: %w", firewall, err)}
		}
		c.Firewall = pattern
	}
	ways := c.Storage.Ways()
	for _, name := range stored {
		if ways[name] == nil {
			known := strings.Join(sandbox.WaysToStore(), ", ")
			return &importer.UsageError{Err: fmt.Errorf("--store has no %q; it has %s", name, known)}
		}
		*ways[name] = true
	}
	if err := c.Queries.Check(); err != nil {
		return &importer.UsageError{Err: err}
	}
	return possible(c)
}

// possible finds numbers that can't be meant.
// NaN is among them: it is neither below zero nor above one, so the question is put the other way.
func possible(c *sandbox.Config) error {
	chances := append(c.Faults.Flags(),
		sandbox.FaultFlag{Name: "agents-below", Value: &c.Agents.AddBelow},
		sandbox.FaultFlag{Name: "agents-above", Value: &c.Agents.AddAbove},
		sandbox.FaultFlag{Name: "agents-delete", Value: &c.Agents.Delete})
	for _, fault := range chances {
		if p := *fault.Value; !(p >= 0 && p <= 1) {
			return &importer.UsageError{Err: fmt.Errorf("--%s %v: a probability is between 0 and 1", fault.Name, p)}
		}
	}
	if c.MaxCases < 1 || c.MaxKept < 1 {
		return &importer.UsageError{Err: errors.New("max-cases and max-bytes must be at least 1")}
	}
	if min(c.Quota, c.PerToken, c.HoursToReset, c.Storage.CutBytes) < 0 || min(c.Latency, c.Agents.After) < 0 {
		const what = "quota, per-token, hours-to-reset, latency, store-bytes and agents-after can't be negative"
		return &importer.UsageError{Err: errors.New(what)}
	}
	return nil
}

// listen opens a port on this machine only: the sandbox asks nobody for a password.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &importer.UsageError{Err: fmt.Errorf("the address %q is not like 127.0.0.1:8080", address)}
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		const what = "the sandbox serves this machine only; %q is not a loopback address"
		return nil, &importer.UsageError{Err: fmt.Errorf(what, host)}
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the sandbox can't listen: %w", err)
	}
	return listener, nil
}

// rehearse serves a simulated CRM in this process for one job.
//
// It listens on a port of its own, so that several rehearsals don't meet. The returned function waits
// until the server has gone; what it knew of the cases goes with it.
func rehearse(ctx context.Context, job *importer.Job) (stop func(), err error) {
	listener, err := listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- sandbox.Serve(ctx, listener, sandbox.New(sandbox.Config{})) }()
	job.Server, job.Tokens, job.Rehearsal = "http://"+listener.Addr().String(), []string{"sandbox"}, true
	return func() { cancel(); <-served }, nil
}
