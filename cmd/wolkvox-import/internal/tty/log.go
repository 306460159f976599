package tty

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Logger makes a logger that talks above the bar: for people, or for programs as lines of JSON.
func (c *Console) Logger(level slog.Level, json bool) *slog.Logger {
	if json {
		return slog.New(slog.NewJSONHandler(c, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(&plain{console: c, level: level})
}

// plain is a log handler for people: a line that begins with the program's name, the
// attributes behind it in brackets.
type plain struct {
	console *Console
	level   slog.Level
	attrs   []slog.Attr
}

// Enabled is by level alone: --quiet and --verbose.
func (p *plain) Enabled(_ context.Context, l slog.Level) bool { return l >= p.level }

// Handle writes the line in one call, so that lines of several goroutines never mix.
func (p *plain) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(Program)
	switch {
	case r.Level >= slog.LevelError:
		b.WriteString("error: ")
	case r.Level >= slog.LevelWarn:
		b.WriteString("warning: ")
	}
	b.WriteString(Inline(r.Message))
	var shown []string
	show := func(a slog.Attr) bool {
		shown = append(shown, Inline(fmt.Sprintf("%s: %v", a.Key, a.Value)))
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
