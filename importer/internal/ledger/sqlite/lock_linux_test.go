package sqlite_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"wolkvox-import/importer/internal/ledger/sqlite"
)

// Who asks whether a ledger is held doesn't hold it, not for a moment: while it is asked without
// end, whoever tries the lock gets it at once, at each try.
func TestWhoAsksHoldsNothing(t *testing.T) {
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if held, err := sqlite.Held(path); err != nil || held {
					t.Errorf("held %v, %v", held, err)
					return
				}
				view, err := sqlite.Look(path)
				if err != nil {
					t.Error(err)
					return
				}
				view.Close()
			}
		})
	}
	for range 3000 {
		lock := flock.New(path + ".lock")
		if ok, err := lock.TryLock(); !ok || err != nil {
			t.Errorf("somebody held the lock: %v", err)
			break
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	asking.Wait()
}

// A program that is older than the question learns whether a ledger is held by trying its lock. A
// run that begins in that moment waits for the next one.
func TestLockThatIsTriedForAMomentIsWaitedFor(t *testing.T) {
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(path + ".lock")
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { lock.Unlock() })
	open(t, path)
}

// The lock that older programs know keeps both sides out.
func TestOlderProgramsAndThisOneExcludeEachOther(t *testing.T) {
	path := file(t)
	l := open(t, path)
	lock := flock.New(path + ".lock")
	if ok, err := lock.TryLock(); ok || err != nil {
		t.Errorf("an older program gets the lock: %v, %v", ok, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatalf("the lock is still held: %v, %v", ok, err)
	}
	defer lock.Unlock()
	if _, err := sqlite.Open(path, real); err == nil {
		t.Error("two are in")
	}
}

// The lock of a dead process is free, and so is what shows that it is held.
func TestLockDiesWithItsProcess(t *testing.T) {
	path := file(t)
	die(t, path)
	if held, err := sqlite.Held(path); held || err != nil {
		t.Errorf("held %v, %v", held, err)
	}
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Error(err)
	}
}

// Where the system gives too few file handles, whatever of the ledger can't be opened, that is
// what is said.
func TestTooFewFileHandlesAreSaid(t *testing.T) {
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	used, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	failed := 0
	for more := range 20 {
		few := unix.Rlimit{Cur: uint64(len(used) + more), Max: limit.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		l, err := sqlite.Open(path, real)
		if err == nil {
			l.Close()
			break
		}
		if failed++; !strings.Contains(err.Error(), "raise the limit (ulimit -n)") {
			t.Errorf("with %d more: %v", more, err)
		}
	}
	if failed < 5 {
		t.Errorf("it failed %d times only", failed)
	}
}
