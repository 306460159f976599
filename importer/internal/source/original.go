package source

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// original is an input as it stands on the disk, whatever is packed in it. All that is read of
// it is read through this one handle, so that who replaces it by a rename changes nothing.
type original struct {
	*os.File
	path    string
	size    int64
	written time.Time // when it was opened, or was last found to be the same
	sum     [sha256.Size]byte
}

// fix computes the file's digest, and makes sure that it is of the file that was opened.
// The digest is the identity of an input in the ledger: one of a half-written file would be of no file.
func (o *original) fix() (err error) {
	if o.sum, err = o.digest(); err != nil {
		return err
	}
	now, err := o.Stat()
	if err != nil {
		return o.broken(err)
	}
	if !o.untouched(now) { // the header may be that of another file
		const hint = "wait until it is whole, and run the same command again"
		return &Error{Path: o.path, What: "it is being written", Hint: hint}
	}
	return nil
}

// same tells whether the file is what it was when its digest was computed. If its size and
// time are as they were, its content is taken for the same, unless it is to be looked at
// thoroughly.
func (o *original) same(thoroughly bool) (bool, error) {
	now, err := o.Stat()
	switch {
	case err != nil:
		return false, o.broken(err)
	case now.Size() != o.size:
		return false, nil
	case o.untouched(now) && !thoroughly:
		return true, nil
	}
	sum, err := o.digest()
	if err != nil || sum != o.sum {
		return false, err
	}
	// The next looks may be short again.
	o.written = now.ModTime() // it was only touched
	return true, nil
}

// openFile opens what is on the disk under that path. What it is told by the path alone may be
// out of date once the file is open: the size is asked for again.
func openFile(path string) (*file, *original, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		const what, hint = "there is no such file", "look at its name and its folder"
		return nil, nil, &Error{Path: path, What: what, Hint: hint, Err: err}
	case errors.Is(err, fs.ErrPermission):
		const what, hint = "the file may not be read by this user", "change its permissions"
		return nil, nil, &Error{Path: path, What: what, Hint: hint, Err: err}
	case err != nil:
		return nil, nil, &Error{Path: path, What: plainError(err), Err: err}
	case info.IsDir():
		return nil, nil, &Error{Path: path, What: "it is a folder", Hint: "give the file that is meant"}
	case !info.Mode().IsRegular():
		return nil, nil, &Error{Path: path, What: "it is no regular file"}
	case info.Size() == 0:
		return nil, nil, &Error{Path: path, What: "the file is empty", Hint: "export it again"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, &Error{Path: path, What: plainError(err), Err: err}
	}
	if info, err = file.Stat(); err != nil { // another one may have its name by now
		file.Close()
		return nil, nil, &Error{Path: path, What: plainError(err), Err: err}
	}
	o := &original{File: file, path: path, size: info.Size(), written: info.ModTime()}
	return newFile(path, file, o.size, file.Close), o, nil
}

// untouched tells whether size and time are those of the file that was opened. A file that is written
// within the clock's resolution passes; that is what a thorough look is for.
func (o *original) untouched(now fs.FileInfo) bool {
	return now.Size() == o.size && now.ModTime().Equal(o.written)
}

// digest reads the whole file as it is on the disk, packed or not. It reads as far as the file went
// when it was opened: what was appended since is not part of it.
func (o *original) digest() (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(o, 0, o.size)); err != nil {
		return sum, o.broken(err)
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// broken is the error of a disk that doesn't give the file any more.
func (o *original) broken(err error) error {
	return (&file{path: o.path}).broken(err)
}
