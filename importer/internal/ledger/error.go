package ledger

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotClaimable means that a key isn't in the state that a change needs: its case exists, it
// is being sent, or it is in doubt. Nothing was changed.
var ErrNotClaimable = errors.New("the key is not free to be sent")

// ErrFull means that nothing new is recorded, so that what is in flight still can be.
var ErrFull = errors.New("the disk of the ledger is full; free some space, then run the same command again")

// ErrNoRun means that a ledger has seen no run yet.
var ErrNoRun = errors.New("the ledger has no run")

// BusyError says that another process holds the ledger.
type BusyError struct {
	Path    string
	PID     int       // 0 if it isn't known yet
	Started time.Time // of its run
}

func (e *BusyError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("the ledger %s is in use by another run", e.Path)
	}
	return fmt.Sprintf("the ledger %s is in use by process %d since %s", e.Path, e.PID, e.Started.Format(time.DateTime))
}
