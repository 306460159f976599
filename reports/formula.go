package reports

import "strings"

// Defuse puts a ' in front of a cell that a spreadsheet would run as a formula: one that
// begins with =, +, -, @, a tab or a carriage return. Cells that begin so after any number
// of ' get one more, or [Undefuse] could not tell them from defused ones.
func Defuse(s string) string {
	if live(s) {
		return "'" + s
	}
	return s
}

// Undefuse takes off the ' that [Defuse] put there: Undefuse(Defuse(s)) is s, whatever s is.
func Undefuse(s string) string {
	if strings.HasPrefix(s, "'") && live(s) {
		return s[1:]
	}
	return s
}

// live reports whether a formula begins after the leading ', if there are any.
func live(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0
}
