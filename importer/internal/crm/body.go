package crm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/segmentio/asm/base64"
)

// File is one open attachment. A Body closes it.
type File struct {
	Name string
	Size int64  // bytes that will be sent
	Sum  string // sha256 in hex, if it is known; otherwise computed while the file is read
	io.ReadSeekCloser
}

// FileError is an attachment that could not be read to its end.
type FileError struct {
	Name string
	Err  error
}

// Error names the attachment.
func (e *FileError) Error() string { return fmt.Sprintf("the attachment %q: %v", e.Name, e.Err) }

// Unwrap is the error of reading it.
func (e *FileError) Unwrap() error { return e.Err }

const (
	rawPiece     = 24 << 10 // a multiple of 3, so that pieces of base64 join without padding
	encodedPiece = rawPiece / 3 * 4
)

// Body is the JSON of one request, its attachments read and encoded as they go:
//
//	{"operation":…,"form":{…},"attachments":["<base64>","<base64>"]}
//
// Its length is known beforehand, so that the request has a Content-Length: PHP takes no chunks. It
// has no method but Read that net/http could use to copy it: a WriterTo together with a
// Content-Length fails there.
//
// A file that has become shorter breaks the upload off. One that has become longer is sent as long
// as it was: the caller looks afterwards whether it was changed.
type Body struct {
	head    []byte
	files   []File
	hashes  []hash.Hash // nil for a file whose sum is known
	length  int64
	pending []byte // literal or encoded bytes to hand out next
	file    int    // the one being read; len(files) when done
	left    int64  // bytes of it that are still to be read
	pieces  *pieces
}

// pieces are the buffers that a file passes through. They go to another body when this one is
// closed, so nobody may be reading it then: see watched.
type pieces struct {
	raw     [rawPiece]byte
	encoded [encodedPiece]byte
}

var pool = sync.Pool{New: func() any { return new(pieces) }}

// NewBody joins a JSON object and its attachments. The object must not have the key
// attachments, and must not be empty.
func NewBody(object []byte, files []File) *Body {
	head := make([]byte, 0, len(object)+len(list)+len(end))
	head = append(append(head, object[:len(object)-1]...), list...)
	if len(files) == 0 {
		head = append(head, end...)
		return &Body{head: head, pending: head, length: int64(len(head))}
	}
	b := &Body{head: head, files: files, length: int64(len(head) + len(end)), pieces: pool.Get().(*pieces)}
	b.begin()
	for i, f := range files {
		b.length += int64(len(`""`)) + int64(base64.StdEncoding.EncodedLen(int(f.Size)))
		if i > 0 {
			b.length++
		}
		var h hash.Hash
		if f.Sum == "" {
			h = sha256.New()
		}
		b.hashes = append(b.hashes, h)
	}
	return b
}

const (
	list = `,"attachments":[`
	end  = `]}`
)

// whole is the whole body if it has no files, and must not be changed; nil otherwise.
func (b *Body) whole() []byte {
	if len(b.files) > 0 {
		return nil
	}
	return b.head
}

// begin goes to the first byte.
func (b *Body) begin() {
	b.pending, b.file, b.left = b.head, -1, 0
	if len(b.files) == 0 {
		b.file = 0
	}
}

// Len is the number of bytes that Read gives.
func (b *Body) Len() int64 { return b.length }

// Rewind makes the body ready to be sent once more.
func (b *Body) Rewind() error {
	for i, f := range b.files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return &FileError{f.Name, err}
		}
		if b.hashes[i] != nil {
			b.hashes[i].Reset()
		}
	}
	b.begin()
	return nil
}

// Sums returns the sha256, in hex, of each file: of what was read of it, if it wasn't
// known before.
func (b *Body) Sums() []string {
	sums := make([]string, len(b.files))
	for i, f := range b.files {
		if sums[i] = f.Sum; b.hashes[i] != nil {
			sums[i] = hex.EncodeToString(b.hashes[i].Sum(nil))
		}
	}
	return sums
}

// Close closes the files. The body must not be read any more.
func (b *Body) Close() error {
	var first error
	if b.pieces != nil {
		pool.Put(b.pieces)
		b.pieces, b.pending = nil, nil
	}
	for _, f := range b.files {
		if err := f.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Read gives the next bytes. A file is encoded right into p if p has room for a piece of it.
func (b *Body) Read(p []byte) (int, error) {
	for len(b.pending) == 0 {
		if b.left > 0 && len(p) >= encodedPiece {
			return b.encode(p)
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.pending)
	b.pending = b.pending[n:]
	return n, nil
}

// fill makes the next piece pending: of a file, or of what stands between files.
func (b *Body) fill() error {
	switch {
	case b.file == len(b.files):
		return io.EOF
	case b.left > 0:
		n, err := b.encode(b.pieces.encoded[:])
		b.pending = b.pieces.encoded[:n]
		return err
	}
	b.file++
	switch {
	case b.file == len(b.files):
		b.pending = []byte(`"` + end)
	case b.file == 0:
		b.pending, b.left = []byte(`"`), b.files[0].Size
	default:
		b.pending, b.left = []byte(`","`), b.files[b.file].Size
	}
	return nil
}

// encode reads the file's next piece and writes it, encoded, to the beginning of to.
func (b *Body) encode(to []byte) (int, error) {
	piece := b.pieces.raw[:min(b.left, rawPiece)]
	f := b.files[b.file]
	if _, err := io.ReadFull(f, piece); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("it has become shorter than the %d bytes it had", f.Size)
		}
		return 0, &FileError{f.Name, err}
	}
	if h := b.hashes[b.file]; h != nil {
		h.Write(piece)
	}
	b.left -= int64(len(piece))
	base64.StdEncoding.Encode(to, piece)
	return base64.StdEncoding.EncodedLen(len(piece)), nil
}
