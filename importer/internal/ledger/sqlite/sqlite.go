// Package sqlite keeps a ledger in one SQLite file. What a ledger must do is said in package
// ledger; this is how it is done.
//
//	Claim, Settle, … ──► writer: one queue, one connection
//	                       │ commit: many changes at once
//	                       ▼
//	                     l.db-wal ──sync──► only now those who wait are answered
//	                       │ checkpoint
//	                       ▼
//	                     l.db ◄── View: connections that only read, also of other processes
//
// Its rules:
//
//   - SQLite commits to its WAL without waiting for the disk. The writer syncs the WAL itself,
//     once for many commits, before it answers for any of them.
//   - A sync that failed is not tried again: the disk may have dropped what it was to keep. The
//     ledger writes nothing any more.
//   - A ledger is used by one path, whatever links lead to it, since its WAL and its lock have
//     names that begin with that path.
//   - Network disks are refused: a WAL needs memory that processes share.
//   - Each file is made for its owner alone: a ledger has personal data in it.
//
// Beside the ledger l.db lie l.db-wal and l.db-shm, which are SQLite's, l.db.lock, which keeps
// other processes out, and l.db.ballast, which is given up when the disk is full.
package sqlite

import (
	"database/sql"
	"errors"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/ledger"
)

// Ledger is a ledger.Ledger. Reading has a connection of its own, so that looking keys up doesn't
// wait for commits.
type Ledger struct {
	*View
	*lookup
	found  ledger.Opening
	lock   *lock
	writer *writer
	run    int64 // the present one; the writer's goroutine alone uses it
}

var _ ledger.Ledger = (*Ledger)(nil)

// Open opens or makes the ledger at path for the given server and operation. It fails with a
// *ledger.BusyError if another process holds it, and with a *ledger.BindingError if it was made
// for another server or operation.
func Open(path string, b ledger.Binding) (*Ledger, error) {
	l := &Ledger{}
	if err := l.open(path, b); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// open takes the lock before it touches anything else of the ledger: until then another process
// may be writing it.
func (l *Ledger) open(given string, b ledger.Binding) error {
	path, err := locate(given)
	if err != nil {
		return err
	}
	if l.lock, err = hold(path); errors.Is(err, errHeld) {
		return busy(path)
	} else if err != nil {
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
	if err := l.makeReady(db, path, b); err != nil {
		return err
	}
	return l.writer.start(path)
}

// makeReady brings the ledger up to date, before the writer's goroutines begin. SQLite itself
// still waits for the disk at each commit here.
func (l *Ledger) makeReady(db *sql.DB, path string, b ledger.Binding) (err error) {
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
	l.lookup, err = newLookup(l.View.reader)
	return err
}

// busy says who holds the ledger, as far as it can be learned.
func busy(path string) error {
	e := &ledger.BusyError{Path: path}
	view, err := Look(path)
	if err != nil {
		return e
	}
	defer view.Close()
	if run, err := view.LastRun(); err == nil && run.Ended.IsZero() {
		e.PID, e.Started = run.PID, run.Started
	}
	return e
}

// Opening tells what Open found.
func (l *Ledger) Opening() ledger.Opening { return l.found }

// Path is the path by which the ledger is used: the one that was given to Open, or, if that is a
// link, the one that it leads to. Whatever lies beside the ledger has a name that begins with it.
func (l *Ledger) Path() string { return l.View.path }

// Close waits for what is being written and lets go of the ledger. The lock goes last: until then
// nobody else may write.
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
