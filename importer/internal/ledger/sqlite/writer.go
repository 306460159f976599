package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// writer changes a ledger, by two goroutines. One gathers the changes that wait and commits them
// to SQLite's WAL. The other waits until the disk has the WAL, and only then tells those who wait
// for the changes. Meanwhile the first one commits what has arrived since: 32 workers cost few
// syncs, none of which keeps it from working.
//
//	queue ──► work: gather, apply, commit ──► committed ──► confirm: sync, answer
//
// Both channels are first in, first out, and each has one goroutine that takes from it. That is
// why changes take effect, become durable and are answered in the order in which they were asked
// for.
type writer struct {
	db        *sql.DB // work's alone, once it runs; but see Purge
	space     *space
	queue     chan change
	committed chan []change
	done      chan struct{} // closed when all that was queued has been answered
	wal       *os.File      // nil until start
	dropped   bool          // something was posted and not applied, for want of space; work's alone

	gate   sync.RWMutex // holds the queue open while something is put into it
	closed bool
	broken atomic.Pointer[error] // why nothing can be written any more
}

// change is a piece of work for the writer. done is told when it is durable, or why it is not; it
// must not wait for the writer, which would wait for it.
type change struct {
	apply  func(s *statements, now int64) error // now is the commit's, in Unix milliseconds
	alone  func(*sql.Tx) error                  // in apply's place: with statements of its own
	done   func(error)
	urgent bool  // somebody waits for it
	fresh  bool  // about something new: refused if the disk is full
	result error // of apply or alone, once it is committed
}

// mostAtOnce bounds a commit, so that the first to wait in it doesn't wait long.
const mostAtOnce = 512

// linger is how long a change that nobody waits for waits for others. A worker that has settled a
// row claims its next one a moment later, and both then share one commit. That is enough, since
// what was settled has to be durable only before the next claim is.
const linger = time.Millisecond

var errClosed = errors.New("the ledger is closed")

// newWriter makes a writer that doesn't work yet: until start, the connection is its maker's.
func newWriter(db *sql.DB, s *space) *writer {
	return &writer{
		db:        db,
		space:     s,
		queue:     make(chan change, mostAtOnce),
		committed: make(chan []change),
		done:      make(chan struct{}),
	}
}

// start takes the syncing over from SQLite, whose FULL does it within each commit and whose NORMAL
// leaves it out, but for what a checkpoint needs: it never moves into the database what the WAL
// hasn't kept.
func (w *writer) start(path string) error {
	s, err := prepareStatements(w.db)
	if err != nil {
		return err
	}
	wal, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return cantOpen(path+"-wal", err)
	}
	if _, err := w.db.Exec("PRAGMA synchronous = NORMAL"); err != nil {
		wal.Close()
		return explain(path, err)
	}
	w.wal = wal
	go w.work(s)
	go w.confirm()
	return nil
}

// do applies a change and returns when it is durable.
func (w *writer) do(apply func(*statements, int64) error) error {
	return w.wait(change{apply: apply})
}

// begin is do for what is new; on a full disk it fails with ErrFull.
func (w *writer) begin(apply func(*statements, int64) error) error {
	return w.wait(change{apply: apply, fresh: true})
}

// exec is do for what needs statements of its own.
func (w *writer) exec(apply func(*sql.Tx) error) error {
	return w.wait(change{alone: apply})
}

// later applies a change before all that come after it, and tells done. It doesn't wait.
func (w *writer) later(apply func(*statements, int64) error, done func(error)) {
	w.submit(change{apply: apply, done: done})
}

// post applies a change some time later, in order. An error comes up in the next do; on a full
// disk it is not applied.
func (w *writer) post(apply func(*statements, int64) error) error {
	var closed error
	w.submit(change{apply: apply, fresh: true, done: func(err error) {
		if errors.Is(err, errClosed) {
			closed = err // submit tells it before it returns
		}
	}})
	return closed
}

// wait submits a change that somebody waits for. The channel has room for the answer, so that whoever
// answers never waits.
func (w *writer) wait(c change) error {
	result := make(chan error, 1)
	c.done, c.urgent = func(err error) { result <- err }, true
	w.submit(c)
	return <-result
}

