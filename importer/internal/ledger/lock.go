package ledger

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// BusyError says that another process holds the ledger.
type BusyError struct {
	Path    string
	PID     int       // 0 where it isn't known yet
	Started time.Time // of its run
}

func (e *BusyError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("the ledger %s is in use by another run", e.Path)
	}
	return fmt.Sprintf("the ledger %s is in use by process %d since %s", e.Path, e.PID, e.Started.Format(time.DateTime))
}

// hold takes the operating system's lock on a file beside the ledger. The system lets
// go of it when the process dies, however it dies; the file itself may stay.
func hold(path string) (*flock.Flock, error) {
	lock := flock.New(lockPath(path), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if !ok {
		return nil, busy(path)
	}
	return lock, nil
}

func lockPath(path string) string { return path + ".lock" }

// Held tells whether a living process writes the ledger.
func Held(path string) (bool, error) {
	if _, err := os.Stat(lockPath(path)); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	lock := flock.New(lockPath(path), flock.SetFlag(os.O_RDWR))
	ok, err := lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	if ok {
		return false, lock.Unlock()
	}
	return true, nil
}

func busy(path string) error {
	e := &BusyError{Path: path}
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
