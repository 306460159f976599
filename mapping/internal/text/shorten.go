package text

import "strings"

// Blank tells whether a text is empty or nothing but white space.
func Blank(s string) bool { return strings.TrimSpace(s) == "" }

// Shorten keeps messages readable when a cell holds a whole letter.
func Shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
