package sqlite

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// lock keeps a ledger for one process. The system lets go of it when the process dies, however it
// dies; its file, beside the ledger, may stay.
//
// Whoever only wants to know whether a ledger is held must not try to take the lock: a run that
// begins at that moment would be refused. So there are two locks on the file. One keeps other
// processes out, those of older programs too; the other, on Linux, is there to be asked about,
// which holds nothing.
type lock struct {
	taken *flock.Flock
	shown io.Closer // nil if the system has no such question
}

// patience is how long hold waits for a lock that may be free in a moment, because somebody has
// only tried it: on systems without the question, and by older programs everywhere.
const patience = 500 * time.Millisecond

// errHeld means that another process has the lock, or another ledger that is open in this one.
var errHeld = errors.New("the lock is held")

// hold takes the lock, and then shows that it does.
func hold(path string) (*lock, error) {
	l := &lock{taken: flock.New(lockPath(path),
		flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600))}
	for deadline := time.Now().Add(patience); ; time.Sleep(patience / 50) {
		ok, err := l.taken.TryLock()
		if err != nil {
			return nil, cantOpen(lockPath(path), err)
		}
		if ok {
			break
		}
		held, known, err := ask(lockPath(path))
		if err != nil || known && held || time.Now().After(deadline) {
			return nil, errHeld
		}
	}
	var err error
	if l.shown, err = show(lockPath(path)); err != nil {
		l.taken.Unlock()
		return nil, cantOpen(lockPath(path), err)
	}
	return l, nil
}

// release lets the next one in. What shows that the lock is held goes first: otherwise somebody
// could be told that a ledger is held which anybody may have.
func (l *lock) release() error {
	if l.shown != nil {
		l.shown.Close()
	}
	return l.taken.Unlock()
}

// lockPath is that of the file that is locked. The ledger itself has SQLite's locks on it.
func lockPath(path string) string { return path + ".lock" }

// Held tells whether a living process writes the ledger. On Linux it doesn't see a process of a
// program that is older than the question.
func Held(path string) (bool, error) {
	path, err := locate(path)
	if err != nil {
		return false, err
	}
	return held(path)
}

// held is Held for a path that locate has returned.
func held(path string) (bool, error) {
	held, known, err := ask(lockPath(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, cantOpen(lockPath(path), err)
	case known:
		return held, nil
	}
	return tried(path)
}

// tried tells by trying, and so holds the lock for a moment.
func tried(path string) (bool, error) {
	if _, err := os.Stat(lockPath(path)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	lock := flock.New(lockPath(path), flock.SetFlag(os.O_RDWR|noFollow))
	ok, err := lock.TryLock()
	if err != nil {
		return false, cantOpen(lockPath(path), err)
	}
	if ok {
		return false, lock.Unlock()
	}
	return true, nil
}
