// Package sqlite is the durable record of every row ever sent.
//
// An entry is a key and what became of it. Before a request leaves, its key is
// claimed; what came of it is settled afterwards:
//
//	            ┌───────────────────────────────┐ (not sent, not processed)
//	            ▼                               │
//	(none), pending, rejected, invalid ─Claim─► sending ─Settle─► created
//	                                            │    └──────────► rejected
//	                                            └─ or a crash ──► in_doubt
//
// What is in doubt is resolved (resolve.go) by proof or by a person: it becomes created,
// pending again, or ignored.
//
// Its rules:
//
//   - Claim returns when what it wrote survives a power cut: SQLite in WAL mode, whose WAL
//     is synced before anybody is answered. Many changes share one sync (writer.go).
//   - What is settled is durable before any later claim returns, so that a process that
//     dies leaves no more keys in doubt than it had workers.
//   - A claim is one statement that changes one entry, and that it did is checked.
//   - What a dead process left as sending is in doubt from then on; Open sees to it.
//   - One process at a time writes a ledger; any number may read it meanwhile.
//   - A ledger belongs to one operation and one server (binding.go).
//   - History is only ever added to.
//   - A full disk stops claims before it can keep an outcome from being recorded
//     (space.go). Network disks are refused: WAL needs memory that is shared.
//
// Beside the entries, a ledger holds what the last run did with each row, so that
// reports can be written again, and, in temporary tables, what the run has seen of
// the input at hand.
package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	driver "modernc.org/sqlite"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/ledger"
)

// Ledger is a ledger.Ledger that is kept by SQLite.
type Ledger struct {
	*View
	found  ledger.Opening
	lock   *lock
	writer *writer
	lookup *lookup
	run    int64 // the present one; the writer's alone
}

// Open opens or makes the ledger at path for the given server and operation. It
// fails with a *BusyError where another process holds it, and with a *BindingError
// where it was made for another server or operation.
func Open(path string, b ledger.Binding) (*Ledger, error) {
	l := &Ledger{}
	if err := l.open(path, b); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Ledger) open(given string, b ledger.Binding) (err error) {
	path, err := locate(given)
	if err != nil {
		return err
	}
	if l.lock, err = hold(path); err != nil {
		return err
	}
	if now, err := locate(given); err != nil {
		return err
	} else if now != path { // it has just been opened for the first time, by another name
		return busy(now)
	}
	room, err := newSpace(path)
	if err != nil {
		return err
	}
	if l.found.Fresh, err = touch(path); err != nil {
		return err
	}
	db, err := open(path, "rw")
	if err != nil {
		return err
	}
	l.writer = newWriter(db, room)
	if err := prepare(db, path, b); err != nil {
		return err
	}
	if err := remember(db, path); err != nil {
		return err
	}
	if err := checkWhole(db, path); err != nil {
		return err
	}
	if l.found.Recovered, err = recoverSending(db, clock.Clock(nil).Now()); err != nil {
		return explain(path, err)
	}
	if l.View, err = openView(path, "rw"); err != nil {
		return err
	}
	if l.lookup, err = newLookup(l.View.db); err != nil {
		return explain(path, err)
	}
	return l.writer.start(path)
}

// Opening tells what Open found.
func (l *Ledger) Opening() ledger.Opening { return l.found }

// Path is the path by which the ledger is used. If the one that was given to Open is a link, it is
// another one. What lies beside the ledger has names that begin with it.
func (l *Ledger) Path() string { return l.path }

// Close waits for what is being written and lets go of the ledger.
func (l *Ledger) Close() error {
	var errs []error
	if l.writer != nil {
		errs = append(errs, l.writer.close())
	}
	if l.View != nil {
		errs = append(errs, l.View.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.release())
	}
	return errors.Join(errs...)
}

// touch makes the file with permissions for its owner alone; SQLite gives the same
// ones to the -wal and -shm files beside it.
func touch(path string) (fresh bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, cantOpen(path, err)
	}
	return true, file.Close()
}

// checkpointAfter is the length of the WAL, in pages of 4 KB, from which on it is brought
// into the database: seldom, since a page that many rows change is then written once. It
// is a variable for the sake of one test, which has few rows and wants it often.
var checkpointAfter = 4000

// open opens the database; mode is SQLite's rw or ro. Every commit waits for the disk; the
// writer finds a faster way to the same end.
func open(path, mode string) (*sql.DB, error) {
	pragmas := []string{"busy_timeout(10000)", "synchronous(FULL)", "cell_size_check(ON)", fmt.Sprintf("wal_autocheckpoint(%d)", checkpointAfter)}
	if mode == "rw" {
		// What SQLite can't keep in memory, it puts beside the ledger, where there is room and
		// nobody else reads it, into files that it removes as soon as they are open.
		folder, err := filepath.Abs(filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		pragmas = append(pragmas, "journal_mode(WAL)", "temp_store_directory('"+strings.ReplaceAll(folder, "'", "''")+"')")
	}
	return connect(path, url.Values{"mode": {mode}, "_pragma": pragmas})
}

func connect(path string, q url.Values) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	slashed := filepath.ToSlash(absolute)
	if slashed[0] != '/' {
		slashed = "/" + slashed // Windows: file:///C:/…
	}
	address := url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		db.Close()
		return nil, explain(path, err)
	}
	return db, nil
}

// explain puts SQLite's commonest refusals into a person's words.
func explain(path string, err error) error {
	var sqliteError *driver.Error
	if errors.As(err, &sqliteError) {
		switch sqliteError.Code() & 0xff {
		case 26: // SQLITE_NOTADB
			return fmt.Errorf("%s is not a ledger: %w", path, err)
		case 11: // SQLITE_CORRUPT
			return fmt.Errorf("the ledger %s is damaged; restore it from a backup only if nothing was imported since: %w", path, err)
		case 13: // SQLITE_FULL
			return fmt.Errorf("the ledger %s can't be written: the disk is full: %w", path, err)
		case 14: // SQLITE_CANTOPEN, which doesn't say why
			if few := handles(); few != nil {
				return fmt.Errorf("ledger %s: %w; %s", path, few, fewHandles)
			}
		}
	}
	return fmt.Errorf("ledger %s: %w", path, err)
}

// handles fails where the system gives no more than SQLite needs to open a ledger.
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

var _ ledger.Ledger = (*Ledger)(nil)
