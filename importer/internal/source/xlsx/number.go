package xlsx

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// format is what a number format does to the text of a cell. All others leave the
// stored value as it is: they would round, shorten or merge.
//
// The codes are those of ECMA-376, part 1, 18.8.31. A cell doesn't say that it is a date: its number
// is one if its style's format code would show it as one.
type format struct {
	kind   formatKind
	digits int // of padded
}

type formatKind byte

const (
	plain   formatKind = iota
	date               // a day, a time of day, or both
	elapsed            // hours that may be more than 24
	padded             // 00000
	percent
)

// builtIn is the number format that every workbook has under an id, as far as it matters: those
// of dates and times, and percentages.
// ECMA-376, part 1, 18.8.30 lists them. 27 to 36 and 50 to 58 depend on the language of the
// program: they are dates in East Asia, and not used elsewhere.
func builtIn(id int) format {
	switch {
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id == 45, id == 47, id >= 50 && id <= 58:
		return format{kind: date}
	case id == 46:
		return format{kind: elapsed}
	case id == 9, id == 10:
		return format{kind: percent}
	}
	return format{}
}

// parseFormat reads a format code as far as it matters here. Of its sections, which
// are for positive numbers, negative ones, zero and text, the first is looked at.
// A code that can't be read to its end means nothing: the value stays as it is stored, which loses
// none of it.
func parseFormat(code string) format {
	zeros, others := 0, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			i = len(code)
		case '"': // a literal text
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				return format{}
			}
			i, others = i+1+end, true
		case '\\', '_', '*': // a literal character, a blank of its width, a filling
			i, others = i+1, true
		case '[': // a colour, a condition, a language, or elapsed time
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return format{}
			}
			if strings.Trim(strings.ToLower(code[i+1:i+end]), "hms") == "" && end > 1 {
				return format{kind: elapsed}
			}
			i += end
		case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S':
			return format{kind: date}
		case '%':
			return format{kind: percent}
		case '0':
			zeros++
		case 'G', 'g': // General
			return format{}
		default:
			others = true
		}
	}
	if zeros > 1 && !others {
		return format{kind: padded, digits: zeros}
	}
	return format{}
}

// appendNumber appends a stored number as its format has it. What is no number is
// appended as it stands.
func (f format) appendNumber(to, value []byte, date1904 bool) []byte {
	switch f.kind {
	case date, elapsed:
		if text, ok := f.moment(value, date1904); ok {
			return append(to, text...)
		}
	case padded:
		return appendPadded(to, value, f.digits)
	case percent:
		if n := len(to); isNumber(value) {
			if to = appendShifted(to, value, 2); len(to) > n {
				return append(to, '%')
			}
		}
	}
	return appendPlain(to, value)
}

// appendPlain appends a number without the E by which it may be stored. It works on
// the digits: a float would not hold all of them.
func appendPlain(to, value []byte) []byte {
	if bytes.IndexByte(value, 'E') < 0 && bytes.IndexByte(value, 'e') < 0 {
		return append(to, value...)
	}
	return appendShifted(to, value, 0)
}

// maxShift bounds the zeros of a plain decimal: a float has an exponent of 308.
const maxShift = 330

// appendShifted appends the number times ten to the power of shift.
//
// It moves the point among the digits. 0.1 as a float is not a tenth, and a percentage that is made by
// a multiplication would show that.
func appendShifted(to, value []byte, shift int) []byte {
	number := bytes.TrimSpace(value)
	mantissa, exponent := number, 0
	if at := bytes.IndexAny(number, "eE"); at >= 0 {
		var err error
		mantissa = number[:at]
		exponent, err = strconv.Atoi(string(number[at+1:]))
		if err != nil || exponent > maxShift || exponent < -maxShift {
			return append(to, value...)
		}
	}
	if !isNumber(mantissa) {
		return append(to, value...)
	}
	if mantissa[0] == '-' {
		to = append(to, '-')
	}
	mantissa = bytes.TrimLeft(mantissa, "+-")
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	digits := append(append(make([]byte, 0, len(mantissa)), whole...), fraction...)
	return appendPoint(to, digits, len(whole)+exponent+shift)
}

