package sqlite

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// LeaveOutSyncs makes ledgers answer before the disk has what they wrote.
func LeaveOutSyncs() { syncFile = func(*os.File) error { return nil } }

// CheckpointOften lets few changes be enough for a checkpoint.
func CheckpointOften() { checkpointAfter = 12 }

// FailSync makes the next sync fail, once begun has been received from. Those after it
// succeed, as on Linux, which tells of pages that it has lost once.
func FailSync(err error) (begun <-chan struct{}) {
	sync, started := syncFile, make(chan struct{})
	var once atomic.Bool
	syncFile = func(f *os.File) error {
		if once.Swap(true) {
			return sync(f)
		}
		started <- struct{}{}
		time.Sleep(100 * time.Millisecond) // the next commit is waiting then
		return err
	}
	return started
}

// Version is the present schema's.
const Version = version

// Schema returns the statements that made a ledger of an older version.
func Schema(old int) []string {
	return append(append([]string{schema}, migrations[:old-1]...), fmt.Sprintf("PRAGMA user_version = %d", old))
}

// Interrupt makes the next n syncs fail as if they were interrupted, until the test has ended, and
// counts those that are asked for.
func Interrupt(t *testing.T, n int64, err error) (syncs *atomic.Int64) {
	sync := syncFile
	t.Cleanup(func() { syncFile = sync })
	syncs = new(atomic.Int64)
	syncFile = func(f *os.File) error {
		if syncs.Add(1) <= n {
			return err
		}
		return sync(f)
	}
	return syncs
}
