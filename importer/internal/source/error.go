package source

import (
	"fmt"
	"strings"
)

// Error is what keeps a file from being read, or from being read on.
type Error struct {
	Path  string
	Sheet string // "" where it doesn't matter
	Row   int    // 0 where none is meant
	What  string
	Hint  string // what to do about it
	Err   error  // may be nil; Error doesn't print it
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Path)
	if e.Sheet != "" {
		fmt.Fprintf(&b, ": sheet %q", e.Sheet)
	}
	if e.Row > 0 {
		fmt.Fprintf(&b, ": row %d", e.Row)
	}
	b.WriteString(": " + e.What)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
