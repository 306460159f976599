package xlsx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Temp is a temporary file. It holds personal data and must not outlive the process, however
// that ends: so it has no name from the beginning. Windows removes no open file; there Close
// does it and, after a process that was killed, the next NewTemp.
type Temp struct {
	*os.File
	named bool
}

// NewTemp makes a file in the first of the folders that takes one, and some content; none is
// the system's for such files.
func NewTemp(folders ...string) (*Temp, error) {
	if len(folders) == 0 {
		folders = []string{os.TempDir()}
	}
	var errs []error
	for _, folder := range folders {
		t, err := newTemp(folder)
		if err == nil {
			return t, nil
		}
		errs = append(errs, err)
	}
	err := errors.Join(errs...)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return nil, fmt.Errorf("%w; raise the limit (ulimit -n) or use fewer workers", errs[0])
	}
	return nil, err
}

const tempPrefix = "wolkvox-import-"

func newTemp(folder string) (*Temp, error) {
	file, err := os.CreateTemp(folder, tempPrefix)
	if err != nil {
		return nil, err
	}
	t := &Temp{file, os.Remove(file.Name()) != nil}
	if t.named {
		removeOld(folder)
	}
	if _, err = t.Write(make([]byte, chunkSize)); err == nil {
		err = t.Truncate(0)
	}
	if err == nil {
		_, err = t.Seek(0, 0)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// removeOld removes what killed processes have left; the files of living ones are open and stay.
func removeOld(folder string) {
	old, _ := filepath.Glob(filepath.Join(folder, tempPrefix+"*"))
	for _, path := range old {
		os.Remove(path)
	}
}

// Close ends the file.
func (t *Temp) Close() error {
	err := t.File.Close()
	if t.named {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}