// submit queues a change. Every change that is queued is answered. It waits while the queue is
// full: whoever notes rows can't get further ahead of the disk than that.
func (w *writer) submit(c change) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		c.done(errClosed)
		return
	}
	w.queue <- c
}

// work commits group after group until the queue is closed. When nothing can be written any more,
// it says so to all who come.
func (w *writer) work(s *statements) {
	defer close(w.committed)
	for first := range w.queue {
		group := w.gather(first)
		err := w.failure()
		if err == nil {
			err = w.try(s, group)
		}
		if err != nil {
			w.fail(group, err)
			continue
		}
		w.committed <- group
	}
}

// confirm answers for what has been committed, as soon as the disk has it. After a sync that
// failed there is no other: the disk may have lost what it didn't keep, and say so once only, and
// what stands behind it in the WAL is of no use then.
func (w *writer) confirm() {
	defer close(w.done)
	for group := range w.committed {
		err := w.failure()
		if err == nil {
			err = synced(w.wal)
		}
		if err != nil {
			w.fail(group, fmt.Errorf("the ledger can't be written: %w", err))
			continue
		}
		for _, c := range group {
			c.done(c.result)
		}
	}
}

// fail says to a group, and to all that come after it, that nothing can be written. The first
// reason is the one that is told.
func (w *writer) fail(group []change, err error) {
	w.broken.CompareAndSwap(nil, &err)
	for _, c := range group {
		c.done(err)
	}
}

// failure is why nothing can be written any more; nil if it can.
func (w *writer) failure() error {
	if err := w.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// try commits a group, on a full disk at the second try. The first one was rolled back, so every change
// of the group is applied anew, and must not mind.
func (w *writer) try(s *statements, group []change) error {
	err := w.commit(s, group)
	if err != nil && w.space.giveUp(err) {
		err = w.commit(s, group) // what is new is refused this time
	}
	if err != nil {
		return fmt.Errorf("the ledger can't be written: %w", err)
	}
	return nil
}

// gather takes what else is waiting. While nobody waits for what it has, it waits a moment itself.
func (w *writer) gather(first change) []change {
	group := []change{first}
	urgent := first.urgent
	var patience <-chan time.Time
	for len(group) < mostAtOnce {
		select {
		case c, ok := <-w.queue:
			if !ok {
				return group
			}
			group, urgent = append(group, c), urgent || c.urgent
			continue
		default:
		}
		if urgent {
			return group
		}
		if patience == nil {
			patience = time.After(linger)
		}
		select {
		case c, ok := <-w.queue:
			if !ok {
				return group
			}
			group, urgent = append(group, c), urgent || c.urgent
		case <-patience:
			return group
		}
	}
	return group
}

// commit applies a group in one transaction, in order: all of it becomes durable, or none. A change
// that is refused has changed nothing and harms no other; any other error ends the whole group,
// since a statement may have been carried out by half.
func (w *writer) commit(s *statements, group []change) error {
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	inside := s.in(tx)
	now := time.Now()
	full := w.space.low(now)
	for i := range group {
		c := &group[i]
		switch {
		case full && c.fresh:
			c.result = ledger.ErrFull
			w.dropped = w.dropped || !c.urgent
		case c.alone != nil:
			c.result = c.alone(tx)
		default:
			c.result = c.apply(inside, now.UnixMilli())
		}
		if c.result != nil && !errors.Is(c.result, ledger.ErrNotClaimable) && !errors.Is(c.result, ledger.ErrFull) {
			return c.result
		}
	}
	return tx.Commit()
}

// close waits for what is queued and closes the database, which SQLite then checkpoints.
func (w *writer) close() error {
	w.gate.Lock()
	closed := w.closed
	w.closed = true
	w.gate.Unlock()
	if closed || w.wal == nil {
		return w.db.Close()
	}
	close(w.queue)
	<-w.done
	return errors.Join(w.failure(), w.wal.Close(), w.db.Close())
}
