package tty

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escaped is a stream to a terminal, which obeys nothing that came from cells, names and
// servers. What is written to it at once must be whole characters.
type escaped struct{ io.Writer }

// Write returns the length of what it was given, and not of what became of it: writers before it count
// on that.
func (e escaped) Write(p []byte) (int, error) {
	if _, err := io.WriteString(e.Writer, escape(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape makes characters visible that a terminal obeys, that turn a text around or that
// nobody sees. They become what JSON has for them, so that JSON stays what it is.
func escape(text string) string {
	if strings.IndexFunc(text, obeyed) < 0 && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text { // bytes that are no UTF-8 come as U+FFFD
		switch high, low := utf16.EncodeRune(r); {
		case !obeyed(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// obeyed tells control characters and those of format, such as an override of direction or
// a blank without width.
func obeyed(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// lineEnds makes line ends visible in what is to be a part of one line, so that no cell and
// no server can begin a line that looks like the program's own.
var lineEnds = strings.NewReplacer("\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// Inline is a text within a line of the program's.
func Inline(text string) string { return lineEnds.Replace(text) }
