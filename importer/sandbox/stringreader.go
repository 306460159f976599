package sandbox

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
)

// stringReader reads what a JSON string holds, from behind the opening quote through
// the closing one. It is meant for base64: a decoder is more lenient than the API, so
// line breaks and what follows the padding become bytes that no decoder takes.
type stringReader struct {
	in     *bufio.Reader
	closed bool
	padded bool // a '=' has been read
}

// notBase64 is a byte that no decoder takes.
const notBase64 = '!'

// Read reads what the string means, not how it is written. It returns io.EOF behind the closing
// quote, and a refusal if the text ends before it.
func (s *stringReader) Read(p []byte) (int, error) {
	if s.closed {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if n, err := s.readPlain(p); n > 0 || err != nil {
		return n, err
	}
	b, err := s.readSpecial()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// readPlain reads up to the next byte that needs a closer look.
func (s *stringReader) readPlain(p []byte) (int, error) {
	if _, err := s.in.Peek(1); err != nil {
		return 0, unfinished(err)
	}
	chunk, _ := s.in.Peek(min(len(p), s.in.Buffered()))
	if i := bytes.IndexAny(chunk, "\"\\=\r\n"); i >= 0 {
		chunk = chunk[:i]
	}
	if s.padded {
		chunk = nil
	}
	n := copy(p, chunk)
	s.in.Discard(n)
	return n, nil
}

// readSpecial reads one byte that is more than itself, or that must not be taken for base64.
func (s *stringReader) readSpecial() (byte, error) {
	b, err := s.in.ReadByte()
	switch {
	case err != nil:
		return 0, unfinished(err)
	case b == '"':
		s.closed = true
		return 0, io.EOF
	case b == '\\':
		if b, err = s.readEscape(); err != nil {
			return 0, unfinished(err)
		}
	}
	if b == '\r' || b == '\n' || s.padded && b != '=' {
		return notBase64, nil
	}
	s.padded = b == '='
	return b, nil
}

// readEscape reads what follows a backslash: `\/` and `\u002b` are common in base64,
// nothing else has a place there.
func (s *stringReader) readEscape() (byte, error) {
	b, err := s.in.ReadByte()
	switch {
	case err != nil || b == '/':
		return b, err
	case b != 'u':
		return notBase64, nil
	}
	digits, err := s.in.Peek(4)
	if err != nil {
		return 0, err
	}
	r, err := strconv.ParseUint(string(digits), 16, 7)
	if err != nil {
		return notBase64, nil
	}
	s.in.Discard(len(digits))
	return byte(r), nil
}

// unfinished keeps the end of the text from passing for the end of the string.
func unfinished(err error) error {
	if err == io.EOF {
		return notJSON
	}
	return err
}
