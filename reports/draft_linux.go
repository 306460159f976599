package reports

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// unnamed makes a file in a folder that has no name: what a process that is killed has written of
// it is gone with the process. Not every disk can do that.
func unnamed(folder string) (*os.File, error) {
	if _, err := os.Stat(self(0)); err != nil {
		return nil, err // no way to give it a name afterwards
	}
	return os.OpenFile(folder, os.O_RDWR|unix.O_TMPFILE, 0o600)
}

// named gives the file a name that is free.
func named(file *os.File, path string) error {
	err := unix.Linkat(unix.AT_FDCWD, self(file.Fd()), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	return os.NewSyscallError("linkat", err)
}

func self(fd uintptr) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }
