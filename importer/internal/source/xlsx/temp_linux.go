package xlsx

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// namelessFile makes a file that is in no folder. The name that its errors say is of no file.
func namelessFile(folder string) (*os.File, error) {
	fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(folder, tempPrefix+"unnamed")), nil
}
