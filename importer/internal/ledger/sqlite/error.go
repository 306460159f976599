package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	driver "modernc.org/sqlite"
)

// SQLite's primary result codes, as far as they are told apart here.
const (
	codeError    = 1 // no such table, for one
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14 // which doesn't say why
	codeNotADB   = 26
)

// code is the primary result code of an error of SQLite's, and 0 for all others.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code() & 0xff // above it are the reasons
	}
	return 0
}

// explain puts SQLite's commonest refusals into a person's words.
func explain(path string, err error) error {
	if err == nil {
		return nil
	}
	switch code(err) {
	case codeNotADB:
		return fmt.Errorf("%s is not a ledger: %w", path, err)
	case codeCorrupt:
		return fmt.Errorf("the ledger %s is damaged; restore it from a backup only if nothing was imported since: %w",
			path, err)
	case codeFull:
		return fmt.Errorf("the ledger %s can't be written: the disk is full: %w", path, err)
	case codeCantOpen:
		if few := handles(); few != nil {
			return fmt.Errorf("ledger %s: %w; %s", path, few, fewHandles)
		}
	}
	return fmt.Errorf("ledger %s: %w", path, err)
}

// handles fails if the system gives no more than SQLite needs to open a ledger.
func handles() error {
	for range 8 {
		file, err := os.Open(os.DevNull)
		if err != nil && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) {
			return errors.Unwrap(err)
		}
		defer file.Close() // all at the end
	}
	return nil
}

// cantOpen says what to do about a file of the ledger that can't be opened.
func cantOpen(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("ledger: %s is a link, and is not followed; remove it: %w", path, err)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("ledger: %w; %s", err, fewHandles)
	}
	return fmt.Errorf("ledger: %w", err)
}

// fewHandles is what to do if the system gives no more of them.
const fewHandles = "raise the limit (ulimit -n) or use fewer workers"
