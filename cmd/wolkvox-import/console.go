package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"
)

// program begins each line of talk.
const program = "wolkvox-import: "

// console owns the program's two streams, so that talk and the progress bar don't
// write into each other, and nothing that is said is obeyed by a terminal: out escapes,
// and so does Write. The bar alone writes to err as it is.
type console struct {
	out, err io.Writer

	mu     sync.Mutex
	clear  func() // takes the progress bar away; nil where there is none
	asking bool   // a question stands where the bar would be drawn, in a line without an end
}

// Write writes to stderr, above the progress bar or below a question.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.asking:
		fmt.Fprintln(c.err)
		c.asking = false
	case c.clear != nil:
		c.clear()
	}
	return escaped{c.err}.Write(p)
}

// ask writes a question, over which no bar is drawn until it is answered or talk follows.
func (c *console) ask(question string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clear != nil {
		c.clear()
	}
	fmt.Fprint(escaped{c.err}, inline(question))
	c.asking = true
}

func (c *console) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
}

// agreed asks a question at the terminal. Where there is none, nobody is asked. No answer is
// no, be it that there comes none or that ctx ends; the terminal can't be read with a limit,
// so the reading is left behind then.
func (c *console) agreed(ctx context.Context, question string) bool {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return true
	}
	c.ask(question)
	defer c.answered()
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answers:
		return slices.Contains([]string{"y", "yes", "s", "sí", "si"}, answer)
	case <-ctx.Done():
		return false
	}
}

// placed is a line of an error that is indented, or begins with a place in a mapping.
var placed = regexp.MustCompile(`^(\s|(\w:)?[^:]*:\d+:\d+: )`)

// failed says an error. Its further lines are indented, so that none passes for talk of its
// own.
func (c *console) failed(err error) {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if i > 0 && !placed.MatchString(line) {
			lines[i] = "  " + line
		}
	}
	fmt.Fprintf(c, program+"error: %s\n", strings.Join(lines, "\n"))
}

func (c *console) json(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// logger makes the logger that talk and --log-format ask for.
func (c *console) logger(t talk) *slog.Logger {
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

func (p *plain) Enabled(_ context.Context, l slog.Level) bool { return l >= p.level }

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

func (p *plain) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plain{p.console, p.level, append(append([]slog.Attr{}, p.attrs...), attrs...)}
}

// WithGroup is not used by this program; groups are shown flat.
func (p *plain) WithGroup(string) slog.Handler { return p }
