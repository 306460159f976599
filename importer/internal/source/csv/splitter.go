package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// dialect is how a CSV file is written.
type dialect struct {
	comma   byte
	quote   byte
	newline byte // '\n', before which a '\r' doesn't count; or '\r' if there are no others
	skip    int  // bytes of a first line that only says the delimiter
}

// maxRecord bounds a record, in bytes: behind a quote that is never closed, the whole rest of
// the file would be one.
const maxRecord = 10 << 20

// splitter cuts a text into the records of a CSV file. encoding/csv would make LF of
// the CRLF within a text, and could not go on behind a quote that is never closed.
//
// RFC 4180 has quotes and line ends within them; but it knows no other delimiter than a comma, and
// it doesn't say what to do with a file that breaks its rules. Excel's reading of such a file is
// followed as far as it loses nothing.
//
// A quote matters only if a field begins with it: otherwise it is text. What stands
// within quotes is taken as it is, line ends included.
type splitter struct {
	dialect
	window
	columns int  // fields of a good record; 0 until it is known
	strict  bool // no field may have quotes in it that don't enclose it

	// unclosed says that a quote opens before the end of the text and isn't closed there. It stays
	// true behind a bad record: recovery may have taken what stands within the quotes for records.
	unclosed bool

	text []byte // the fields of the record, one after the other
	ends []int  // where each ends in text
}

// errMore makes next fill the window and parse the record once more from its start. It never leaves
// the package.
var errMore = errors.New("the record goes on behind the window")

// quoteError is a field whose quotes don't match.
type quoteError struct {
	field int
	what  string
}

// Error is what is wrong, without the record's number, which the reader knows.
func (e *quoteError) Error() string { return e.what }

// parse reads the record at the start of b, which is the window from pos on, and
// returns its length. It leaves pos alone: if it fails with errMore, it is called again with a larger
// window, from the record's start.
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
			// The end of the line is looked for once a line and not once a field.
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
			// A '\r' goes only if a '\n' follows. At the text's end it may be the record's own.
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
				s.unclosed = true
				return 0, &quoteError{len(s.ends), "a quote opens and is never closed"}
			}
			return 0, errMore
		}
		s.text = append(s.text, b[at:at+n]...)
		at += n + 1
		// A quote at the window's end may be the first half of a doubled one.
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
			what := fmt.Sprintf("a closing quote is followed by %q", Excerpt(firstLine(b[at:])))
			return 0, &quoteError{len(s.ends), what}
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

// next reads a record into text and ends. It returns io.EOF at the end, a *quoteError
// for a record that it has passed over, and any other error if nothing more can be read.
func (s *splitter) next() error {
	for {
		window := s.buf[s.pos:]
		if len(window) == 0 && s.eof {
			return s.end()
		}
		n, err := errLength(window, s.parse)
		// A record that reaches the window's end may go on behind what a failing disk gave. It is not handed
		// out: a cell that was cut short looks like any other.
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
			const what = "a record has more than %d bytes, perhaps for want of a closing quote"
			return s.recover(&quoteError{min(len(s.ends), s.columns-1), fmt.Sprintf(what, maxRecord)})
		case len(window) >= maxRecord:
			return &quoteError{0, fmt.Sprintf("a record has more than %d bytes", maxRecord)}
		}
		s.fill()
	}
}

// errLength asks for more if there is nothing yet.
func errLength(window []byte, parse func([]byte) (int, error)) (int, error) {
	if len(window) == 0 {
		return 0, errMore
	}
	return parse(window)
}

// end is what next returns behind the last record.
func (s *splitter) end() error {
	if s.failed != nil {
		return s.failed
	}
	return io.EOF
}
