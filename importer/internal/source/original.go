package source

import (
	"crypto/sha256"
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

// Digest returns the SHA-256 and the size of the file on the disk. It has to be called before
// the first row is read: it is what Same holds the file against.
func (r *Reader) Digest() (sum [sha256.Size]byte, size int64, err error) {
	o := r.original
	if o.sum, err = o.digest(); err != nil {
		return sum, 0, err
	}
	now, err := o.Stat()
	if err != nil {
		return sum, 0, o.broken(err)
	}
	if !o.untouched(now) { // the header may be that of another file
		const hint = "wait until it is whole, and run the same command again"
		return sum, 0, &Error{Path: o.path, What: "it is being written", Hint: hint}
	}
	return o.sum, o.size, nil
}

// Same tells whether the file on the disk is still what it was when it was opened. Where its
// size and time are as they were, its content is taken for the same, unless it is to be looked
// at thoroughly. What was read before a call that finds it the same was read from that file.
func (r *Reader) Same(thoroughly bool) (bool, error) {
	o := r.original
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
	o.written = now.ModTime() // it was only touched
	return true, nil
}

// Written is when the file on the disk was last written.
func (r *Reader) Written() time.Time { return r.original.written }

// Again begins to read the same file from its start, in the same way, also if its name belongs
// to another one by now. What Open has found out is taken for granted: the file is not checked,
// unpacked or counted a second time. The new reader needs this one to stay open. Again may be
// called while another goroutine reads.
func (r *Reader) Again() (*Reader, error) {
	records, err := r.records.again()
	if err != nil {
		return nil, err
	}
	again := &Reader{original: r.original, options: r.options, records: records, text: r.text}
	if err := again.readHeader(r.original.path, r.options.HeaderRow); err != nil {
		records.close()
		return nil, err
	}
	again.notes = r.notes
	return again, nil
}

func (o *original) untouched(now fs.FileInfo) bool {
	return now.Size() == o.size && now.ModTime().Equal(o.written)
}

func (o *original) digest() (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(o, 0, o.size)); err != nil {
		return sum, o.broken(err)
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

func (o *original) broken(err error) error {
	return (&file{path: o.path}).broken(err)
}
