package reports

import (
	"iter"
	"strings"
	"unicode"
)

// Defuse puts a ' in front of each formula of a cell, so that no spreadsheet runs it. A
// spreadsheet that splits lines at another delimiter than ours, or at a line break within
// quotes, begins a cell in the middle of one of ours: see [formulas].
func Defuse(s string) string {
	var defused strings.Builder
	written := 0
	for at := range formulas(s) {
		defused.WriteString(s[written:at])
		defused.WriteByte('\'')
		written = at
	}
	if defused.Len() == 0 {
		return s
	}
	defused.WriteString(s[written:])
	return defused.String()
}

// Undefuse takes off each ' that [Defuse] put there: Undefuse(Defuse(s)) is s, whatever s is.
// That holds because a ' in front of a formula changes neither where formulas begin nor where
// there are others.
func Undefuse(s string) string {
	var plain strings.Builder
	written := 0
	for at := range formulas(s) {
		if s[at] == '\'' {
			plain.WriteString(s[written:at])
			written = at + 1
		}
	}
	if written == 0 {
		return s
	}
	plain.WriteString(s[written:])
	return plain.String()
}

// formulas yields where a spreadsheet could find the beginning of a formula: at the start of
// the cell and behind all that separates cells and lines, if nothing but blanks, quotes and
// apostrophes stands before one of = + - @. At the cell's start a tab or a carriage return
// counts as well: some programs drop it and run what follows.
func formulas(s string) iter.Seq[int] {
	return func(yield func(int) bool) {
		start := 0 // of what could be a cell; -1 once it has begun as a text
		for i, r := range s {
			switch {
			case start < 0:
			case runs(r), start == 0 && (r == '\t' || r == '\r'):
				if !yield(start) {
					return
				}
				start = -1
			case !passedOver(r):
				start = -1
			}
			if separates(r) {
				start = i + 1
			}
		}
	}
}

// runs reports whether a cell that begins with r is run: the four signs, and the full-width
// forms that spreadsheets of East Asia take for them.
func runs(r rune) bool {
	switch r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// separates reports whether some spreadsheet begins a cell or a line behind r.
func separates(r rune) bool {
	switch r {
	case ';', ',', '\t', '\r', '\n':
		return true
	}
	return false
}

// passedOver reports whether a spreadsheet may leave r out in front of a formula: quotes, which
// mean something only to who reads the line, apostrophes, and whatever doesn't show.
func passedOver(r rune) bool {
	switch {
	case r == '\'', r == '"', r == ' ', unicode.IsControl(r):
		return true
	}
	return r > '~' && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r))
}
