package text

import (
	"strings"
	"unicode"
)

// ParseNumber returns a number as 1234.56, or the word for what is wrong with it.
// Currency signs, blanks and a minus in any of its places are understood. decimal is the
// decimal mark; 0 finds it out if the number leaves no doubt.
func ParseNumber(v string, decimal byte) (number, wrong string) {
	text, negative := bareNumber(v)
	if text == "" || strings.Trim(text, "0123456789.,") != "" {
		return "", "not_a_number"
	}
	if decimal == 0 {
		if decimal, wrong = findDecimal(text); wrong != "" {
			return "", wrong
		}
	}
	thousands := byte('.')
	if decimal == '.' {
		thousands = ','
	}
	whole, fraction, _ := strings.Cut(text, string(decimal))
	if strings.ContainsAny(fraction, ".,") || !grouped(whole, thousands) {
		return "", "not_a_number"
	}
	whole = strings.TrimLeft(strings.ReplaceAll(whole, string(thousands), ""), "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && strings.Trim(whole, "0.") != "" {
		whole = "-" + whole
	}
	return whole, ""
}

// bareNumber takes the sign, currency and blanks off.
func bareNumber(v string) (text string, negative bool) {
	v = strings.TrimSpace(v)
	if inner, ok := strings.CutPrefix(v, "("); ok && strings.HasSuffix(inner, ")") {
		v, negative = strings.TrimSuffix(inner, ")"), true
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Sc, r), r == '\'', r == '’':
			return -1
		case r == '\u2212':
			return '-'
		}
		return r
	}, v)
	for _, code := range []string{"COP", "USD", "EUR", "MXN", "BRL", "PEN", "CLP", "ARS", "US", "S/", "R"} {
		text = strings.TrimSuffix(strings.TrimPrefix(text, code), code)
	}
	for _, cut := range []func(string, string) (string, bool){strings.CutPrefix, strings.CutSuffix} {
		if rest, ok := cut(text, "-"); ok && !negative {
			text, negative = rest, true
		}
	}
	return strings.TrimPrefix(text, "+"), negative
}

// findDecimal finds the decimal mark. If both marks occur, it is the last; if one
// occurs several times, the other. One mark with three digits behind it is a riddle.
func findDecimal(text string) (mark byte, wrong string) {
	dot, comma := strings.LastIndexByte(text, '.'), strings.LastIndexByte(text, ',')
	switch {
	case dot < 0 && comma < 0, dot > comma && comma >= 0:
		return '.', ""
	case comma > dot && dot >= 0:
		return ',', ""
	}
	at, other := max(dot, comma), byte('.')
	if text[at] == '.' {
		other = ','
	}
	switch {
	case strings.Count(text, text[at:at+1]) > 1:
		return other, ""
	case len(text)-at-1 == 3 && at > 0 && at <= 3 && text[0] != '0':
		return 0, "ambiguous_number"
	}
	return text[at], ""
}

// grouped tells whether the digits before the decimal mark are in groups of three, or in
// none.
func grouped(whole string, mark byte) bool {
	groups := strings.Split(whole, string(mark))
	for i, g := range groups {
		if strings.Trim(g, "0123456789") != "" || i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (len(g) == 0 ||
			len(g) > 3) {
			return false
		}
	}
	return true
}