// appendPoint appends digits with the point behind the first n of them.
func appendPoint(to, digits []byte, n int) []byte {
	for ; n > len(digits); digits = append(digits, '0') {
	}
	if n < 1 {
		zeros := bytes.Repeat([]byte{'0'}, 1-n)
		digits, n = append(zeros, digits...), 1
	}
	whole, fraction := bytes.TrimLeft(digits[:n], "0"), bytes.TrimRight(digits[n:], "0")
	if len(whole) == 0 {
		whole = []byte{'0'}
	}
	to = append(to, whole...)
	if len(fraction) > 0 {
		to = append(append(to, '.'), fraction...)
	}
	return to
}

// isNumber tells decimal numbers from all else that Go takes for one: hexadecimal digits, underscores,
// infinities and NaN.
func isNumber(value []byte) bool {
	_, err := strconv.ParseFloat(string(value), 64)
	return err == nil && !bytes.ContainsAny(value, "xXpP_nN")
}

// appendPadded fills the whole part up with zeros.
// A fraction stays, though a spreadsheet would round it away: two keys must not become one.
func appendPadded(to, value []byte, digits int) []byte {
	text := appendPlain(nil, value)
	if !isNumber(text) {
		return append(to, value...)
	}
	if text[0] == '-' {
		to, text = append(to, '-'), text[1:]
	}
	whole, _, _ := bytes.Cut(text, []byte("."))
	for n := len(whole); n < digits; n++ {
		to = append(to, '0')
	}
	return append(to, text...)
}

const (
	secondsPerDay = 24 * 60 * 60
	lastDay       = 2958466 // the day after 9999-12-31, counted from 1900
)

// moment is a stored date as YYYY-MM-DD HH:mm:ss, without the time where that is
// midnight, and without the day where there is none. Seconds are rounded: fractions
// of a day can't hold them exactly.
func (f format) moment(value []byte, date1904 bool) (string, bool) {
	serial, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	if err != nil || !(serial >= 0 && serial < lastDay) {
		return "", false
	}
	seconds := int64(math.Round(serial * secondsPerDay))
	if f.kind == elapsed {
		return clock(seconds), true
	}
	days, rest := seconds/secondsPerDay, seconds%secondsPerDay
	// A time of day alone is stored as a fraction of a day that there isn't. From 1904 on, day 0 is one.
	if days == 0 && !date1904 {
		return clock(rest), true
	}
	// Day 1 is 1900-01-01. Day 60 is a 29th of February that there never was, kept
	// for the sake of an older spreadsheet.
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 60:
		return "", false
	case days < 60:
		first = first.AddDate(0, 0, 1)
	}
	// A day has the same length each day: the calendar of a sheet knows no time zones.
	at := first.AddDate(0, 0, int(days)).Add(time.Duration(rest) * time.Second)
	if rest == 0 {
		return at.Format(time.DateOnly), true
	}
	return at.Format(time.DateTime), true
}

// clock is a time of day, or a time span, whose hours may have any number of digits.
func clock(seconds int64) string {
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return two(seconds/3600) + ":" + two(seconds/60%60) + ":" + two(seconds%60)
}

// isoDate reads the ISO 8601 of cells that are stored as such.
//
// Excel writes such cells only if it is told to save in the strict form of the standard. A time zone is
// left out and not converted: the sheet shows the time as it stands.
func isoDate(value string) (string, bool) {
	for _, layout := range []string{
		"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
		"2006-01-02", "15:04:05",
	} {
		at, err := time.Parse(layout, value)
		switch {
		case err != nil:
			continue
		case layout == "15:04:05":
			return value, true
		case at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0:
			return at.Format(time.DateOnly), true
		}
		return at.Format(time.DateTime), true
	}
	return value, false
}
