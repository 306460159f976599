package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// writer is the one goroutine that changes a ledger. Changes that arrive while it
// commits wait, and the next commit, with its one fsync, takes them all: 32 workers
// cost few fsyncs, and none returns before its change is durable.
type writer struct {
	db      *sql.DB
	space   *space
	queue   chan change
	done    chan struct{}
	works   bool  // work has been started
	dropped bool  // something was posted and not applied, for want of space
	broken  error // why nothing can be written any more; read after done
}

// change is a piece of work for the writer. wait is nil where nobody waits.
type change struct {
	apply func(*statements, int64) error
	alone func(*sql.Tx) error
	wait  chan error
	fresh bool // about something new: refused where the disk is full
}

// mostAtOnce bounds a commit, so that the first to wait in it doesn't wait long.
const mostAtOnce = 512

var errClosed = errors.New("the ledger is closed")

func newWriter(db *sql.DB, s *space) *writer {
	return &writer{db: db, space: s, queue: make(chan change, mostAtOnce), done: make(chan struct{})}
}

func (w *writer) start() error {
	s, err := prepareStatements(w.db)
	if err != nil {
		return err
	}
	w.works = true
	go w.work(s)
	return nil
}

// do applies a change and returns when it is durable.
func (w *writer) do(apply func(*statements, int64) error) error {
	return w.submit(change{apply: apply, wait: make(chan error, 1)})
}

// begin is do for what is new; on a full disk it fails with ErrFull.
func (w *writer) begin(apply func(*statements, int64) error) error {
	return w.submit(change{apply: apply, wait: make(chan error, 1), fresh: true})
}

// exec is do for what needs statements of its own.
func (w *writer) exec(apply func(*sql.Tx) error) error {
	return w.submit(change{alone: apply, wait: make(chan error, 1)})
}

// post applies a change some time later, in order. An error comes up in the next do; on
// a full disk it is not applied.
func (w *writer) post(apply func(*statements, int64) error) error {
	return w.submit(change{apply: apply, fresh: true})
}

func (w *writer) submit(c change) error {
	select {
	case w.queue <- c:
	case <-w.done:
		return w.reason()
	}
	if c.wait == nil {
		return nil
	}
	select {
	case err := <-c.wait:
		return err
	case <-w.done:
		select {
		case err := <-c.wait: // answered just before the end
			return err
		default:
			return w.reason()
		}
	}
}

func (w *writer) reason() error {
	if w.broken != nil {
		return w.broken
	}
	return errClosed
}

// work commits group after group until the queue is closed by a change without work.
func (w *writer) work(s *statements) {
	defer close(w.done)
	for first := range w.queue {
		group, last := w.gather(first)
		err := w.commit(s, group)
		if err != nil && w.space.giveUp(err) {
			err = w.commit(s, group) // what is new is refused this time
		}
		if err != nil {
			w.broken = fmt.Errorf("the ledger can't be written: %w", err)
			answer(group, w.broken)
			return
		}
		if last {
			return
		}
	}
}

// gather takes what else is waiting. A change that does nothing and for which nobody
// waits is the end.
func (w *writer) gather(first change) (group []change, last bool) {
	for c := first; ; {
		if c.apply == nil && c.alone == nil {
			return group, true
		}
		group = append(group, c)
		if len(group) == mostAtOnce {
			return group, false
		}
		select {
		case c = <-w.queue:
		default:
			return group, false
		}
	}
}

func (w *writer) commit(s *statements, group []change) error {
	if len(group) == 0 {
		return nil
	}
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	inside := s.in(tx)
	now := time.Now()
	full := w.space.low(now)
	results := make([]error, len(group))
	for i, c := range group {
		switch {
		case full && c.fresh:
			results[i] = ErrFull
			w.dropped = w.dropped || c.wait == nil
		case c.alone != nil:
			results[i] = c.alone(tx)
		default:
			results[i] = c.apply(inside, now.UnixMilli())
		}
		// A claim that is refused has changed nothing and harms no other change.
		if results[i] != nil && !errors.Is(results[i], ErrNotClaimable) && !errors.Is(results[i], ErrFull) {
			return results[i]
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for i, c := range group {
		if c.wait != nil {
			c.wait <- results[i]
		}
	}
	return nil
}

func answer(group []change, err error) {
	for _, c := range group {
		if c.wait != nil {
			c.wait <- err
		}
	}
}

// in binds the statements to a transaction.
func (s *statements) in(tx *sql.Tx) *statements {
	return &statements{claim: tx.Stmt(s.claim), renew: tx.Stmt(s.renew), settle: tx.Stmt(s.settle), invalid: tx.Stmt(s.invalid), history: tx.Stmt(s.history), record: tx.Stmt(s.record)}
}

// close waits for what is queued and closes the database.
func (w *writer) close() error {
	if w.works {
		select {
		case w.queue <- change{}:
			<-w.done
		case <-w.done:
		}
	}
	return errors.Join(w.broken, w.db.Close())
}
