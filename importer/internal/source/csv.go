package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// The window in which a record has to fit, beginnings and bounds.
const (
	firstWindow = 256 << 10
	maxRecord   = 10 << 20
)

// splitter cuts a text into the records of a CSV file. encoding/csv would make LF of
// the CRLF within a text, and could not go on behind a quote that is never closed.
//
// A quote matters only where a field begins with it: elsewhere it is text. What stands
// within quotes is taken as it is, line ends included.
type splitter struct {
	dialect
	in      io.Reader
	buf     []byte // the window; what is not read yet begins at pos
	pos     int
	eof     bool
	failed  error // of in
	columns int   // fields of a good record; 0 until it is known
	strict  bool  // no field may have quotes in it that don't enclose it

	text []byte // the fields of the record, one after the other
	ends []int  // where each ends in text
}

var errMore = errors.New("the record goes on behind the window")

// quoteError is a field whose quotes don't match.
type quoteError struct {
	field int
	what  string
}

func (e *quoteError) Error() string { return e.what }

// parse reads the record at the start of b, which is the window from pos on, and
// returns its length.
func (s *splitter) parse(b []byte) (int, error) {
	s.text, s.ends = s.text[:0], s.ends[:0]
	eol := -1 // the line's end; what is before at is out of date
	for at := 0; ; {
		if at < len(b) && b[at] == s.quote {
			n, err := s.quoted(b[at:])
			if err != nil {
				return 0, err
			}
			at += n
		} else {
			if eol < at {
				eol = bytes.IndexByte(b[at:], s.newline)
				switch {
				case eol >= 0:
					eol += at
				case !s.eof:
					return 0, errMore
				default:
					eol = len(b)
				}
			}
			n := bytes.IndexByte(b[at:eol], s.comma)
			last := n < 0
			if last {
				n = eol - at
			}
			field := b[at : at+n]
			if last && n > 0 && field[n-1] == '\r' && eol < len(b) {
				field = field[:n-1]
			}
			if s.strict && bytes.IndexByte(field, s.quote) >= 0 {
				return 0, &quoteError{len(s.ends), "a quote within a text that is not in quotes"}
			}
			s.text = append(s.text, field...)
			at += n
		}
		s.ends = append(s.ends, len(s.text))
		switch {
		case at == len(b):
			return at, nil
		case b[at] == s.comma:
			at++
		case b[at] == s.newline:
			return at + 1, nil
		default: // '\r' and '\n' behind a quoted field
			return at + 2, nil
		}
	}
}

// quoted reads the field at the start of b, which is in quotes.
func (s *splitter) quoted(b []byte) (int, error) {
	at := 1
	for {
		n := bytes.IndexByte(b[at:], s.quote)
		if n < 0 {
			if s.eof {
				return 0, &quoteError{len(s.ends), "a quote opens and is never closed"}
			}
			return 0, errMore
		}
		s.text = append(s.text, b[at:at+n]...)
		at += n + 1
		if at == len(b) || b[at] == '\r' && at+1 == len(b) {
			if !s.eof {
				return 0, errMore
			}
			return at, s.atEnd(b[at:])
		}
		switch {
		case b[at] == s.quote:
			s.text = append(s.text, s.quote)
			at++
		case b[at] == s.comma, b[at] == s.newline, b[at] == '\r' && b[at+1] == s.newline:
			return at, nil
		default:
			return 0, &quoteError{len(s.ends), fmt.Sprintf("a closing quote is followed by %q", shorten(firstLine(b[at:])))}
		}
	}
}

// atEnd is about what stands behind the last quote of a file.
func (s *splitter) atEnd(rest []byte) error {
	if len(rest) > 0 && rest[0] != s.newline {
		return &quoteError{len(s.ends), `a closing quote is followed by "\r"`}
	}
	return nil
}

