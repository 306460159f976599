package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// syncFile returns when the disk has all of the WAL. It is a variable for the sake of tests,
// which show that nothing less will do.
var syncFile = fsync

// mostInterrupted is how often a sync that was interrupted is tried again, a moment later each
// time: some seconds altogether. A disk that interrupts them all would hold the run for ever.
const mostInterrupted = 100

// synced returns when the disk has all of the file, or says that it hasn't. Only what the system
// calls interrupted is tried again: after any other failure the disk may have dropped what it
// was to keep, and the next sync would succeed without it.
func synced(file *os.File) error {
	for try := 1; ; try++ {
		err := syncFile(file)
		if !errors.Is(err, syscall.EINTR) && !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		if try == mostInterrupted {
			return fmt.Errorf("the disk was interrupted %d times and keeps nothing: %w", try, err)
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
}
