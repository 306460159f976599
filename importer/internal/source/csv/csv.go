// Package csv cuts texts into the records of CSV files, whatever program has written them.
//
//	bytes ─► Encoding ─► window ─► splitter ─► Reader: a record's cells, and what is wrong
//	         by name,    to UTF-8  by the      with it
//	         shape or              dialect,
//	         content               detected
//
// Its rules:
//
//   - No record is lost, and none is made up. A record that is bad is a record with a [Flaw];
//     the next one begins at the next line that begins a good one.
//   - Bytes are never replaced in silence: what doesn't decode makes its record bad.
//   - Line ends within quotes stay as they are: CRLF doesn't become LF.
//   - How a text is written is found out once, from its beginning, by what most of its records
//     agree upon. [Reader.Again] doesn't look a second time.
//   - A record has a bound, so that a quote that is never closed costs a record and not the
//     memory.
//
// The package knows nothing of headers and files: its caller opens the text, and opens it
// anew for a second look.
package csv

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// Reader reads the records of a text in their order. It is not safe for concurrent use.
// It keeps one record in memory and the window around it. The text's own stream is its caller's:
// that one opened it, and closes it when the reading is over.
type Reader struct {
	splitter
	encoding Encoding
	number   int
	bad      *quoteError
	cells    []string
	err      error
}

// Flaw is what is wrong with a record by itself.
type Flaw struct {
	Kind    FlawKind
	Field   int // from 0
	Message string
}

// FlawKind tells flaws apart by what a person can do about them. None of them
// ends the reading.
type FlawKind int

const (
	BadQuotes   FlawKind = iota // the quotes of a field don't match, or the record is too long
	Undecodable                 // a field has a byte that is no character in the text's encoding
)

// sampleSize is how many bytes of the beginning tell the dialect.
const sampleSize = 64 << 10

// NewReader begins to read a text of that encoding and finds out its dialect. The delimiter is
// looked for if it is 0.
func NewReader(text io.Reader, e Encoding, delimiter byte) (*Reader, error) {
	r := &Reader{encoding: e}
	if err := r.begin(text); err != nil {
		return nil, err
	}
	r.dialect = detectDialect(r.buf[r.pos:], r.eof, delimiter)
	r.pos += r.skip
	return r, nil
}

// Again begins to read the same text from its start, with the encoding and the dialect that r
// has. It may be called while another goroutine reads from r.
func (r *Reader) Again(text io.Reader) (*Reader, error) {
	again := &Reader{encoding: r.encoding}
	again.dialect, again.columns = r.dialect, r.columns
	if err := again.begin(text); err != nil {
		return nil, err
	}
	again.pos += again.skip
	return again, nil
}

// begin fills the window with the sample, and passes over a byte order mark.
func (r *Reader) begin(text io.Reader) error {
	r.in = r.encoding.decode(text)
	for len(r.buf) < sampleSize && !r.eof {
		r.fill()
	}
	r.pos = len(r.buf) - len(bytes.TrimPrefix(r.buf, []byte("\ufeff")))
	return r.failed
}

// Expect says how many fields a good record has, once that is known by the header. Before, a bad
// record is not passed over: nothing tells where the next one begins, and Next gives it again.
func (r *Reader) Expect(fields int) { r.columns = fields }

// Next reads a record. It returns false at the end of the text and on an error.
func (r *Reader) Next() bool {
	err := r.next()
	r.bad, _ = err.(*quoteError)
	if err != nil && r.bad == nil {
		r.err = err
		return false
	}
	// A bad record counts too: the numbers of those behind it must not depend on it.
	r.number++
	// One copy for the whole record: its cells are pieces of one string, and stay good.
	text := string(r.text)
	r.cells = r.cells[:0]
	from := 0
	for _, to := range r.ends {
		r.cells = append(r.cells, text[from:to])
		from = to
	}
	return true
}

// Err is why Next returned false; nil at the end of a whole text.
func (r *Reader) Err() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}

// Number is the record's, from 1. Blank lines count, and line ends within quotes don't.
func (r *Reader) Number() int { return r.number }

// Cells are the fields of the record. The slice is used again by Next; the texts are not.
func (r *Reader) Cells() []string { return r.cells }

// Unended tells, at the end of the text, whether it may be only the beginning of one: the last
// record has no line end, or a quote is still open. A line end within quotes ends no record, so a
// text that stops behind one may be cut as well. In doubt it is true: its caller then waits for the
// text's writer, which costs less than a row that was cut short.
func (r *Reader) Unended() bool {
	atEnd := r.eof && r.pos > 0 && r.pos == len(r.buf)
	return atEnd && (r.unclosed || r.buf[r.pos-1] != r.newline)
}

// Flaw is what is wrong with the record; nil if nothing is.
func (r *Reader) Flaw() *Flaw {
	if r.bad != nil {
		return &Flaw{BadQuotes, r.bad.field, fmt.Sprintf("in column %d %s", r.bad.field+1, r.bad.what)}
	}
	// Most records are sound: one look at the whole of it is cheaper than one at each cell.
	if r.encoding.decoder == nil && utf8.Valid(r.text) {
		return nil
	}
	for i, cell := range r.cells {
		if at := r.encoding.undecodable(cell); at >= 0 {
			const what = "column %d has a character that is not %s: byte 0x%02X after %q"
			before := Excerpt(lastRunes(cell[:at]))
			return &Flaw{Undecodable, i, fmt.Sprintf(what, i+1, r.encoding.Name, cell[at], before)}
		}
	}
	return nil
}

// Locate returns the byte at an offset of a text that has the dialect of r, and the number of
// the record that it is in. The text is read from its start.
func (r *Reader) Locate(text io.Reader, offset int64) (b byte, record int, err error) {
	// One column is expected, so that a bad record is passed over instead of given again.
	s := splitter{dialect: r.dialect, window: window{in: io.LimitReader(text, offset)}, columns: 1}
	for err := s.next(); err == nil || isBadRecord(err); err = s.next() {
		record++
	}
	var at [1]byte
	_, err = io.ReadFull(text, at[:])
	return at[0], max(record, 1), err
}

// isBadRecord tells a record that was passed over from an end of the reading.
func isBadRecord(err error) bool {
	_, is := err.(*quoteError)
	return is
}
