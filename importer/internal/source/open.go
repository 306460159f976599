package source

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"wolkvox-import/importer/internal/source/xlsx"
)

// file is an open input.
type file struct {
	path string
	io.ReaderAt
	size int64

	// stream begins to read the file, unpacked, from its start; done is told how many
	// bytes of the file itself have been read.
	stream func(done func(int)) (io.ReadCloser, error)
	close  func() error
}

// Open opens a file and reads as much of it as is needed to know how to read it. Its
// errors are [*Error], of one line.
func Open(path string, opt Options) (*Reader, error) {
	f, o, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return open(f, o, opt)
}

// open finds out how to read a file, which it closes if it can't be read.
func open(f *file, o *original, opt Options) (*Reader, error) {
	r, err := f.open(opt)
	if err != nil {
		f.close()
		return nil, err
	}
	r.original, r.options = o, opt
	return r, nil
}

func openFile(path string) (*file, *original, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, &Error{Path: path, What: "there is no such file", Hint: "look at its name and its folder", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, &Error{Path: path, What: "the file may not be read by this user", Hint: "change its permissions", Err: err}
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
	return newFile(path, file, info.Size(), file.Close), &original{File: file, path: path, size: info.Size(), written: info.ModTime()}, nil
}

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

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.done(n)
	return n, err
}

func (f *file) open(opt Options) (*Reader, error) {
	head := make([]byte, min(headSize, f.size))
	if n, err := f.ReadAt(head, 0); n < len(head) {
		return nil, f.broken(err)
	}
	k := recognise(head)
	switch {
	case k == nil:
		return openCSV(f, opt)
	case k.open == nil:
		return nil, f.error(k.what, k.hint)
	}
	return k.open(f, opt)
}

func (f *file) error(what, hint string) error { return &Error{Path: f.path, What: what, Hint: hint} }

// broken is the error of a file that the system, or its packing, can't read.
func (f *file) broken(err error) error {
	return &Error{Path: f.path, What: "it can't be read: " + plainError(err), Hint: "copy or download it again", Err: err}
}

// plainError is what a system's error says, without the path, which is said already.
func plainError(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return err.Error()
}

func openGzip(f *file, opt Options) (*Reader, error) {
	return f.openPacked(opt, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) })
}

func openZstd(f *file, opt Options) (*Reader, error) {
	return f.openPacked(opt, func(r io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	})
}

// openPacked opens what is packed by a stream's compression.
func (f *file) openPacked(opt Options, unpack func(io.Reader) (io.ReadCloser, error)) (*Reader, error) {
	packed := f.stream
	return f.openStream(opt, func(done func(int)) (io.ReadCloser, error) {
		r, err := packed(done)
		if err != nil {
			return nil, err
		}
		return unpack(r)
	})
}

// unpack opens an entry of an archive.
func (f *file) unpack(entry func() (io.ReadCloser, error), size int64, opt Options) (*Reader, error) {
	return f.openStream(opt, func(done func(int)) (io.ReadCloser, error) {
		r, err := entry()
		if err != nil {
			return nil, err
		}
		packed := float64(f.size) / float64(max(size, 1)) // the archive doesn't say how far it is
		return &entryReader{counted{r, func(n int) { done(int(float64(n) * packed)) }}, r}, nil
	})
}

type entryReader struct {
	counted
	io.Closer
}

// openStream opens what a stream holds, once it has been unpacked to its end: damage has
// to be known before a row of it is used. A workbook is needed as a whole, in any order:
// it is put into a temporary file.
func (f *file) openStream(opt Options, stream func(func(int)) (io.ReadCloser, error)) (*Reader, error) {
	f.stream = stream
	in, err := stream(func(int) {})
	if err != nil {
		return nil, f.broken(err)
	}
	defer in.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, f.broken(err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, f.broken(err)
	}
	k := recognise(head[:n])
	switch {
	case n == 0:
		return nil, f.error("what is packed in it is empty", "export it again")
	case k == nil:
		return openCSV(f, opt)
	case k.name != "zip":
		return nil, f.error("of what is packed in it: "+orElse(k.what, "it is packed once more"), orElse(k.hint, "unpack it first"))
	}
	spooled, err := f.spool(stream)
	if err != nil {
		return nil, err
	}
	r, err := openZip(spooled, opt)
	if err != nil {
		spooled.close()
		return nil, err
	}
	discard := spooled.close
	spooled.close = func() error { return errors.Join(discard(), f.close()) } // what is packed is compared to the end
	return r, nil
}

func orElse(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// maxSpool bounds what a stream may unpack to.
const maxSpool = 2 << 30

// temp lists the folders for temporary files. The system's may be missing, read-only or too
// small; where the input is, there was room for it.
func (f *file) temp() []string { return []string{os.TempDir(), filepath.Dir(f.path)} }

// spool unpacks a stream into a temporary file.
func (f *file) spool(stream func(func(int)) (io.ReadCloser, error)) (*file, error) {
	var full error
	for _, folder := range f.temp() {
		spooled, err := f.spoolInto(folder, stream)
		if wrong := new(Error); err == nil || errors.As(err, &wrong) {
			return spooled, err
		}
		full = errors.Join(full, err)
	}
	return nil, &Error{Path: f.path, What: "there is no room to unpack it: " + strings.ReplaceAll(full.Error(), "\n", "; "), Hint: "free some space, or unpack it by hand", Err: full}
}

// spoolInto fails with an *Error where the stream is damaged, which it is in every folder.
func (f *file) spoolInto(folder string, stream func(func(int)) (io.ReadCloser, error)) (*file, error) {
	temp, err := xlsx.NewTemp(folder)
	if err != nil {
		return nil, err
	}
	in, err := stream(func(int) {})
	if err != nil {
		temp.Close()
		return nil, f.broken(err)
	}
	defer in.Close()
	size, err := io.Copy(temp, io.LimitReader(in, maxSpool+1))
	if err == nil && size > maxSpool {
		err = fmt.Errorf("it unpacks to more than %d bytes", int64(maxSpool))
	}
	if err == nil {
		return newFile(f.path, temp, size, temp.Close), nil
	}
	temp.Close()
	if write, ok := errors.AsType[*fs.PathError](err); ok && write.Op == "write" {
		return nil, err
	}
	return nil, f.broken(err)
}

func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// TextHeader is the header of a CSV file, as it is read where nothing is known of the
// file; nil for all others.
func TextHeader(path string) []string {
	f, _, err := openFile(path)
	if err != nil {
		return nil
	}
	head, err := f.head()
	if err != nil || recognise(head) != nil {
		f.close()
		return nil
	}
	r, err := openCSV(f, Options{})
	if err != nil {
		f.close()
		return nil
	}
	defer r.Close()
	return r.Header()
}
