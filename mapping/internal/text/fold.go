package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold brings texts to a form in which neither case nor accents nor the blanks around
// them matter: " Petición" and "PETICION" become one.
func Fold(s string) string {
	s = strings.TrimSpace(s)
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return cases.Fold().String(norm.NFC.String(b.String()))
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// FoldName brings a column's name to the form in which names are compared.
func FoldName(name string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(name)))
}

// Key brings a key to its lasting form: trimmed and NFC, nothing else.
func Key(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }
