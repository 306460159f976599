package mapping

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/text"
)

// Attachment is a file that a row names. It lies under the attachments' folder, and
// its name can't lead out of there.
type Attachment struct {
	Name string // as the row names it
	files.File
}

// Version is a file as it was at one time. What is equal has the same content, unless
// somebody puts the clock of a file back.
type Version = files.Version

// LeftOut is a file that a row names and that is not sent, by `unusable: leave_out`.
type LeftOut struct {
	Name string
	Why  string // one of missing_attachment, empty_attachment, attachment_too_large
}

var errEmpty = errors.New("the file is empty")

// Open opens the file for sending. One that is not what it was when the row was
// applied is a problem of the row: its size stands in the request's length.
func (a *Attachment) Open() (*os.File, *row.Problem) {
	file, err := a.File.Open()
	if err != nil {
		return nil, a.problem(err)
	}
	return file, nil
}

// look learns the size of the file: one that can't be read, or is not to be sent, is a
// problem of the row before anything is sent.
func (a *Attachment) look(folder *files.Folder, rules *fileRules) *row.Problem {
	var err error
	if a.File, err = folder.Look(a.Path); err != nil {
		return a.problem(err)
	}
	maxSize := rules.limit(a.Path)
	switch {
	case a.Size == 0:
		return a.problem(errEmpty)
	case rules.types != nil && !rules.types[fileType(a.Path)]:
		return &row.Problem{Field: "attachments", Error: "attachment_type", Message: fmt.Sprintf("attachments: %q is of a type that the mapping doesn't allow", a.Name),
			Hint: "convert the file, or add the type to types in the mapping"}
	case maxSize > 0 && a.Size > maxSize:
		return &row.Problem{Field: "attachments", Error: "attachment_too_large", Message: fmt.Sprintf("attachments: %q has %d bytes; at most %d are allowed", a.Name, a.Size, maxSize),
			Hint: "make the file smaller, or raise max_size in the mapping"}
	}
	return nil
}

func (a *Attachment) problem(err error) *row.Problem {
	p := &row.Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: %q can't be read: %v", a.Name, text.Reason(err)),
		Hint: "correct the file or the name", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Error, p.Message = "missing_attachment", fmt.Sprintf("attachments: there is no file %q", a.Name)
		if a.Path != filepath.ToSlash(a.Name) {
			p.Message += fmt.Sprintf(", which was looked for as %q", a.Path)
		}
		p.Hint = "put the file into the attachments' folder " + a.Root() + ", or correct the name"
	case errors.Is(err, errEmpty):
		p.Error = "empty_attachment"
	case errors.Is(err, files.ErrFolder):
		p.Error = "attachment_is_folder"
	case errors.Is(err, files.ErrNotRegular):
		p.Error = "attachment_not_regular"
	case errors.Is(err, files.ErrOutside):
		p.Error, p.Message = "attachment_outside_root", fmt.Sprintf("attachments: %q leads out of the attachments' folder", a.Name)
		p.Hint = "only files under " + a.Root() + " are sent: move the file there and name it from there, or take what stands in front of the names off by replace in the mapping"
	}
	return p
}
