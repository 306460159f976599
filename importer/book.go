package importer

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/usage"
)

// unsafeInNames is what the name of an operation may have and that of a file had better not.
var unsafeInNames = regexp.MustCompile(`[^\p{L}\p{N}._-]+`)

// usual is where the ledger is if nobody says otherwise. It hangs on the operation and not on the
// mapping's name, so that a renamed mapping doesn't send everything twice.
func (b *Book) usual(inputs *intake.Inputs) string {
	return filepath.Join(inputs.Mapping.Dir(), b.name(inputs))
}

// name is the name of the operation's ledger.
func (b *Book) name(inputs *intake.Inputs) string {
	return unsafeInNames.ReplaceAllString(inputs.Mapping.Operation, "_") + ".ledger.db"
}

// path is where the run's ledger is.
// A rehearsal's lies with its reports, so that it is never taken for the real one.
func (b *Book) path(inputs *intake.Inputs) string {
	switch {
	case b.Ledger != "":
		return b.Ledger
	case b.Rehearsal:
		return filepath.Join(inputs.Out, "rehearsal."+b.name(inputs))
	}
	return b.usual(inputs)
}

// open opens the run's ledger, makes it if there is none, and says what a person should know of it:
// what else would have been used, and what a dead run has left in doubt.
// The caller closes it. Its error is a *usage.Error if the person has named the wrong ledger, and a
// *ledger.BusyError if another process holds it.
func (b *Book) open(inputs *intake.Inputs, server crm.Server, log *slog.Logger) (*sqlite.Ledger, error) {
	path := b.path(inputs)
	// The sandbox forgets its cases, so a ledger that remembers them would skip every row.
	if b.Rehearsal && b.Ledger == "" {
		if err := forget(path); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, usage.Errorf("the ledger's folder can't be made: %w", err)
	}
	usual := b.usual(inputs)
	_, missing := os.Stat(usual) // asked before it can be the one that is made now
	l, err := openBound(path, inputs.Mapping.Operation, server, b.ServerMoved)
	if err != nil {
		return nil, err
	}
	if l.Opening().Fresh {
		log.Info("new ledger", "path", path)
		if missing == nil && !b.Rehearsal {
			log.Warn("the new ledger knows nothing of what was imported with " + usual + ": those rows count as new")
		}
	} else {
		log.Info("going on with the ledger", "path", path)
	}
	if n := l.Opening().Recovered; n > 0 {
		log.Warn(fmt.Sprintf("%d rows were being sent when an earlier run died; they are in doubt", n),
			"ledger", path)
	}
	return l, nil
}

// openBound opens a ledger for an operation at a server. It belongs to these two: with another
// server's ledger, rows would be taken for sent that are not.
func openBound(path, operation string, server crm.Server, moved bool) (*sqlite.Ledger, error) {
	binding := ledger.Binding{Operation: operation, Server: server.Identity(), Rehearsal: crm.Loopback, Moved: moved}
	l, err := sqlite.Open(path, binding)
	if wrong := new(ledger.BindingError); errors.As(err, &wrong) {
		return nil, usage.Of(err)
	}
	return l, err
}

// openOwn opens an existing ledger for what it is bound to.
// It is for commands that send nothing, so no server is named that it could be held against.
func openOwn(path string) (*sqlite.Ledger, error) {
	operation, server, err := sqlite.BindingOf(path)
	if err != nil {
		return nil, usage.Of(err)
	}
	return sqlite.Open(path, ledger.Binding{Operation: operation, Server: server})
}

// forget removes a rehearsal's ledger, unless a living run holds it.
func forget(path string) error {
	if held, err := sqlite.Held(path); err != nil {
		return err
	} else if held {
		return &ledger.BusyError{Path: path}
	}
	// The database goes first: without it the other two are of no use to anybody.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the last rehearsal's ledger: %w", err)
		}
	}
	return nil
}
