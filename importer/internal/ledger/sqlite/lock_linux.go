package sqlite

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// show takes a lock that others can ask about. It belongs to the open file, not to the
// process: whoever else opens and closes the file, in this process too, doesn't end it.
func show(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if err != nil {
		return nil, err
	}
	err = unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if err != nil && !unanswered(err) {
		file.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return file, nil
}

// ask tells whether somebody shows that he holds the lock; known is false where the system
// can't say. It takes nothing.
func ask(path string) (held, known bool, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return false, false, err
	}
	defer file.Close()
	question := unix.Flock_t{Type: unix.F_WRLCK}
	switch err := unix.FcntlFlock(file.Fd(), unix.F_OFD_GETLK, &question); {
	case err == nil:
		return question.Type != unix.F_UNLCK, true, nil
	case unanswered(err):
		return false, false, nil
	default:
		return false, false, &os.PathError{Op: "ask for the lock of", Path: path, Err: err}
	}
}

// unanswered is the error of kernels and file systems without such locks.
func unanswered(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP)
}
