package xlsx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"
)

const (
	pieceSize = 128 << 10
	pieces    = 4       // in circulation: one is read, one is waiting, one is being filled
	headroom  = 4 << 10 // free bytes before each, where the end of the last one fits
)

// feed unpacks a part ahead of its reader, in a goroutine of its own: on two cores
// that hides most of the time that inflating takes. It also checks what can be
// checked of bytes alone, so that the scanner need not look at each: that the text is
// UTF-8 and has no character that XML forbids.
//
// Pieces go round: who takes one from full gives it back to empty, and nobody else holds it meanwhile.
type feed struct {
	full  chan []byte
	empty chan []byte
	stop  chan struct{}
	once  sync.Once
	err   error // of the goroutine; io.EOF at a good end. Read it after full is closed
}

// startFeed reads in, which is of that size, to its end or until close. It closes in.
// A small part gets small pieces: a workbook has a dozen parts of a few hundred bytes.
func startFeed(in io.ReadCloser, size int64) *feed {
	f := &feed{full: make(chan []byte, pieces), empty: make(chan []byte, pieces), stop: make(chan struct{})}
	for range pieces {
		f.empty <- make([]byte, headroom+min(pieceSize, size+1)) // the last byte finds the end
	}
	go f.run(in)
	return f
}

// run unpacks until the part ends, is damaged, or nobody reads any more. Whatever happens, it closes
// full last: err may be read from then on.
func (f *feed) run(in io.ReadCloser) {
	defer close(f.full)
	defer in.Close()
	var check byteCheck
	for f.err == nil {
		var piece []byte
		select {
		case piece = <-f.empty:
		case <-f.stop:
			f.err = errors.New("reading was ended")
			return
		}
		var n int
		n, f.err = io.ReadFull(in, piece[headroom:cap(piece)])
		// The checksum of the archive is looked at with the read that finds the end. Without that read, a
		// part with a bit that was flipped would pass.
		if errors.Is(f.err, io.ErrUnexpectedEOF) { // either the part's end, or its archive's
			_, f.err = in.Read(make([]byte, 1))
			if f.err == nil {
				f.err = io.ErrUnexpectedEOF
			}
		}
		if f.err == nil || f.err == io.EOF {
			if err := check.piece(piece[headroom:headroom+n], f.err == io.EOF); err != nil {
				f.err = err
			}
		}
		f.full <- piece[:headroom+n]
	}
}

// next returns the next piece, whose first headroom bytes are free to be used.
func (f *feed) next() ([]byte, error) {
	piece, ok := <-f.full
	if !ok {
		return nil, f.err
	}
	return piece, nil
}

// giveBack returns a piece that has been read.
// It never blocks: empty has room for all that there are.
func (f *feed) giveBack(piece []byte) { f.empty <- piece }

// close ends the unpacking and waits for it, so that neither the goroutine nor the open part outlives
// its reader. It may be called twice.
func (f *feed) close() {
	f.once.Do(func() { close(f.stop) })
	for range f.full { // until the goroutine has gone, and has closed the part
	}
}

// byteCheck looks for bytes that no XML text in UTF-8 has.
type byteCheck struct {
	rest []byte // of a character that the last piece ended in
}

// piece checks the next piece of a text. A character may begin in one piece and end in the next: its
// first bytes are kept in rest until then.
func (c *byteCheck) piece(b []byte, last bool) error {
	if x, ok := forbidden(b); ok {
		return fmt.Errorf("byte 0x%02X, which XML forbids", x)
	}
	for len(c.rest) > 0 && len(b) > 0 && !utf8.FullRune(c.rest) {
		c.rest = append(c.rest, b[0])
		b = b[1:]
	}
	if len(c.rest) > 0 && (last || utf8.FullRune(c.rest)) {
		if !utf8.Valid(c.rest) {
			return notUTF8(c.rest)
		}
		c.rest = c.rest[:0]
	}
	whole := b
	if !last {
		whole = b[:len(b)-unfinished(b)]
	}
	if !utf8.Valid(whole) {
		return notUTF8(whole)
	}
	c.rest = append(c.rest, b[len(whole):]...)
	return nil
}

// forbidden finds a control character, eight bytes at a step.
func forbidden(b []byte) (byte, bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; at+8 <= len(b); at += 8 {
		word := binary.LittleEndian.Uint64(b[at:])
		if (word-' '*ones)&^word&highs == 0 {
			continue // none of the eight is below a blank
		}
		if x, ok := forbiddenByte(b[at : at+8]); ok {
			return x, true
		}
	}
	return forbiddenByte(b[at:])
}

// forbiddenByte finds a control character among few bytes. XML allows three of them: line feed,
// carriage return and tab.
func forbiddenByte(b []byte) (byte, bool) {
	for _, x := range b {
		if x < ' ' && x != '\n' && x != '\r' && x != '\t' {
			return x, true
		}
	}
	return 0, false
}

// unfinished is how many bytes at the end begin a character and don't complete it.
func unfinished(b []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(b)); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// notUTF8 names the first byte that is wrong, since people search for it in the file.
func notUTF8(b []byte) error {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return fmt.Errorf("byte 0x%02X, which is not UTF-8", b[0])
		}
		b = b[n:]
	}
	return errors.New("text that is not UTF-8")
}
