package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

// talk is how a command speaks.
type talk struct {
	json, quiet, verbose, noProgress bool
	format                           string
}

// flags are those that every command has that says more than its result.
func (t *talk) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&t.json, "json", false, "print the summary as JSON")
	f.BoolVarP(&t.quiet, "quiet", "q", false, "say errors only; the summary is printed all the same")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "say more")
	f.StringVar(&t.format, "log-format", "text", "text or json")
	f.BoolVar(&t.noProgress, "no-progress", false, "show no progress")
	complete(c, "log-format", "text", "json")
}

// logger makes the logger that talk and --log-format ask for.
func (t talk) logger(c *console) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case t.quiet:
		level = slog.LevelError
	case t.verbose:
		level = slog.LevelDebug
	}
	if t.format == "json" {
		return slog.New(slog.NewJSONHandler(c, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(&plain{console: c, level: level})
}

// plain is a log handler for people: a line that begins with the program's name, the
// attributes behind it in brackets.
type plain struct {
	console *console
	level   slog.Level
	attrs   []slog.Attr
}

// Enabled is by level alone: --quiet and --verbose.
func (p *plain) Enabled(_ context.Context, l slog.Level) bool { return l >= p.level }

// Handle writes the line in one call, so that lines of several goroutines never mix.
func (p *plain) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(program)
	switch {
	case r.Level >= slog.LevelError:
		b.WriteString("error: ")
	case r.Level >= slog.LevelWarn:
		b.WriteString("warning: ")
	}
	b.WriteString(inline(r.Message))
	var shown []string
	show := func(a slog.Attr) bool {
		shown = append(shown, inline(fmt.Sprintf("%s: %v", a.Key, a.Value)))
		return true
	}
	for _, a := range p.attrs {
		show(a)
	}
	r.Attrs(show)
	if len(shown) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(shown, ", "))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(p.console, b.String())
	return err
}

// WithAttrs copies what it is given: two loggers may grow from the same one.
func (p *plain) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plain{p.console, p.level, append(append([]slog.Attr{}, p.attrs...), attrs...)}
}

// WithGroup is not used by this program; groups are shown flat.
func (p *plain) WithGroup(string) slog.Handler { return p }

// complete names the values of a flag to the shell.
func complete(c *cobra.Command, flag string, values ...string) {
	known := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	_ = c.RegisterFlagCompletionFunc(flag, known) // the flag exists
}
