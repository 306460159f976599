package source

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// utf8Name is the encoding that needs no decoder.
const utf8Name = "utf-8"

// fallback is the encoding of a text that is not UTF-8 and doesn't say what it is:
// that of Windows in the west.
const fallback = "windows-1252"

// codec is how a file's bytes become text.
type codec struct {
	name string
	encoding.Encoding
	odd int64 // offset of the first byte that isn't UTF-8, where that was the reason; else -1
}

// decode reads the text behind a byte order mark. Bytes that aren't UTF-8 stay as they
// are in a text of that encoding: which row they make bad, is for who cuts it into rows.
func (c codec) decode(r io.Reader) io.Reader {
	if c.Encoding == nil {
		return r
	}
	return transform.NewReader(r, c.NewDecoder())
}

// chooseEncoding finds a file's encoding: the one that it is said to have, the one that
// its first bytes show, UTF-8, or the fallback.
func (f *file) chooseEncoding(says string, head []byte) (codec, error) {
	shape := encodingByShape(head)
	switch {
	case strings.HasPrefix(shape, "utf-16"): // a byte order mark is never wrong
		return namedEncoding(shape)
	case says != "":
		c, err := namedEncoding(says)
		if err != nil {
			return c, f.error(err.Error(), "use a name such as utf-8, windows-1252, iso-8859-15 or utf-16le")
		}
		return c, nil
	case shape == utf8Name:
		return namedEncoding(utf8Name)
	}
	return f.guessEncoding()
}

func namedEncoding(name string) (codec, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return codec{}, fmt.Errorf("the encoding %q is not known", name)
	}
	canonical, err := htmlindex.Name(e)
	if err != nil {
		return codec{}, fmt.Errorf("the encoding %q is not known", name)
	}
	switch canonical {
	case utf8Name:
		return codec{name: utf8Name, odd: -1}, nil
	case "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "replacement", "x-user-defined":
		return codec{}, fmt.Errorf("the encoding %q can't be read", name)
	}
	return codec{name: canonical, Encoding: e, odd: -1}, nil
}

// encodingByShape recognises a byte order mark, and UTF-16 without one by its zero
// bytes. It returns "" where the bytes show nothing.
func encodingByShape(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return utf8Name
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16be"
	}
	zeros := [2]int{}
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(head) / 2; {
	case zeros[1] > half*3/4 && zeros[0] < half/10+1:
		return "utf-16le"
	case zeros[0] > half*3/4 && zeros[1] < half/10+1:
		return "utf-16be"
	}
	return ""
}

// guessEncoding tells UTF-8 from the fallback by the first hundred characters that are
// not ASCII. Where most of them are UTF-8, the others are bad rows.
func (f *file) guessEncoding() (codec, error) {
	in, err := f.stream(func(int) {})
	if err != nil {
		return codec{}, f.broken(err)
	}
	defer in.Close()
	var s shape
	buf := make([]byte, 256<<10)
	rest := 0
	for s.good+s.bad < 100 {
		n, err := in.Read(buf[rest:])
		if err != nil && err != io.EOF {
			return codec{}, f.broken(err)
		}
		n += rest
		rest = n - s.look(buf[:n], err == io.EOF)
		copy(buf, buf[n-rest:n])
		if err == io.EOF {
			break
		}
	}
	if s.bad > s.good {
		c, err := namedEncoding(fallback)
		c.odd = s.firstBad
		return c, err
	}
	return namedEncoding(utf8Name)
}

// shape counts what a text has beside ASCII.
type shape struct {
	offset    int64 // of what is looked at next
	good, bad int
	firstBad  int64
}

// look returns how many bytes it has looked at: all but a character that is cut.
func (s *shape) look(b []byte, last bool) int {
	at := 0
	for at < len(b) {
		at += asciiLength(b[at:])
		if at == len(b) || !last && !utf8.FullRune(b[at:]) {
			break
		}
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n <= 1 {
			if s.bad++; s.bad == 1 {
				s.firstBad = s.offset + int64(at)
			}
		} else {
			s.good++
		}
		at += n
	}
	s.offset += int64(at)
	return at
}

// asciiLength is how many bytes at the start are ASCII.
func asciiLength(b []byte) int {
	n := 0
	for n+8 <= len(b) && (b[n]|b[n+1]|b[n+2]|b[n+3]|b[n+4]|b[n+5]|b[n+6]|b[n+7]) < utf8.RuneSelf {
		n += 8
	}
	for n < len(b) && b[n] < utf8.RuneSelf {
		n++
	}
	return n
}
