package source

import (
	"errors"
	"fmt"
	"strings"

	"wolkvox-import/importer/internal/source/xlsx"
)

// Error is what keeps a file from being read, or from being read on.
type Error struct {
	Path  string
	Sheet string // "" if it doesn't matter
	Row   int    // 0 if none is meant
	What  string
	Hint  string // what to do about it
	Err   error  // may be nil; Error doesn't print it
}

// Error is one line: where, what, and what to do.
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

// Unwrap is the system's error, or that of the format.
func (e *Error) Unwrap() error { return e.Err }

// damaged says once more, for people, what a workbook's reader has found.
func damaged(f *file, err error) *Error {
	const hint = "nothing of it was read; open it in a spreadsheet program, look whether all is there " +
		"and save it as a new file"
	if e, ok := errors.AsType[*xlsx.Error](err); ok {
		return &Error{Path: f.path, Sheet: e.Sheet, What: e.Reason(), Hint: hint, Err: err}
	}
	return &Error{Path: f.path, What: "the workbook is damaged: " + err.Error(), Hint: hint, Err: err}
}

// count is a number with its noun, for a message.
func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
