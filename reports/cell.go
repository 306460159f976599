package reports

import "time"

// A cell is a text, a number, or nothing.
type cell struct {
	kind   kind
	text   string
	shown  bool // to people: a terminal must not obey it. What is read back is as it is
	number int64
}

type kind int

const (
	isText kind = iota
	isNumber
	isEmpty
)

// text is a cell of the source's own words, or of ours.
func text[S ~string](s S) cell { return cell{text: string(s)} }

// shown is a text of an outcome's, which may be the CRM's own words.
func shown(s string) cell { return cell{text: s, shown: true} }

// number is a cell that spreadsheets may add up.
func number[N int | int64](n N) cell { return cell{kind: isNumber, number: int64(n)} }

// filled is a number that zero stands for the lack of.
func filled(n int) cell {
	if n == 0 {
		return cell{kind: isEmpty}
	}
	return number(n)
}

// moment is a time in UTC, as programs read it; the zero time is an empty cell.
func moment(t time.Time) cell {
	if t.IsZero() {
		return cell{kind: isEmpty}
	}
	return text(t.UTC().Format(time.RFC3339))
}
