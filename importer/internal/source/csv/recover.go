package csv

import (
	"bytes"
	"fmt"
)

// recover passes over a bad record: up to the next line at which a record begins that
// has as many fields as it should, and no stray quote. The record's text is all that
// was passed over, split as far as it could be.
//
// It is strict about the next line, since nothing else shows that the quotes are in step again: a
// record too many in a bad one is seen by a person, and a bad record made into good ones is not.
// What it looks at is bounded by two records' sizes, so that no file fills the memory.
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
	// The rest of a record that a failing disk gave is no record.
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
