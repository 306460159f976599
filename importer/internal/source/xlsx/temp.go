package xlsx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Temp is a temporary file. It holds personal data and must not outlive the process, however
// that ends: by an error, a panic or a kill. So it has no name from the beginning. Windows
// removes no open file; there Close does it and, after a process that was killed, the next
// NewTemp.
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

// tempPrefix tells our temporary files from others, where they have a name at all.
const tempPrefix = "wolkvox-import-"

// newTemp makes a file in a folder and writes to it: a full disk is known by that alone.
func newTemp(folder string) (*Temp, error) {
	t, err := makeTemp(folder)
	if err != nil {
		return nil, err
	}
	// A file system with no room left still makes files.
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

// makeTemp makes a file that never had a name, if the system and the folder's disk know such
// files. Others have one for a moment: a kill in it leaves an empty file.
func makeTemp(folder string) (*Temp, error) {
	if file, err := namelessFile(folder); err == nil {
		return &Temp{File: file}, nil
	}
	file, err := os.CreateTemp(folder, tempPrefix)
	if err != nil {
		return nil, err
	}
	t := &Temp{file, os.Remove(file.Name()) != nil}
	// Only if a name stays: otherwise there is nothing that a killed process could leave.
	if t.named {
		removeOld(folder)
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

// Close ends the file, and removes it if it has a name.
func (t *Temp) Close() error {
	err := t.File.Close()
	if t.named {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}
