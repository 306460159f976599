package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// tokenKind is what the lexer found.
type tokenKind int

const (
	startTag tokenKind = iota
	endTag
	charData
)

// lexer cuts an XML text into tags and character data, and is strict about it: what is
// not well-formed is an error, never a shorter text. A self-closing tag is a start tag
// and an end tag. Comments and processing instructions are passed over.
//
// It knows nothing of namespaces: a name is what stands after the prefix. Tokens stay
// good until the next one.
//
// encoding/xml would do, but for its speed: for each token it makes strings and resolves namespaces, of
// which none is needed.
type lexer struct {
	feed  *feed
	piece []byte // of the feed, that buf is part of
	buf   []byte // the window; what is not read yet begins at pos
	pos   int
	eof   bool

	open  []byte // names of the open elements with their prefixes, one after the other
	marks []int  // where each begins in open
	root  bool   // the root element has been seen

	kind    tokenKind
	name    []byte // of a tag, without its prefix
	attrs   []attr
	text    []byte // of character data, as it stands in the file
	cdata   bool   // text is from a CDATA section
	closing bool   // the start tag closed itself; its end tag is next
}

// attr is an attribute of a start tag: its name with the prefix, and its value as it stands in the
// file, entities and all. Both are good until the next token.
type attr struct{ name, value []byte }

// maxToken bounds a tag or a run of character data. A cell's longest text, each character of it an
// entity, has a third of that. A bound on each token is one on the memory of the whole: a sheet is
// never held but piece by piece.
const maxToken = 1 << 20

// maxDepth bounds the elements in one another. A sheet needs eight; without a bound, a file of start
// tags alone would fill the memory.
const maxDepth = 256

// errMore makes next append a piece to the window and try again. It never leaves the lexer.
var errMore = errors.New("the token goes on behind the window")

// newLexer begins with an empty window: the first token asks for the first piece.
func newLexer(f *feed) *lexer {
	return &lexer{feed: f}
}

// close ends the feed. The last token is no longer good.
func (l *lexer) close() { l.feed.close() }

// depth is how many elements are open. A start tag's own is among them, an end tag's
// is not.
func (l *lexer) depth() int { return len(l.marks) }

// next reads a token. At the end of a well-formed text it returns io.EOF.
func (l *lexer) next() error {
	if l.closing {
		l.closing = false
		l.pop()
		l.kind = endTag
		return nil
	}
	for {
		err := l.token()
		switch {
		case err == nil:
			return nil
		case err != errMore:
			return err
		}
		if err := l.more(); err != nil {
			return err
		}
	}
}

// more appends the next piece to the window. The little that is left of the last one
// is put into the room before it; a token of many pieces gets a window of its own.
// What was taken from the feed goes back to it as soon as the window has moved on.
func (l *lexer) more() error {
	rest := l.buf[l.pos:]
	if l.eof {
		return errors.New("the text ends in the middle")
	}
	if len(rest) > maxToken {
		return fmt.Errorf("a tag or a text of more than %d bytes", maxToken)
	}
	piece, err := l.feed.next()
	if err == io.EOF {
		l.eof = true
		return nil
	}
	if err != nil {
		return err
	}
	if len(rest) <= headroom {
		l.buf = piece[headroom-len(rest):]
		copy(l.buf, rest)
		l.piece, piece = piece, l.piece
	} else {
		l.buf = slices.Concat(rest, piece[headroom:])
	}
	l.pos = 0
	if piece != nil {
		l.feed.giveBack(piece)
	}
	return nil
}

// token reads what begins at pos. It skips what is of no interest, moves pos only
// behind what is finished with, and returns errMore where the window ends too early.
func (l *lexer) token() error {
	for {
		b := l.buf[l.pos:]
		if len(b) == 0 {
			if l.eof {
				return l.end()
			}
			return errMore
		}
		if b[0] != '<' {
			return l.chars(b)
		}
		if len(b) == 1 {
			return errMore
		}
		var err error
		switch b[1] {
		case '/':
			return l.endTag(b)
		case '?':
			err = l.skip(b, "<?", "?>")
			if err == nil {
				err = l.instruction(b)
			}
		case '!':
			if done, e := l.declaration(b); done || e != nil {
				return e
			}
		default:
			return l.startTag(b)
		}
		if err != nil {
			return err
		}
	}
}

// end decides whether the text may end here. A sheet that is cut between two rows looks sound but for
// the tags that are still open.
func (l *lexer) end() error {
	if l.depth() > 0 {
		return fmt.Errorf("the text ends inside <%s>", l.open[l.marks[l.depth()-1]:])
	}
	if !l.root {
		return errors.New("no XML element")
	}
	return io.EOF
}

// chars reads character data. Outside the root there may be blanks only.
func (l *lexer) chars(b []byte) error {
	end := index(b, '<')
	if end < 0 {
		if !l.eof {
			return errMore
		}
		end = len(b)
	}
	text := b[:end]
	if l.depth() == 0 {
		// Some programs write a byte order mark in front of UTF-8 too.
		if !l.root && l.pos == 0 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(bytes.TrimLeft(text, " \t\r\n")) > 0 {
			return errors.New("text outside the root element")
		}
		l.pos += end
		return l.token()
	}
	if i := index(text, ']'); i >= 0 && bytes.Contains(text[i:], []byte("]]>")) {
		return errors.New("]]> in a text")
	}
	l.pos += end
	l.kind, l.text, l.cdata = charData, text, false
	return nil
}

// skip passes over what begins with head and ends with tail.
func (l *lexer) skip(b []byte, head, tail string) error {
	end := bytes.Index(b[len(head):], []byte(tail))
	if end < 0 {
		return errMore
	}
	l.pos += len(head) + end + len(tail)
	return nil
}

// instruction looks at the XML declaration, which may say another encoding.
func (l *lexer) instruction(b []byte) error {
	b = b[:bytes.Index(b, []byte("?>"))]
	if !bytes.HasPrefix(b, []byte("<?xml ")) {
		return nil
	}
	_, says, ok := bytes.Cut(b, []byte("encoding="))
	if !ok || len(says) < 2 {
		return nil
	}
	says, _, _ = bytes.Cut(says[1:], says[:1])
	if !bytes.EqualFold(says, []byte("utf-8")) && !bytes.EqualFold(says, []byte("us-ascii")) {
		return fmt.Errorf("the encoding %s, which is not UTF-8", says)
	}
	return nil
}

// declaration reads a comment or a CDATA section; nothing else may begin with <!.
func (l *lexer) declaration(b []byte) (done bool, err error) {
	const cdata = "<![CDATA["
	switch {
	// A DOCTYPE is an error: it could declare entities that unfold to gigabytes, or that name files.
	case bytes.HasPrefix(b, []byte("<!--")):
		return false, l.skip(b, "<!--", "-->")
	case bytes.HasPrefix(b, []byte(cdata)):
		if l.depth() == 0 {
			return false, errors.New("text outside the root element")
		}
		if err := l.skip(b, cdata, "]]>"); err != nil {
			return false, err
		}
		b = b[len(cdata):]
		l.kind, l.text, l.cdata = charData, b[:bytes.Index(b, []byte("]]>"))], true
		return true, nil
	case len(b) < len(cdata) && !l.eof:
		return false, errMore
	case bytes.HasPrefix(b, []byte("<!DOCTYPE")):
		return false, errors.New("a DOCTYPE, which a workbook must not have")
	}
	return false, errors.New("a declaration that is not XML")
}

// endTag reads an end tag, which must be that of the element opened last, prefix included.
func (l *lexer) endTag(b []byte) error {
	end := index(b, '>')
	if end < 0 {
		return errMore
	}
	name := b[2:end]
	if n := len(name); n > 0 && isSpace(name[n-1]) {
		name = bytes.TrimRight(name, " \t\r\n")
	}
	if l.depth() == 0 {
		return fmt.Errorf("</%s> without its beginning", name)
	}
	if open := l.open[l.marks[l.depth()-1]:]; !bytes.Equal(open, name) {
		return fmt.Errorf("</%s> where </%s> belongs", name, open)
	}
	l.pos += end + 1
	l.kind, l.name = endTag, local(name)
	l.pop()
	return nil
}

// pop forgets the element opened last.
func (l *lexer) pop() {
	last := len(l.marks) - 1
	l.open, l.marks = l.open[:l.marks[last]], l.marks[:last]
}

// startTag reads a start tag with its attributes. Nothing of the lexer changes before the whole tag
// is in the window: if it isn't, all of it is read again.
func (l *lexer) startTag(b []byte) error {
	at := 1 + nameLength(b[1:])
	if at == len(b) {
		return errMore
	}
	if at == 1 {
		return errors.New("< that begins no tag")
	}
	name := b[1:at]
	l.attrs = l.attrs[:0]
	for {
		start := at
		for at < len(b) && isSpace(b[at]) {
			at++
		}
		if at == len(b) {
			return errMore
		}
		if b[at] == '>' {
			l.closing = false
			at++
			break
		}
		if b[at] == '/' {
			if at+1 == len(b) {
				return errMore
			}
			if b[at+1] != '>' {
				return fmt.Errorf("/ within the tag <%s>", name)
			}
			l.closing = true
			at += 2
			break
		}
		if at == start {
			return fmt.Errorf("no blank before an attribute of <%s>", name)
		}
		n, err := l.attribute(b[at:])
		if err != nil {
			return err
		}
		at += n
	}
	if l.depth() == 0 && l.root {
		return fmt.Errorf("a second root element <%s>", name)
	}
	if l.depth() == maxDepth {
		return fmt.Errorf("more than %d elements in one another", maxDepth)
	}
	l.root = true
	l.marks = append(l.marks, len(l.open))
	l.open = append(l.open, name...)
	l.pos += at
	l.kind, l.name = startTag, local(name)
	return nil
}

// attribute reads name="value" and returns its length.
func (l *lexer) attribute(b []byte) (int, error) {
	at := nameLength(b)
	name := b[:at]
	for at < len(b) && isSpace(b[at]) {
		at++
	}
	if at == len(b) {
		return 0, errMore
	}
	if b[at] != '=' || len(name) == 0 {
		return 0, errors.New("an attribute without a value")
	}
	at++
	for at < len(b) && isSpace(b[at]) {
		at++
	}
	if at == len(b) {
		return 0, errMore
	}
	quote := b[at]
	if quote != '"' && quote != '\'' {
		return 0, fmt.Errorf("the attribute %s without quotes", name)
	}
	at++
	end := index(b[at:], quote)
	if end < 0 {
		return 0, errMore
	}
	value := b[at : at+end]
	if err := checkValue(value); err != nil {
		return 0, err
	}
	for _, a := range l.attrs {
		if bytes.Equal(a.name, name) {
			return 0, fmt.Errorf("the attribute %s twice", name)
		}
	}
	l.attrs = append(l.attrs, attr{name, value})
	return at + end + 1, nil
}

// checkValue finds what an attribute must not have. Entities are checked here and replaced only for
// those attributes that somebody asks for.
func checkValue(value []byte) error {
	for _, x := range value {
		switch x {
		case '<':
			return errors.New("< within an attribute")
		case '&':
			_, err := appendText(nil, value)
			return err
		}
	}
	return nil
}

// plainValue reads <v>…</v></c> in one step, where just that follows the start tag of
// a cell. That is what nearly every cell holds; token by token it takes twice as long.
func (l *lexer) plainValue() ([]byte, bool) {
	const head, tail = "<v>", "</v></c>"
	b := l.buf[l.pos:]
	if l.closing || len(b) < 64 || string(b[:len(head)]) != head || string(l.open[l.marks[l.depth()-1]:]) != "c" {
		return nil, false
	}
	end := len(head)
	for inNumber[b[end]] && end < 64-len(tail) {
		end++
	}
	if string(b[end:end+len(tail)]) != tail {
		return nil, false
	}
	l.pos += end + len(tail)
	l.pop()
	return b[len(head):end], true
}

// inNumber tells the bytes of numbers, which need no second look.
var inNumber = func() (table [256]bool) {
	for _, x := range "0123456789+-.eE" {
		table[x] = true
	}
	return table
}()

// attr returns an attribute of the start tag, by its name with its prefix; nil where
// there is none.
func (l *lexer) attr(name string) []byte {
	for i := range l.attrs {
		if string(l.attrs[i].name) == name {
			return l.attrs[i].value
		}
	}
	return nil
}

// appendText appends the character data, entities replaced and line ends as XML has them.
func (l *lexer) appendText(to []byte) ([]byte, error) {
	if l.cdata {
		return appendLines(to, l.text), nil
	}
	return appendText(to, l.text)
}

// appendText appends a text with its entities replaced. Line ends that stand in the text become line
// feeds, and a carriage return that is written as an entity stays one, as XML demands.
func appendText(to, text []byte) ([]byte, error) {
	for {
		at := index(text, '&')
		if at < 0 {
			return appendLines(to, text), nil
		}
		to = appendLines(to, text[:at])
		text = text[at+1:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			return to, errors.New("& that begins no entity")
		}
		r, err := entity(text[:end])
		if err != nil {
			return to, err
		}
		to = utf8.AppendRune(to, r)
		text = text[end+1:]
	}
}

// appendLines makes every line end a line feed, as XML demands.
func appendLines(to, text []byte) []byte {
	for {
		at := index(text, '\r')
		if at < 0 {
			return append(to, text...)
		}
		to = append(append(to, text[:at]...), '\n')
		text = bytes.TrimPrefix(text[at+1:], []byte("\n"))
	}
}

// entity reads what stands between & and ;. XML has five names, and a workbook has no DOCTYPE that
// could declare more.
func entity(name []byte) (rune, error) {
	switch string(name) {
	case "amp":
		return '&', nil
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, fmt.Errorf("the undeclared entity &%s;", name)
	}
	digits, base := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !isChar(rune(code)) {
		return 0, fmt.Errorf("&%s;, which is no character of XML", name)
	}
	return rune(code), nil
}

// isChar says what XML 1.0 takes for a character.
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r > 0xD7FF && r < 0xE000, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}

// index is [bytes.IndexByte] for what is mostly near: most tags and texts of a sheet
// are shorter than the call is worth.
func index(b []byte, x byte) int {
	for i := range min(len(b), 16) {
		if b[i] == x {
			return i
		}
	}
	if len(b) <= 16 {
		return -1
	}
	if i := bytes.IndexByte(b[16:], x); i >= 0 {
		return 16 + i
	}
	return -1
}

// isSpace tells the four characters that XML takes for white space.
func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// inName tells bytes that a name may have, roughly: any letter counts.
var inName = func() (table [256]bool) {
	for b := range table {
		c := byte(b)
		table[b] = c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' ||
			c == ':' || c == '_' || c == '-' || c == '.'
	}
	return table
}()

// nameLength is how many bytes at the start can belong to a name.
func nameLength(b []byte) int {
	for i, x := range b {
		if !inName[x] {
			return i
		}
	}
	return len(b)
}

// local is a name without its prefix.
func local(name []byte) []byte {
	for i, x := range name {
		if x == ':' {
			return name[i+1:]
		}
	}
	return name
}
