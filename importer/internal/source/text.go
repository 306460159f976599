package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"wolkvox-import/importer/internal/source/csv"
)

// text is the records of a CSV file.
// Its bytes are counted before they are unpacked and decoded, as the file's size is.
type text struct {
	*csv.Reader
	file   *file
	stream io.Closer
	lent   bool // the file belongs to other records
	read   *atomic.Int64
	said   []string
}

// openText opens what is taken for CSV because it is nothing else.
func openText(f *file, opt Options) (records, error) {
	if opt.Delimiter >= utf8.RuneSelf {
		what := fmt.Sprintf("the delimiter %q is not an ASCII character", opt.Delimiter)
		return nil, f.error(what, "export the file with another delimiter")
	}
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	e, err := encodingOf(f, opt.Encoding, head)
	if err != nil {
		return nil, err
	}
	t, err := beginText(f, func(in io.Reader) (*csv.Reader, error) {
		return csv.NewReader(in, e, byte(opt.Delimiter))
	})
	if err != nil {
		return nil, err
	}
	if e.Odd >= 0 {
		t.said = append(t.said, t.oddNote(e))
	}
	return t, nil
}

// encodingOf finds a file's encoding: the one that it is said to have, the one that its first
// bytes show, UTF-8, or the one that is guessed.
func encodingOf(f *file, says string, head []byte) (csv.Encoding, error) {
	shape := csv.EncodingByShape(head)
	switch {
	case strings.HasPrefix(shape, "utf-16"): // a byte order mark is never wrong
		return csv.NamedEncoding(shape)
	case says != "":
		e, err := csv.NamedEncoding(says)
		if err != nil {
			return e, f.error(err.Error(), "use a name such as utf-8, windows-1252, iso-8859-15 or utf-16le")
		}
		return e, nil
	case shape == csv.UTF8:
		return csv.NamedEncoding(csv.UTF8)
	}
	in, err := f.stream(func(int) {})
	if err != nil {
		return csv.Encoding{}, f.broken(err)
	}
	defer in.Close()
	e, err := csv.GuessEncoding(in)
	if err != nil {
		return e, f.broken(err)
	}
	return e, nil
}

// beginText opens the stream of a file and has a reader begin with it.
func beginText(f *file, begin func(io.Reader) (*csv.Reader, error)) (*text, error) {
	t := &text{file: f, read: new(atomic.Int64)}
	in, err := f.stream(func(n int) { t.read.Add(int64(n)) })
	if err != nil {
		return nil, f.broken(err)
	}
	t.stream = in
	if t.Reader, err = begin(in); err != nil {
		in.Close()
		return nil, f.broken(err)
	}
	return t, nil
}

// oddNote tells why a file is not read as UTF-8.
func (t *text) oddNote(e csv.Encoding) string {
	note := "read as " + e.Name
	in, err := t.file.stream(func(int) {})
	if err != nil {
		return note
	}
	defer in.Close()
	odd, row, err := t.Locate(in, e.Odd)
	if err != nil {
		return note
	}
	return fmt.Sprintf("%s (not UTF-8: byte 0x%02X in row %d); --encoding to change", note, odd, row)
}

func (t *text) next() bool { return t.Next() }

func (t *text) record() record {
	return record{number: t.Number(), cells: t.Cells(), ragged: true, err: t.flaw()}
}

// flaw is what is wrong with the record by itself.
func (t *text) flaw() *RowError {
	flaw := t.Flaw()
	if flaw == nil {
		return nil
	}
	e := &RowError{Message: flaw.Message, Column: flaw.Field}
	switch flaw.Kind {
	case csv.BadQuotes:
		e.Word, e.Hint = BadQuotes, `a quote within a text in quotes is written twice: ""`
	case csv.Undecodable:
		e.Word, e.Hint = InvalidUTF8, "save the file as UTF-8, or say its encoding: --encoding windows-1252"
	}
	return e
}

// expect tells the splitter by what it knows a good record behind a bad one.
func (t *text) expect(columns int) { t.Expect(columns) }

// show has nothing to do: a text shows what it holds.
func (t *text) show([]int) {}

// shown is the text itself: there is no other.
func (t *text) shown(column int) string {
	if cells := t.Cells(); column < len(cells) {
		return cells[column]
	}
	return ""
}

func (t *text) unended() bool { return t.Unended() }

func (t *text) notes() []string { return t.said }

// rows are not known of a text before they have been read.
func (t *text) rows() (int, bool) { return 0, false }

func (t *text) progress() (done, total int64) { return t.read.Load(), t.file.size }

// again reads the text a second time, in the same encoding and the same dialect.
func (t *text) again() (records, error) {
	again, err := beginText(t.file, t.Again)
	if err != nil {
		return nil, err
	}
	again.said, again.lent = t.said, true
	return again, nil
}

// reason names the record that could not be read, which is the one behind the last.
func (t *text) reason() error {
	if t.Err() == nil {
		return nil
	}
	e := t.file.broken(t.Err())
	e.Row = t.Number() + 1
	return e
}

// close ends the stream, and the file unless it is lent.
func (t *text) close() error {
	if t.lent {
		return t.stream.Close()
	}
	return errors.Join(t.stream.Close(), t.file.close())
}
