package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// fsync returns when the disk has all of the file. File.Sync would try again without end where
// it is interrupted.
func fsync(file *os.File) error {
	return os.NewSyscallError("fsync", unix.Fsync(int(file.Fd())))
}
