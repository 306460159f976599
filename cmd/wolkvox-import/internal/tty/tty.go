// Package tty is the two streams of a command-line program: its result, its talk and its progress.
//
//	result ──────────────► escape ─► stdout
//	talk, logs, questions ► escape ─► stderr ◄─ bar, which makes room for them
//
// Its rules:
//
//   - A terminal obeys nothing that came from cells, names and servers: what it would obey is made
//     visible. Only the bar writes to stderr as it is.
//   - Talk, questions and the bar take turns: none is drawn over another.
//   - What is written at once is whole lines, or a question.
package tty

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"
)

// Program begins each line of talk.
const Program = "wolkvox-import: "

// Console owns the program's two streams, so that talk and the progress bar don't
// write into each other, and nothing that is said is obeyed by a terminal: Out escapes,
// and so does Write. The bar alone writes to err as it is.
type Console struct {
	Out, err io.Writer

	mu     sync.Mutex
	clear  func() // takes the progress bar away; nil if there is none
	asking bool   // a question stands where the bar would be drawn, in a line without an end
}

// New is a console over the streams of the process.
func New(stdout, stderr io.Writer) *Console { return &Console{Out: escaped{stdout}, err: stderr} }

// Write writes to stderr, above the progress bar or below a question.
func (c *Console) Write(p []byte) (int, error) {
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
func (c *Console) ask(question string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clear != nil {
		c.clear()
	}
	fmt.Fprint(escaped{c.err}, Inline(question))
	c.asking = true
}

// answered takes the question away: from now on a bar may be drawn again.
func (c *Console) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
}

// Agreed asks a question at the terminal. If there is none, nobody is asked. No answer is
// no, be it that there comes none or that ctx ends; the terminal can't be read with a limit,
// so the reading is left behind then.
func (c *Console) Agreed(ctx context.Context, question string) bool {
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

// Failed says an error. Its further lines are indented, so that none passes for talk of its
// own.
func (c *Console) Failed(err error) {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if i > 0 && !placed.MatchString(line) {
			lines[i] = "  " + line
		}
	}
	fmt.Fprintf(c, Program+"error: %s\n", strings.Join(lines, "\n"))
}

// JSON prints what a program asked for. What a terminal would obey is escaped as JSON has it.
func (c *Console) JSON(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
