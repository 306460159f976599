// Package spreadsheet knows what spreadsheet programs do to texts that they take for numbers
// or dates, when somebody opens a CSV file with them and saves it.
//
// The rules come from what Excel, LibreOffice and Google Sheets do with a cell of the format
// "General": they parse its text by the person's locale, keep a float of 64 bits or a day's serial
// number, and write that back in the locale's own form. So a point may become a comma, a ticket's
// 000126 becomes 126, and 3-4 becomes a date of the current year.
//
// The package compares and never repairs: what was lost can't be computed from what is left.
package spreadsheet

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Fold is a text without what such programs add to it and take away: zeros in front of a
// number, a fraction of zeros behind it, blanks, and case.
func Fold(text string) string {
	// Case goes too: not for the programs, but for people, who type keys again by hand.
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	if zeros := fraction.FindString(text); zeros != "" {
		text = text[:len(text)-len(zeros)+1] // all but the digit before it
	}
	var out []byte
	for i := range len(text) {
		if text[i] == '0' && i+1 < len(text) && isDigit(text[i+1]) && startsNumber(out) {
			continue
		}
		out = append(out, text[i])
	}
	return string(out)
}

// fraction is a fraction of zeros with the digit before it. The point may be a comma: which one it is
// depends on the locale of the computer and not on the file.
var fraction = regexp.MustCompile(`\d[.,]0+$`)

// startsNumber tells whether a digit behind this text is the first of a number, and not one of
// a fraction.
func startsNumber(before []byte) bool {
	n := len(before)
	switch {
	case n == 0:
		return true
	case before[n-1] == '.' || before[n-1] == ',':
		return n == 1 || !isDigit(before[n-2])
	}
	return !isDigit(before[n-1])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// scientific is a number with an exponent, and one digit before the point, as the programs write it.
// Its groups are that digit, the fraction and the exponent.
var scientific = regexp.MustCompile(`^[+-]?(\d)(?:[.,](\d+))?[eE]([+-]?\d{1,3})$`)

// Scientific tells whether a text is a number as 1.23E+19, whose last digits are gone.
func Scientific(text string) bool {
	m := scientific.FindStringSubmatch(strings.TrimSpace(text))
	return m != nil && strings.ContainsAny(m[3], "+-") // 1E5 may well be an id
}

// Shortened tells whether a number, as 1.23E+19, is what is left of the number that text is.
func Shortened(number, text string) bool {
	m := scientific.FindStringSubmatch(strings.TrimSpace(number))
	digits := Fold(text)
	if m == nil || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return false
	}
	// A number of that many digits has just this exponent. Any other one is of another number, even
	// if its first digits are the same.
	exponent, err := strconv.Atoi(m[3])
	if err != nil || exponent != len(digits)-1 {
		return false
	}
	left, err := strconv.ParseFloat(m[1]+"."+m[2]+"0e"+m[3], 64)
	return err == nil && strconv.FormatFloat(value, 'e', len(m[2]), 64) == strconv.FormatFloat(left, 'e', len(m[2]), 64)
}

// Changed tells whether a cell looks like another one that a spreadsheet has read and written:
// as a number with fewer digits, or as a date in another order.
func Changed(was, now string) bool {
	switch {
	case was == now || strings.TrimSpace(was) == "" || strings.TrimSpace(now) == "":
		return false
	case isNumber(was) && isNumber(now):
		return plain(was) == plain(now) || rounded(Fold(was), Fold(now))
	case isNumber(was):
		return Shortened(now, was)
	}
	return turned(was, now)
}

func isNumber(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && strings.Trim(text, "0123456789.,") == "" && strings.ContainsAny(text, "0123456789")
}

// plain is a number without the zeros at both of its ends. Those at the right end go only from a
// fraction: in 100 they count, and in 1.000.000 the points may separate thousands.
func plain(number string) string {
	number = strings.ReplaceAll(Fold(number), ",", ".")
	if strings.Count(number, ".") == 1 {
		number = strings.TrimRight(number, "0")
	}
	return number
}

// rounded tells whether only the first 15 digits are left, as many as a spreadsheet keeps.
func rounded(was, now string) bool {
	const kept = 15
	return len(was) > kept && len(was) == len(now) && was[:kept] == now[:kept] && strings.Trim(now[kept:], "0") == ""
}

// months are the names' beginnings in the two languages, which are theirs alone.
var months = map[string]int{
	"ene": 1, "feb": 2, "mar": 3, "abr": 4, "may": 5, "jun": 6,
	"jul": 7, "ago": 8, "sep": 9, "oct": 10, "nov": 11, "dic": 12,
	"jan": 1, "apr": 4, "aug": 8, "dec": 12,
}

var (
	dateLike = regexp.MustCompile(`^\s*\d{1,4}[-/. ](\d{1,2}|[[:alpha:]]{3,})([-/. ]\d{1,4})?` +
		`([ T]\d{1,2}:\d{2}(:\d{2})?)?\s*$`)
	part = regexp.MustCompile(`\d+|[[:alpha:]]{3,}`)
)

// turned tells whether both are dates of the same numbers. The later one may have a year that
// the spreadsheet has added.
func turned(was, now string) bool {
	if !dateLike.MatchString(was) || !dateLike.MatchString(now) {
		return false
	}
	before, after := dateParts(was), dateParts(now)
	for _, n := range before {
		i := slices.Index(after, n)
		if i < 0 {
			return false
		}
		after = slices.Delete(after, i, i+1)
	}
	return true
}

// dateParts are a date's day, month and year, as far as it has them, in their order.
func dateParts(text string) (parts []int) {
	text, _, _ = strings.Cut(text, ":")
	for _, p := range part.FindAllString(strings.ToLower(text), 3) {
		n, err := strconv.Atoi(p)
		switch {
		case err != nil:
			n = months[p[:3]]
		case len(p) == 2 && len(parts) == 2 && parts[0] < 100:
			n += 2000 // a year of two digits
		}
		parts = append(parts, n)
	}
	return parts
}
