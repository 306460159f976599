package csv

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

// UTF8 is the encoding that needs no decoder.
const UTF8 = "utf-8"

// fallback is the encoding of a text that is not UTF-8 and doesn't say what it is:
// that of Windows in the west.
const fallback = "windows-1252"

// Encoding is how a text's bytes become characters.
type Encoding struct {
	Name string
	// Odd is the offset of the first byte that isn't UTF-8, if it was guessed by that; and
	// otherwise -1.
	Odd     int64
	decoder encoding.Encoding // nil for UTF-8
}

// decode reads the text behind a byte order mark. Bytes that aren't UTF-8 stay as they are in
// a text of that encoding: which record they make bad is for the splitter's caller to find.
func (e Encoding) decode(r io.Reader) io.Reader {
	if e.decoder == nil {
		return r
	}
	return transform.NewReader(r, e.decoder.NewDecoder())
}

// undecodable finds the first byte of a cell that did not become a character; -1 if there is
// none. A decoder leaves U+FFFD in its place, which the cells of a text in UTF-8 may hold by
// themselves.
func (e Encoding) undecodable(cell string) int {
	if e.decoder != nil {
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

// NamedEncoding finds an encoding by its name on the web, such as windows-1252.
// The names and their meanings are those of the WHATWG's Encoding Standard, as browsers have them:
// iso-8859-1 is windows-1252 there, which is what people mean by it.
func NamedEncoding(name string) (Encoding, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return Encoding{}, fmt.Errorf("the encoding %q is not known", name)
	}
	canonical, err := htmlindex.Name(e)
	if err != nil {
		return Encoding{}, fmt.Errorf("the encoding %q is not known", name)
	}
	switch canonical {
	case UTF8:
		return Encoding{Name: UTF8, Odd: -1}, nil
	case "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "replacement", "x-user-defined":
		return Encoding{}, fmt.Errorf("the encoding %q can't be read", name)
	}
	return Encoding{Name: canonical, Odd: -1, decoder: e}, nil
}

// EncodingByShape recognises a byte order mark, and UTF-16 without one by its zero
// bytes. It returns the encoding's name, and "" if the bytes show nothing.
func EncodingByShape(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return UTF8
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "utf-16be"
	}
	// Western text in UTF-16 has a zero byte in nearly each character; no text in another encoding has any.
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

// GuessEncoding tells UTF-8 from the fallback by the first hundred characters of a text that
// are not ASCII. If most of them are UTF-8, the others are bad records.
func GuessEncoding(text io.Reader) (Encoding, error) {
	var s shape
	buf := make([]byte, 256<<10)
	rest := 0
	for s.good+s.bad < 100 {
		n, err := text.Read(buf[rest:])
		if err != nil && err != io.EOF {
			return Encoding{}, err
		}
		n += rest
		rest = n - s.look(buf[:n], err == io.EOF)
		copy(buf, buf[n-rest:n])
		if err == io.EOF {
			break
		}
	}
	// Accents in windows-1252 hardly ever make valid UTF-8: a text with more wrong ones than good ones
	// was not written in it, and one with a few wrong ones was.
	if s.bad > s.good {
		e, err := NamedEncoding(fallback)
		e.Odd = s.firstBad
		return e, err
	}
	return NamedEncoding(UTF8)
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
