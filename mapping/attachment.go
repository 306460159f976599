package mapping

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Attachment is a file that a row names. It lies under the attachments' folder, and
// its name can't lead out of there.
type Attachment struct {
	Name string // as the row names it
	Size int64  // bytes, when the row was applied

	modified time.Time
	settled  bool // nobody can have written to it since without its time showing it
	root     *os.Root
	path     string
}

// look opens the file to learn its size, and closes it again: a file that can't be
// read is a problem of the row before anything is sent.
func (a *Attachment) look(rules *fileRules) *Problem {
	file, err := a.open()
	if err != nil {
		return a.problem(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return a.problem(err)
	}
	a.Size, a.modified = info.Size(), info.ModTime()
	a.settled = time.Since(a.modified) > 2*time.Second // the coarsest clock that a disk has
	maxSize := rules.limit(a.path)
	switch {
	case a.Size == 0:
		return a.problem(errEmpty)
	case rules.types != nil && !rules.types[fileType(a.path)]:
		return &Problem{Field: "attachments", Error: "attachment_type", Message: fmt.Sprintf("attachments: %q is of a type that the mapping doesn't allow", a.Name),
			Hint: "convert the file, or add the type to types in the mapping"}
	case maxSize > 0 && a.Size > maxSize:
		return &Problem{Field: "attachments", Error: "attachment_too_large", Message: fmt.Sprintf("attachments: %q has %d bytes; at most %d are allowed", a.Name, a.Size, maxSize),
			Hint: "make the file smaller, or raise max_size in the mapping"}
	}
	return nil
}

var (
	errEmpty      = errors.New("the file is empty")
	errNotRegular = errors.New("it is not a regular file")
	errFolder     = errors.New("it is a folder")
	errChanged    = errors.New("it changed while the run was on")
	errOutside    = errors.New("the name leads out of the attachments' folder")
)

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// Open opens the file for sending. One that is not what it was when the row was
// applied is a problem of the row: its size stands in the request's length.
func (a *Attachment) Open() (*os.File, *Problem) {
	file, err := a.open()
	if err != nil {
		return nil, a.problem(err)
	}
	info, err := file.Stat()
	if err == nil && (info.Size() != a.Size || !info.ModTime().Equal(a.modified)) {
		err = errChanged
	}
	if err != nil {
		file.Close()
		return nil, a.problem(err)
	}
	return file, nil
}

// Version is a file as it was at one time. What is equal has the same content, unless
// somebody puts the clock of a file back.
type Version struct {
	path           string
	size, modified int64
}

// Version is the file as it was when the row was applied. It is settled where whoever has
// written to the file since has changed its time.
func (a *Attachment) Version() (v Version, settled bool) {
	return Version{a.path, a.Size, a.modified.UnixNano()}, a.settled
}

// Changed tells whether an open file is no longer what it was when the row was applied.
// Asked after sending, it tells that what was sent may be half of the old file and half
// of the new one.
func (a *Attachment) Changed(file *os.File) bool {
	info, err := file.Stat()
	return err != nil || info.Size() != a.Size || !info.ModTime().Equal(a.modified)
}

// open is where names are held inside the folder. os.Root holds names and symbolic links inside the
// folder; whether it is a regular file is asked of the open file, which can't be
// exchanged any more.
func (a *Attachment) open() (*os.File, error) {
	if path.IsAbs(a.path) || filepath.IsAbs(a.path) || drive.MatchString(a.path) || !filepath.IsLocal(filepath.FromSlash(a.path)) {
		return nil, errOutside
	}
	file, err := openInside(a.root, filepath.FromSlash(a.path))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errFolder
	case !info.Mode().IsRegular():
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func (a *Attachment) problem(err error) *Problem {
	p := &Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: %q can't be read: %v", a.Name, reason(err)),
		Hint: "correct the file or the name", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Error, p.Message = "missing_attachment", fmt.Sprintf("attachments: there is no file %q", a.Name)
		if a.path != filepath.ToSlash(a.Name) {
			p.Message += fmt.Sprintf(", which was looked for as %q", a.path)
		}
		p.Hint = "put the file into the attachments' folder " + a.root.Name() + ", or correct the name"
	case errors.Is(err, errEmpty):
		p.Error = "empty_attachment"
	case errors.Is(err, errFolder):
		p.Error = "attachment_is_folder"
	case errors.Is(err, errNotRegular):
		p.Error = "attachment_not_regular"
	case errors.Is(err, errOutside), escapes(err):
		p.Error, p.Message = "attachment_outside_root", fmt.Sprintf("attachments: %q leads out of the attachments' folder", a.Name)
		p.Hint = "only files under " + a.root.Name() + " are sent: move the file there and name it from there, or take what stands in front of the names off by replace in the mapping"
	}
	return p
}

// escapes recognises os.Root's refusal, for which the library has no exported error.
func escapes(err error) bool { return strings.Contains(err.Error(), "escapes from parent") }

// reason takes the operation and the path off an error whose message names them.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
