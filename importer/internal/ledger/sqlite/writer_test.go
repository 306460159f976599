package sqlite_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// A disk that refuses to keep what was written leaves nobody with the word that it is kept,
// neither those whose change was committed meanwhile nor anybody who comes later.
func TestFailedSyncFailsAllThatWaitForIt(t *testing.T) {
	l := open(t, file(t))
	broken := errors.New("the disk is gone")
	begun := sqlite.FailSync(broken)
	var errs [5]error
	var all sync.WaitGroup
	all.Go(func() { errs[0] = l.Claim(claim(1)) })
	<-begun
	all.Go(func() { errs[1] = l.Claim(claim(2)) })
	all.Wait()
	errs[2], errs[3] = l.Claim(claim(3)), conclude(l, ledger.Settlement{ID: id(1), State: ledger.Created}, ledger.Record{})
	errs[4] = l.Flush()
	for n, err := range errs {
		if !errors.Is(err, broken) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("closing says %v", err)
	}
}

// A sync that was interrupted is tried again, but not for ever.
func TestInterruptedSyncIsTriedAgain(t *testing.T) {
	for _, interrupted := range []error{syscall.EINTR, syscall.EAGAIN} {
		t.Run(interrupted.Error(), func(t *testing.T) {
			l := open(t, file(t))
			syncs := sqlite.Interrupt(t, 3, &os.PathError{Op: "sync", Path: "wal", Err: interrupted})
			if err := l.Claim(claim(1)); err != nil || syncs.Load() != 4 {
				t.Errorf("after %d syncs %v", syncs.Load(), err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDiskThatInterruptsEverySyncIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, file(t))
		sqlite.Interrupt(t, 1<<40, syscall.EINTR)
		began := time.Now()
		err := l.Claim(claim(1))
		if !errors.Is(err, syscall.EINTR) || !strings.Contains(err.Error(), "interrupted 100 times") || time.Since(began) > 10*time.Second {
			t.Errorf("after %v %v", time.Since(began), err)
		}
		if err := l.Claim(claim(2)); !errors.Is(err, syscall.EINTR) {
			t.Errorf("another says %v", err)
		}
		l.Close()
	})
}

// A ledger that is closed keeps nobody waiting, and says nothing is written.
func TestClosedLedgerWritesNothing(t *testing.T) {
	l := open(t, file(t))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func() error{
		"claim":  func() error { return l.Claim(claim(1)) },
		"settle": func() error { return conclude(l, ledger.Settlement{ID: id(1), State: ledger.Created}, ledger.Record{}) },
		"note":   func() error { return l.Note([]ledger.Record{{Row: 1}}) },
		"flush":  l.Flush,
		"begin":  func() error { return l.Begin(1, nil) },
	} {
		if err := write(); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
