package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// headSize is how many of a file's first bytes tell what it is.
const headSize = 4 << 10

// file is an open input, or what is packed in one.
type file struct {
	path string
	io.ReaderAt
	size int64

	// stream begins to read the file, unpacked, from its start; done is told how many
	// bytes of the file itself have been read. It may be called as often as is needed.
	stream stream
	close  func() error
}

// stream opens what a file unpacks to. Its caller closes what it returns.
// done counts bytes of the packed file, since only its size is known beforehand.
type stream func(done func(int)) (io.ReadCloser, error)

// newFile is a file that isn't packed, or is so no more.
func newFile(path string, content io.ReaderAt, size int64, close func() error) *file {
	f := &file{path: path, ReaderAt: content, size: size, close: close}
	f.stream = func(done func(int)) (io.ReadCloser, error) {
		return io.NopCloser(&counted{io.NewSectionReader(content, 0, size), done}), nil
	}
	return f
}

// counted tells how many bytes are read.
type counted struct {
	io.Reader
	done func(int)
}

// Read passes the bytes on and tells how many they were.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.done(n)
	return n, err
}

// head is the first bytes of what the file unpacks to.
func (f *file) head() ([]byte, error) {
	in, err := f.stream(func(int) {})
	if err != nil {
		return nil, f.broken(err)
	}
	defer in.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, f.broken(err)
	}
	return head[:n], nil
}

// error is what is wrong with the file by its content.
func (f *file) error(what, hint string) error { return &Error{Path: f.path, What: what, Hint: hint} }

// broken is the error of a file that the system, or its packing, can't read.
func (f *file) broken(err error) *Error {
	what := "it can't be read: " + plainError(err)
	return &Error{Path: f.path, What: what, Hint: "copy or download it again", Err: err}
}

// plainError is what a system's error says, without the path, which is said already.
func plainError(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return err.Error()
}

// temp lists the folders for temporary files. The system's may be missing, read-only or too
// small; where the input is, there was room for it.
func (f *file) temp() []string { return []string{os.TempDir(), filepath.Dir(f.path)} }
