package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// fsync returns when the disk has all of the file; where the system can do that, by more than
// the call of that name, which leaves it to the disk. File.Sync would try again without end
// where it is interrupted.
func fsync(file *os.File) error {
	_, err := unix.FcntlInt(file.Fd(), unix.F_FULLFSYNC, 0)
	if errors.Is(err, unix.ENOTSUP) {
		err = unix.Fsync(int(file.Fd()))
	}
	return os.NewSyscallError("fsync", err)
}
