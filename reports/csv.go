package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// byteOrderMark makes Excel read a CSV file as UTF-8.
const byteOrderMark = "\ufeff"

type csvEncoder struct {
	w      *csv.Writer
	record []string
}

func newCSV(w io.Writer, header []string) (encoder, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	e := &csvEncoder{w: csv.NewWriter(w)}
	var names []cell
	for _, h := range header {
		names = append(names, text(h)) // it comes from the source: a name may be a formula too
	}
	return e, e.row(names)
}

func (e *csvEncoder) row(cells []cell) error {
	e.record = e.record[:0]
	for _, c := range cells {
		e.record = append(e.record, c.plain())
	}
	return e.w.Write(e.record)
}

func (e *csvEncoder) close() error {
	e.w.Flush()
	return e.w.Error()
}

// visible writes control characters out, as JSON does.
func visible(s string) string {
	control := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) }
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if control(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain is the cell as CSV has it.
func (c cell) plain() string {
	switch c.kind {
	case isText:
		if c.shown {
			return Defuse(visible(c.text))
		}
		return Defuse(c.text)
	case isNumber:
		return strconv.FormatInt(c.number, 10)
	}
	return ""
}
