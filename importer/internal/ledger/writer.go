package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// writer is the one goroutine that changes a ledger. Changes that arrive while it
// commits wait, and the next commit, with its one fsync, takes them all: 32 workers
// cost few fsyncs, and none returns before its change is durable.
type writer struct {
	db      *sql.DB
	space   *space
	queue   chan change
	done    chan struct{} // closed when all that was queued has been answered
	works   bool          // work has been started
	dropped bool          // something was posted and not applied, for want of space
	broken  error         // why nothing can be written any more; read after done

	gate   sync.RWMutex // holds the queue open while something is put into it
	closed bool
}

// change is a piece of work for the writer. done is told when it is durable, or why it is
// not; it must not wait for the writer. An urgent change has somebody waiting for it.
type change struct {
	apply  func(*statements, int64) error
	alone  func(*sql.Tx) error
	done   func(error)
	urgent bool
	fresh  bool // about something new: refused where the disk is full
}

// mostAtOnce bounds a commit, so that the first to wait in it doesn't wait long.
const mostAtOnce = 512

// linger is how long a change that nobody waits for waits for others. A worker that has
// settled a row claims its next one a moment later, and both then share one commit.
const linger = time.Millisecond

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

// post applies a change some time later, in order. An error comes up in the next do; on
// a full disk it is not applied.
func (w *writer) post(apply func(*statements, int64) error) error {
	var closed error
	w.submit(change{apply: apply, fresh: true, done: func(err error) {
		if errors.Is(err, errClosed) {
			closed = err
		}
	}})
	return closed
}

func (w *writer) wait(c change) error {
	result := make(chan error, 1)
	c.done, c.urgent = func(err error) { result <- err }, true
	w.submit(c)
	return <-result
}

// submit queues a change. Every change that is queued is answered.
func (w *writer) submit(c change) {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.closed {
		c.done(errClosed)
		return
	}
	w.queue <- c
}

// work commits group after group until the queue is closed. When nothing can be written
// any more, it says so to all who come.
func (w *writer) work(s *statements) {
	defer close(w.done)
	for first := range w.queue {
		group := w.gather(first)
		if w.broken == nil {
			w.broken = w.try(s, group)
		}
		if w.broken != nil {
			for _, c := range group {
				c.done(w.broken)
			}
		}
	}
}

// try commits a group, on a full disk at the second try.
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

// gather takes what else is waiting. While nobody waits for what it has, it waits a
// moment itself.
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
			w.dropped = w.dropped || !c.urgent
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
		c.done(results[i])
	}
	return nil
}

// in binds the statements to a transaction.
func (s *statements) in(tx *sql.Tx) *statements {
	return &statements{claim: tx.Stmt(s.claim), settle: tx.Stmt(s.settle), invalid: tx.Stmt(s.invalid), history: tx.Stmt(s.history), record: tx.Stmt(s.record)}
}

// close waits for what is queued and closes the database.
func (w *writer) close() error {
	w.gate.Lock()
	closed := w.closed
	w.closed = true
	w.gate.Unlock()
	if !closed && w.works {
		close(w.queue)
		<-w.done
	}
	return errors.Join(w.broken, w.db.Close())
}
