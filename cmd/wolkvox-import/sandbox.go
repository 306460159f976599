package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
)

func sandboxCommand(console *console) *cobra.Command {
	var config sandbox.Config
	var address, log string
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "serve a simulated CRM on this machine",
		Long: `sandbox serves a simulated CRM until it is stopped. It knows the API as far as it is
documented; what the documentation leaves open is invented, so it shows that a file and
a mapping are sound, not that the real CRM has every contact, user and status.

What arrived can be seen at http://ADDRESS/sandbox/cases and /sandbox/stats.

Exit status: 0 stopped by Ctrl-C, 1 it could not serve, 2 usage.`,
		Example: "  wolkvox-import sandbox --addr 127.0.0.1:8080 --p-throttled 0.1",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := possible(&config); err != nil {
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
			fmt.Fprintf(console.out, "serving a simulated CRM on http://%s\n", listener.Addr())
			return sandbox.Serve(ctx, listener, sandbox.New(config))
		},
	}
	f := c.Flags()
	f.StringVar(&address, "addr", "127.0.0.1:8080", "`ADDRESS` on this machine; port 0 takes a free one")
	f.StringVar(&log, "log", "", "`FILE` that gets each accepted case as a line of JSON")
	f.StringSliceVar(&config.Tokens, "tokens", nil, "valid tokens (default: any)")
	f.StringSliceVar(&config.Closed, "closed", nil, "statuses that need a solution")
	f.IntVar(&config.PerToken, "per-token", 0, "requests in flight a token may have; the real CRM has 2")
	f.IntVar(&config.Quota, "quota", 0, "requests a token may make")
	f.IntVar(&config.HoursToReset, "hours-to-reset", 0, "until the quota is renewed, and then each day (default: never)")
	f.DurationVar(&config.Latency, "latency", 0, "of each answer")
	f.Uint64Var(&config.Seed, "seed", 1, "of the faults")
	f.DurationVar(&config.Faults.LateBy, "late-by", 3*time.Second, "how late a late answer is")
	f.DurationVar(&config.Faults.SlowBy, "slow-by", 3*time.Second, "how slowly a slow case is made")
	f.DurationVar(&config.Faults.RetryAfter, "retry-after", time.Second, "what the throttled are told to wait")
	f.BoolVar(&config.Faults.StringCode, "string-code", false, "answer `code` as a text")
	f.StringVar(&config.Faults.RedirectTo, "redirect", "", "redirect every request to this `URL`")
	f.IntVar(&config.Faults.RedirectStatus, "redirect-status", 307, "with this status")
	for _, fault := range config.Faults.Flags() {
		f.Float64Var(fault.Value, fault.Name, 0, fault.Usage)
	}
	return c
}

// possible finds numbers that can't be meant.
func possible(c *sandbox.Config) error {
	for _, fault := range c.Faults.Flags() {
		if p := *fault.Value; !(p >= 0 && p <= 1) {
			return &importer.UsageError{Err: fmt.Errorf("--%s %v: a probability is between 0 and 1", fault.Name, p)}
		}
	}
	if c.Quota < 0 || c.PerToken < 0 || c.HoursToReset < 0 || c.Latency < 0 {
		return &importer.UsageError{Err: errors.New("quota, per-token, hours-to-reset and latency can't be negative")}
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
		return nil, &importer.UsageError{Err: fmt.Errorf("the sandbox serves this machine only; %q is not a loopback address", host)}
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the sandbox can't listen: %w", err)
	}
	return listener, nil
}

// rehearse serves a simulated CRM in this process for one job.
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
