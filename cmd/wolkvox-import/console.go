package main

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

// program begins each line of talk.
const program = "wolkvox-import: "

// console owns the program's two streams, so that talk and the progress bar don't
// write into each other, and nothing that is said is obeyed by a terminal: out escapes,
// and so does Write. The bar alone writes to err as it is.
type console struct {
	out, err io.Writer

	mu     sync.Mutex
	clear  func() // takes the progress bar away; nil if there is none
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

// answered takes the question away: from now on a bar may be drawn again.
func (c *console) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking = false
}

// agreed asks a question at the terminal. If there is none, nobody is asked. No answer is
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

// json prints what a program asked for. What a terminal would obey is escaped as JSON has it.
func (c *console) json(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
