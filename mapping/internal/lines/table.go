package lines

import (
	"errors"
	"io/fs"
	"os"
)

// A Table is the rows of a file that a mapping names.
type Table interface {
	Header() []string
	Next() bool
	Cells() []string // as many as the header's; good until Next
	Err() error
	Close() error
}

// Tables opens such files. They are read as inputs are.
type Tables func(path string) (Table, error)

// Open opens a file, or says why it can't be one of a mapping's.
func (t Tables) Open(path string) (Table, error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file")
	} else if err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	if t == nil {
		return nil, errors.New("no tables can be read here")
	}
	return t(path)
}