func firstLine(b []byte) string {
	b = b[:min(len(b), 200)]
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

// fill reads more into the window and makes it larger where it is full.
func (s *splitter) fill() {
	if s.pos > 0 {
		n := copy(s.buf, s.buf[s.pos:])
		s.buf, s.pos = s.buf[:n], 0
	}
	if len(s.buf) == cap(s.buf) {
		larger := make([]byte, len(s.buf), max(firstWindow, 2*cap(s.buf)))
		copy(larger, s.buf)
		s.buf = larger
	}
	for empty := 0; ; empty++ {
		n, err := s.in.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if err == nil && n == 0 && empty > 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.failed = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
}

// next reads a record into text and ends. It returns io.EOF at the end, a
// [*quoteError] for a record that it has passed over, and other errors where nothing
// more can be read.
func (s *splitter) next() error {
	for {
		window := s.buf[s.pos:]
		if len(window) == 0 && s.eof {
			return s.end()
		}
		n, err := errLength(window, s.parse)
		if s.failed != nil && (err != nil || n == len(window)) {
			return s.failed // the record may be cut short
		}
		if err == nil && n > maxRecord {
			err = errMore // as if the window were no larger
		}
		switch bad, _ := err.(*quoteError); {
		case err == nil:
			s.pos += n
			return nil
		case bad != nil && s.columns > 0:
			return s.recover(bad)
		case err != errMore:
			return err
		case len(window) >= maxRecord && s.columns > 0:
			return s.recover(&quoteError{min(len(s.ends), s.columns-1), fmt.Sprintf("a record has more than %d bytes, perhaps for want of a closing quote", maxRecord)})
		case len(window) >= maxRecord:
			return &quoteError{0, fmt.Sprintf("a record has more than %d bytes", maxRecord)}
		}
		s.fill()
	}
}

// errLength asks for more where there is nothing yet.
func errLength(window []byte, parse func([]byte) (int, error)) (int, error) {
	if len(window) == 0 {
		return 0, errMore
	}
	return parse(window)
}

func (s *splitter) end() error {
	if s.failed != nil {
		return s.failed
	}
	return io.EOF
}

// recover passes over a bad record: up to the next line at which a record begins that
// has as many fields as it should, and no stray quote. The record's text is all that
// was passed over, split as far as it could be.
func (s *splitter) recover(bad *quoteError) error {
	s.strict = true
	defer func() { s.strict = false }()
	next := 0
	for {
		window := s.buf[s.pos:]
		line := bytes.IndexByte(window[next:], s.newline)
		if line < 0 {
			if !s.eof && len(window) < 2*maxRecord {
				s.fill()
				continue
			}
			if !s.eof {
				return fmt.Errorf("%s, and no line of the next %d bytes begins a row", bad.what, len(window))
			}
			next = len(window)
			break
		}
		next += line + 1
		n, err := errLength(window[next:], s.parse)
		for err == errMore && !s.eof && len(s.buf)-s.pos < 2*maxRecord {
			s.fill()
			window = s.buf[s.pos:]
			n, err = errLength(window[next:], s.parse)
		}
		if err == nil && len(s.ends) == s.columns && n > 0 {
			break
		}
	}
	if s.failed != nil {
		return s.failed
	}
	lost := s.buf[s.pos : s.pos+next]
	s.pos += next
	s.salvage(lost, bad.field)
	if lines := bytes.Count(bytes.TrimRight(lost, "\r\n"), []byte{s.newline}); lines > 0 {
		bad.what += fmt.Sprintf("; %d lines were taken for this one row", lines+1)
	}
	return bad
}

// salvage splits a bad record up to the field that is bad, which gets all the rest.
func (s *splitter) salvage(b []byte, field int) {
	s.text, s.ends = s.text[:0], s.ends[:0]
	for range field {
		if len(b) > 0 && b[0] == s.quote {
			n, err := s.quoted(b)
			if err != nil {
				break
			}
			b = b[n:]
		} else {
			n := max(bytes.IndexByte(b, s.comma), 0)
			s.text = append(s.text, b[:n]...)
			b = b[n:]
		}
		s.ends = append(s.ends, len(s.text))
		b = b[min(1, len(b)):]
	}
	s.text = append(s.text, bytes.TrimRight(b, "\r\n")...)
	s.ends = append(s.ends, len(s.text))
}

// csvRecords are the records of a CSV file.
type csvRecords struct {
	splitter
	file   *file
	stream io.ReadCloser
	codec  codec
	lent   bool // the file belongs to other records
	done   atomic.Int64
	number int
	bad    *quoteError
	cells  []string
	err    error
}

const sampleSize = 64 << 10

func openCSV(f *file, opt Options) (*Reader, error) {
	if opt.Delimiter >= utf8.RuneSelf {
		return nil, f.error(fmt.Sprintf("the delimiter %q is not an ASCII character", opt.Delimiter), "export the file with another delimiter")
	}
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	c, err := f.chooseEncoding(opt.Encoding, head)
	if err != nil {
		return nil, err
	}
	records := &csvRecords{file: f, codec: c}
	if err := records.begin(byte(opt.Delimiter)); err != nil {
		return nil, err
	}
	r := &Reader{text: true, records: records}
	if c.odd >= 0 {
		r.notes = append(r.notes, f.oddNote(c, records.dialect))
	}
	if err := r.readHeader(f.path, opt.HeaderRow); err != nil {
		records.stream.Close()
		return nil, err
	}
	records.columns = len(r.header)
	return r, nil
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

// begin opens the text, reads a sample and finds the dialect by it, unless that is known.
func (c *csvRecords) begin(delimiter byte) (err error) {
	if c.stream, err = c.file.stream(func(n int) { c.done.Add(int64(n)) }); err != nil {
		return c.file.broken(err)
	}
	c.in = c.codec.decode(c.stream)
	for len(c.buf) < sampleSize && !c.eof {
		c.fill()
	}
	if c.failed != nil {
		c.stream.Close()
		return c.file.broken(c.failed)
	}
	c.pos = len(c.buf) - len(bytes.TrimPrefix(c.buf, []byte("\ufeff")))
	if c.dialect == (dialect{}) {
		c.dialect = detectDialect(c.buf[c.pos:], c.eof, delimiter)
	}
	c.pos += c.skip
	return nil
}

// rows are not known of a text before they have been read.
func (c *csvRecords) rows() (int, bool) { return 0, false }

func (c *csvRecords) progress() (done, total int64) { return c.done.Load(), c.file.size }

// again reads the text a second time, in the same encoding and the same dialect.
func (c *csvRecords) again() (records, error) {
	again := &csvRecords{file: c.file, codec: c.codec, lent: true}
	again.dialect, again.columns = c.dialect, c.columns
	if err := again.begin(0); err != nil {
		return nil, err
	}
	return again, nil
}

// oddNote tells why a file is not read as UTF-8.
func (f *file) oddNote(c codec, d dialect) string {
	note := "read as " + c.name
	in, err := f.stream(func(int) {})
	if err != nil {
		return note
	}
	defer in.Close()
	s := splitter{dialect: d, in: io.LimitReader(in, c.odd), columns: 1}
	row := 0
	for err := s.next(); err == nil || isBadRow(err); err = s.next() {
		row++
	}
	odd := make([]byte, 1)
	if _, err := io.ReadFull(in, odd); err != nil {
		return note
	}
	return fmt.Sprintf("%s (not UTF-8: byte 0x%02X in row %d); --encoding to change", note, odd[0], max(row, 1))
}

func isBadRow(err error) bool {
	_, is := err.(*quoteError)
	return is
}

func (c *csvRecords) next() bool {
	err := c.splitter.next()
	c.bad, _ = err.(*quoteError)
	if err != nil && c.bad == nil {
		c.err = err
		return false
	}
	c.number++
	text := string(c.text)
	c.cells = c.cells[:0]
	from := 0
	for _, to := range c.ends {
		c.cells = append(c.cells, text[from:to])
		from = to
	}
	return true
}

func (c *csvRecords) record() record {
	return record{number: c.number, cells: c.cells, err: c.flaw()}
}

// shown is the text itself: there is no other.
func (c *csvRecords) shown(column int) string {
	if column < len(c.cells) {
		return c.cells[column]
	}
	return ""
}

// flaw is what is wrong with the record by itself.
func (c *csvRecords) flaw() *RowError {
	if c.bad != nil {
		return &RowError{
			Word:    BadQuotes,
			Message: fmt.Sprintf("in column %d %s", c.bad.field+1, c.bad.what),
			Hint:    `a quote within a text in quotes is written twice: ""`,
			Column:  c.bad.field,
		}
	}
	if c.codec.Encoding == nil && utf8.Valid(c.text) {
		return nil
	}
	for i, cell := range c.cells {
		if at := c.undecodable(cell); at >= 0 {
			return &RowError{
				Word:    InvalidUTF8,
				Message: fmt.Sprintf("column %d has a character that is not %s: byte 0x%02X after %q", i+1, c.codec.name, cell[at], shorten(lastRunes(cell[:at]))),
				Hint:    "save the file as UTF-8, or say its encoding: --encoding windows-1252",
				Column:  i,
			}
		}
	}
	return nil
}

// undecodable finds the first byte of a cell that did not become text; -1 where there
// is none. A decoder leaves U+FFFD in its place.
func (c *csvRecords) undecodable(cell string) int {
	if c.codec.Encoding != nil {
		return strings.IndexRune(cell, utf8.RuneError)
	}
	for i, r := range cell {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(cell[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

// lastRunes is the end of a text, for a message.
func lastRunes(text string) string {
	runes := []rune(text)
	return string(runes[max(0, len(runes)-20):])
}

func (c *csvRecords) unended() bool {
	return c.eof && c.pos > 0 && c.pos == len(c.buf) && c.buf[c.pos-1] != c.newline
}

func (c *csvRecords) reason() error {
	if c.err == nil || c.err == io.EOF {
		return nil
	}
	e := c.file.broken(c.err).(*Error)
	e.Row = c.number + 1
	return e
}

func (c *csvRecords) close() error {
	if c.lent {
		return c.stream.Close()
	}
	return errors.Join(c.stream.Close(), c.file.close())
}
