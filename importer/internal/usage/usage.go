// Package usage marks errors that are a person's mistake: in the command, the mapping or an
// input. Whoever returns one has sent nothing, so the person can mend it and run the same
// command again. The exit status hangs on it (2), so an error of the ledger, the network or the CRM
// must never be marked.
package usage

import "fmt"

// Error is a mistake in the command, the mapping or an input. Nothing was sent.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives errors.Is and errors.As the mistake itself.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error as fmt.Errorf does.
func Errorf(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

// Of marks an error as a person's mistake; nil stays nil.
func Of(err error) error {
	if err == nil {
		return nil
	}
	return &Error{err}
}
