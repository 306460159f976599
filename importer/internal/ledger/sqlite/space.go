package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A disk that fills up must not keep the outcomes of requests that have left from being recorded.
// Two things see to that: below a floor of free space nothing is claimed any more; and a file of
// ballast lies beside the ledger, which is given up when a write fails all the same, to make room
// for what is in flight.
const (
	floor   = 8 << 20 // bytes
	ballast = 2 << 20 // bytes
)

// lookEvery is how old what is known of the free space may get.
const lookEvery = 250 * time.Millisecond

// space guards the room on a ledger's disk. It belongs to the writer's goroutine.
type space struct {
	path   string // the ledger's
	full   bool
	looked time.Time
}

// ballastPath is that of the file that is given up.
func ballastPath(path string) string { return path + ".ballast" }

// newSpace checks the disk and lays the ballast. It asks for more room than the floor, so that a run
// that begins can also claim something.
func newSpace(path string) (*space, error) {
	dir := filepath.Dir(path)
	if kind, is := remote(dir); is {
		return nil, fmt.Errorf("the ledger %s is on a network disk (%s), which can't be trusted to keep "+
			"what it says it has written; give one on this machine by --ledger", path, kind)
	}
	if n, ok := free(dir); ok && n < floor+ballast {
		return nil, fmt.Errorf("the disk of the ledger %s has %d MB free, and %d MB are needed; free some space",
			path, n>>20, (floor+ballast)>>20)
	}
	if err := layBallast(ballastPath(path)); err != nil {
		return nil, cantOpen(ballastPath(path), err)
	}
	return &space{path: path}, nil
}

// layBallast puts the ballast where it isn't whole. Whatever else stands there is removed and
// not written to: it may be a link to a file that isn't ours.
func layBallast(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && info.Size() == ballast {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, ballast))
	return errors.Join(err, file.Close())
}

// low reports whether the disk is as good as full. Once it was, it stays so: a run that has stopped
// claiming has told the rest of its rows that they are not attempted, and doesn't begin again.
func (s *space) low(now time.Time) bool {
	if !s.full && now.Sub(s.looked) > lookEvery {
		s.looked = now
		n, ok := free(filepath.Dir(s.path))
		s.full = ok && n < floor
	}
	return s.full
}

// giveUp makes room after a write that failed for want of it, once. It tells whether to try again.
// SQLite says that the disk is full, or only that writing failed, so both are tried once more.
func (s *space) giveUp(err error) bool {
	if s.full && !s.hasBallast() {
		return false
	}
	if c := code(err); c != codeFull && c != codeIO {
		return false
	}
	s.full = true
	return os.Remove(ballastPath(s.path)) == nil
}

// hasBallast tells whether there still is something to give up.
func (s *space) hasBallast() bool {
	_, err := os.Stat(ballastPath(s.path))
	return err == nil
}
