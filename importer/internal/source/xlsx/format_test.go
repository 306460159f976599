package xlsx

import (
	"strconv"
	"testing"
	"time"
)

// What a format code does is decided by its first section; colours, conditions and texts in it say
// nothing of the value.
func TestWhatAFormatCodeDoes(t *testing.T) {
	for code, want := range map[string]format{
		"General":              {},
		"0":                    {},
		"#,##0.00":             {},
		"00000":                {kind: padded, digits: 5},
		"00000;[Red]-00000":    {kind: padded, digits: 5},
		"\"T-\"00000":          {}, // the text would be lost, so the value stays as it is
		"000-000":              {},
		"yyyy-mm-dd":           {kind: date},
		"[$-409]d-mmm-yy;@":    {kind: date},
		"[Red]dd/mm/yyyy":      {kind: date},
		"[h]:mm":               {kind: elapsed},
		"[MM]:ss":              {kind: elapsed},
		"0.00%":                {kind: percent},
		"\"day\"0":             {}, // a d within quotes is no day
		"\\d0":                 {},
		"\"never closed":       {},
		"[never closed":        {},
		"0;dd/mm/yyyy":         {}, // of negative numbers only
		"_-* #,##0.00\\ \"€\"": {},
	} {
		if got := parseFormat(code); got != want {
			t.Errorf("%q: %+v, want %+v", code, got, want)
		}
	}
}

// ECMA-376, part 1, 18.8.30 gives these formats to every workbook, which then doesn't list them.
func TestFormatsThatEveryWorkbookHas(t *testing.T) {
	for id, want := range map[int]formatKind{
		0: plain, 1: plain, 4: plain, 9: percent, 10: percent, 11: plain, 13: plain, 14: date, 18: date, 22: date,
		23: plain, 37: plain, 44: plain, 45: date, 46: elapsed, 47: date, 48: plain, 49: plain, 164: plain,
	} {
		if got := builtIn(id).kind; got != want {
			t.Errorf("%d: %d, want %d", id, got, want)
		}
	}
}

// Padding adds zeros and takes nothing away, whatever the number.
func TestPaddedNumbersAreFilledUp(t *testing.T) {
	for value, want := range map[string]string{
		"7": "00007", "-7": "-00007", "123456": "123456", "1.5": "00001.5", "2E3": "02000", "x": "x", "": "",
	} {
		f := format{kind: padded, digits: 5}
		if got := string(f.appendNumber(nil, []byte(value), false)); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// What is no day becomes no date: the cell keeps its number, which a person can look at.
func TestNumbersThatAreNoDays(t *testing.T) {
	for _, value := range []string{"-1", "60", "2958466", "1e9", "NaN", "+Inf", "mañana", ""} {
		f := format{kind: date}
		if got, ok := f.moment([]byte(value), false); ok {
			t.Errorf("%q is taken for %s", value, got)
		}
		if got := string(f.appendNumber(nil, []byte(value), false)); value != "1e9" && got != value {
			t.Errorf("%q became %s", value, got)
		}
	}
}

// A moment's seconds are rounded: a fraction of a day can't hold them exactly.
func TestSecondsOfADayComeBack(t *testing.T) {
	for second := 0; second < secondsPerDay; second += 37 {
		value := strconv.FormatFloat(45322+float64(second)/secondsPerDay, 'f', -1, 64)
		want := time.Date(2024, 1, 31, 0, 0, second, 0, time.UTC).Format(time.DateTime)
		if second == 0 {
			want = "2024-01-31"
		}
		if got, ok := (format{kind: date}).moment([]byte(value), false); got != want || !ok {
			t.Fatalf("%s: %s, want %s", value, got, want)
		}
	}
}
