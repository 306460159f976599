package files

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// File is a file of a folder, as it was when it was looked at.
type File struct {
	Path string // below the folder, with /
	Size int64  // bytes

	modified time.Time
	settled  bool // nobody can have written to it since without its time showing it
	root     *os.Root
}

// Why a file can't be had, beside what the system says.
var (
	ErrNotRegular = errors.New("it is not a regular file")
	ErrFolder     = errors.New("it is a folder")
	ErrChanged    = errors.New("it changed while the run was on")
	ErrOutside    = errors.New("the name leads out of the attachments' folder")
)

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// Look opens a file to learn its size, and closes it again.
func (f *Folder) Look(path string) (File, error) {
	looked := File{Path: path, root: f.root}
	file, err := looked.open()
	if err != nil {
		return looked, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return looked, err
	}
	looked.Size, looked.modified = info.Size(), info.ModTime()
	looked.settled = time.Since(looked.modified) > 2*time.Second // the coarsest clock that a disk has
	return looked, nil
}

// Open opens the file. One that is not what it was when it was looked at is an
// [ErrChanged]: its size stands in the request's length.
func (f *File) Open() (*os.File, error) {
	file, err := f.open()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != f.Size || !info.ModTime().Equal(f.modified)) {
		err = ErrChanged
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// Version is a file as it was at one time. What is equal has the same content, unless
// somebody puts the clock of a file back.
type Version struct {
	path           string
	size, modified int64
}

// Version is the file as it was when it was looked at. It is settled if whoever has
// written to the file since has changed its time.
func (f *File) Version() (v Version, settled bool) {
	return Version{f.Path, f.Size, f.modified.UnixNano()}, f.settled
}

// Changed tells whether an open file is no longer what it was when it was looked at. Asked
// after sending, it tells that what was sent may be half of the old file and half of the
// new one.
func (f *File) Changed(file *os.File) bool {
	info, err := file.Stat()
	return err != nil || info.Size() != f.Size || !info.ModTime().Equal(f.modified)
}

// Root is the folder that the file lies below.
func (f *File) Root() string { return f.root.Name() }

// open is where names are held inside the folder. os.Root holds names and symbolic links inside the
// folder; whether it is a regular file is asked of the open file, which can't be
// exchanged any more.
func (f *File) open() (*os.File, error) {
	if path.IsAbs(f.Path) || filepath.IsAbs(f.Path) || drive.MatchString(f.Path) ||
		!filepath.IsLocal(filepath.FromSlash(f.Path)) {
		return nil, ErrOutside
	}
	file, err := openInside(f.root, filepath.FromSlash(f.Path))
	if err != nil {
		if escapes(err) {
			err = fmt.Errorf("%w (%w)", ErrOutside, err)
		}
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = ErrFolder
	case !info.Mode().IsRegular():
		err = ErrNotRegular
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// escapes recognises os.Root's refusal, for which the library has no exported error.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }
