package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringTable is the texts that cells share, in the order of the file.
//
// It is written once, before the first row is read. From then on several goroutines may look texts up.
type stringTable struct {
	refs   []ref
	chunks []string        // as many as fit into memory
	chunk  strings.Builder // the one that is being filled
	spill  *Temp           // what comes behind them; nil while they fit
	size   int64           // of spill
	temp   []string        // folders for spill
}

// ref tells where a text is: in which chunk, at which byte, and of which length; or
// where and how long in the spilled file.
// It has no pointer in it: the collector passes over a table of millions at once.
type ref struct {
	at     uint64 // chunk<<chunkBits | byte, or inSpill | byte
	length uint32
	blank  bool // all of it is white space; it takes no room beside the length
}

const (
	chunkBits = 20 // a chunk is 1 MiB
	chunkSize = 1 << chunkBits
	maxChunks = 48 // in memory; a table of more goes on in a temporary file
	inSpill   = 1 << 63
)

// maxCell is the longest text of a cell, in characters as Excel counts them.
const maxCell = 32767

// readStrings reads the table to its end.
func (b *Book) readStrings(name string) error {
	l, err := b.lexer(name)
	if err != nil {
		return err
	}
	defer l.close()
	if err := b.strings.read(l); err != nil {
		return fmt.Errorf("%s: text %d: %w", name, len(b.strings.refs), err)
	}
	return nil
}

// read adds the texts in their order, by which cells name them: each <si> counts, an empty one too.
func (t *stringTable) read(l *lexer) error {
	var text []byte
	for {
		err := l.next()
		if err == io.EOF {
			return t.finish()
		}
		if err == nil && l.kind == startTag && l.depth() == 2 && string(l.name) == "si" {
			if text, err = l.richText(text[:0]); err == nil {
				err = t.add(text)
			}
		}
		if err != nil {
			return err
		}
	}
}

// richText reads what an <si> or <is> holds: the text of all its runs, joined. The
// runs that tell how it is pronounced are left out.
// Phonetic runs are the readings of Japanese names (ECMA-376, part 1, 18.4.6): no part of the cell.
func (l *lexer) richText(to []byte) ([]byte, error) {
	outside := l.depth() - 1
	phonetic := 0 // depth of an <rPh>
	inText := false
	for {
		if err := l.next(); err != nil {
			return to, noEnd(err)
		}
		switch l.kind {
		case startTag:
			switch string(l.name) {
			case "rPh":
				phonetic = l.depth()
			case "t":
				inText = phonetic == 0
			}
		case charData:
			if inText {
				var err error
				if to, err = l.appendText(to); err != nil {
					return to, err
				}
			}
		case endTag:
			inText = false
			if l.depth() < phonetic {
				phonetic = 0
			}
			if l.depth() == outside {
				to = unescape(to)
				return to, checkLength(to)
			}
		}
	}
}

// noEnd is the error of a text that ends inside an element; the lexer finds that
// first, so that io.EOF never passes for a good end.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errTooLong = fmt.Errorf("a cell of more than %d characters, the most that a spreadsheet has", maxCell)

// checkLength fails for a text that no spreadsheet would have written. Bytes are counted first: only
// a text that is too long by them is counted as Excel does, in units of UTF-16.
func checkLength(text []byte) error {
	if len(text) <= maxCell {
		return nil
	}
	n := 0
	for _, r := range string(text) {
		n += utf16.RuneLen(r)
	}
	if n > maxCell {
		return errTooLong
	}
	return nil
}

// add appends a text to the chunk that is being filled. No text lies in two chunks, so that one is a
// piece of a string that exists already, and costs nothing to hand out.
func (t *stringTable) add(text []byte) error {
	if t.chunk.Len()+len(text) > chunkSize {
		if err := t.flush(); err != nil {
			return err
		}
	}
	at := uint64(len(t.chunks))<<chunkBits | uint64(t.chunk.Len())
	if len(t.chunks) == maxChunks {
		at = inSpill | uint64(t.size) + uint64(t.chunk.Len())
	}
	if t.chunk.Cap() == 0 {
		t.chunk.Grow(chunkSize)
	}
	t.refs = append(t.refs, ref{at, uint32(len(text)), len(bytes.TrimSpace(text)) == 0})
	t.chunk.Write(text)
	return nil
}

// flush puts the full chunk away: into memory, or into the file once that is full.
func (t *stringTable) flush() error {
	if len(t.chunks) < maxChunks {
		t.chunks = append(t.chunks, t.chunk.String())
		t.chunk.Reset()
		return nil
	}
	if t.spill == nil {
		file, err := NewTemp(t.temp...)
		if err != nil {
			return fmt.Errorf("no temporary file for the texts that don't fit into memory: %w", err)
		}
		t.spill = file
	}
	n, err := t.spill.WriteString(t.chunk.String())
	t.size += int64(n)
	t.chunk.Reset()
	return err
}

// finish puts the last chunk away, which may be all there is.
func (t *stringTable) finish() error {
	if t.chunk.Len() == 0 {
		return nil
	}
	return t.flush()
}

// close gives the temporary file back. Texts that were handed out stay good.
func (t *stringTable) close() {
	if t.spill == nil {
		return
	}
	t.spill.Close()
}

// at returns text i.
func (t *stringTable) at(i int) (string, error) {
	r := t.refs[i]
	if r.at&inSpill == 0 {
		chunk, from := t.chunks[r.at>>chunkBits], r.at&(chunkSize-1)
		return chunk[from : from+uint64(r.length)], nil
	}
	text := make([]byte, r.length)
	if _, err := t.spill.ReadAt(text, int64(r.at&^inSpill)); err != nil {
		return "", fmt.Errorf("the temporary file of texts: %w", err)
	}
	return string(text), nil
}

// find returns the number of the text that a cell names by its decimal digits.
func (t *stringTable) find(digits []byte) (int, error) {
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' || n > len(t.refs) {
			return 0, fmt.Errorf("the shared text %q, which is no number of one", digits)
		}
		n = 10*n + int(d-'0')
	}
	switch {
	case len(digits) == 0:
		return 0, errors.New("a shared text without its number")
	// A table that was cut is seen here if its XML has still been sound.
	case n >= len(t.refs):
		return 0, fmt.Errorf("the shared text %d, where there are %d", n, len(t.refs))
	}
	return n, nil
}

// unescape replaces the _xHHHH_ by which spreadsheets write characters that XML
// doesn't have. _x005F_ is an underscore that keeps what follows from being one.
// ST_Xstring of ECMA-376, part 1, 22.9.2.19 has the rule. Excel follows it, though a text that a
// person has typed may look the same; it then escapes the underscore.
func unescape(text []byte) []byte {
	for i := 0; i+7 <= len(text); i++ {
		if text[i] != '_' || !isEscape(text[i:]) {
			continue
		}
		to := append([]byte(nil), text[:i]...)
		for i < len(text) {
			if text[i] != '_' || !isEscape(text[i:]) {
				to = append(to, text[i])
				i++
				continue
			}
			r, n := escaped(text[i:])
			to = utf8.AppendRune(to, r)
			i += n
		}
		return to
	}
	return text
}

// isEscape reports whether text begins with an _xHHHH_ that stands for a character,
// alone or as the first half of one.
func isEscape(text []byte) bool {
	_, n := escaped(text)
	return n > 0
}

// escaped reads the character at the start of text and how many bytes it takes; 0 bytes if there is
// none. A character outside the first 65,536 is written as two halves, which are one only together.
func escaped(text []byte) (r rune, n int) {
	first, ok := escapedUnit(text)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(first):
		return first, 7
	}
	if second, ok := escapedUnit(text[7:]); ok {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return r, 14
		}
	}
	return 0, 0 // half a character is left as it stands
}

// escapedUnit reads one _xHHHH_.
func escapedUnit(text []byte) (rune, bool) {
	if len(text) < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(code), err == nil
}
