package formula

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wolkvox-import/mapping/internal/text"
)

// helpers are what expressions have beside the language's own functions.
var helpers = []struct {
	name string
	call func(args ...any) (any, error)
	kind any
}{
	{"fold", textHelper(text.Fold), new(func(string) string)},
	{"html", textHelper(text.FromHTML), new(func(string) string)},
	{"sha256", textHelper(hashText), new(func(string) string)},
	{"digits", textHelper(onlyDigits), new(func(string) string)},
	{"number", numberHelper, new(func(string) float64)},
	{"date", dateHelper, new(func(string, string, string) string)},
	{"days", daysHelper, new(func(string, string) int)},
}

// textHelper makes a function of expressions from one on texts.
func textHelper(f func(string) string) func(...any) (any, error) {
	return func(args ...any) (any, error) { return f(args[0].(string)), nil }
}

// hashText is for keys: a text of any length becomes one of 64 letters and digits.
func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// onlyDigits keeps the ASCII digits, as of a telephone number.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// numberHelper reads a number as the step number does; an empty text is 0.
func numberHelper(args ...any) (any, error) {
	written := args[0].(string)
	if text.Blank(written) {
		return 0.0, nil
	}
	number, wrong := text.ParseNumber(written, 0)
	if wrong != "" {
		return nil, fmt.Errorf("%q is not a number without doubt", text.Shorten(written, 40))
	}
	return strconv.ParseFloat(number, 64)
}

// dateHelper rewrites a date from one pattern to another.
func dateHelper(args ...any) (any, error) {
	from, err := text.ParseDatePattern(args[1].(string))
	if err != nil {
		return nil, err
	}
	to, err := text.ParseDatePattern(args[2].(string))
	if err != nil {
		return nil, err
	}
	rule := text.DateRule{From: []*text.DatePattern{from}, To: to, In: time.UTC}
	out, ok := rule.Convert(args[0].(string))
	if !ok && !text.Blank(args[0].(string)) {
		return nil, fmt.Errorf("%q is no date as %s", text.Shorten(args[0].(string), 40), from)
	}
	return out, nil
}

// daysHelper counts the days from one ISO date to another.
func daysHelper(args ...any) (any, error) {
	rule := text.DateRule{In: time.UTC}
	from, _, ok1 := rule.Parse(args[0].(string))
	to, _, ok2 := rule.Parse(args[1].(string))
	if !ok1 || !ok2 {
		return nil, errors.New("days needs two dates as YYYY-MM-DD")
	}
	return int(to.Sub(from).Hours() / 24), nil
}
