package text

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersAsPeopleWriteThem(t *testing.T) {
	const riddle, none = "!ambiguous_number", "!not_a_number"
	for _, c := range []struct {
		text    string
		decimal byte
		want    string
	}{
		{"0", 0, "0"},
		{"7", 0, "7"},
		{"007", 0, "7"},
		{"000", 0, "0"},
		{"-0", 0, "0"},
		{"-0,00", 0, "0.00"},
		{"12", 0, "12"},
		{"+12", 0, "12"},
		{"-12", 0, "-12"},
		{"12-", 0, "-12"},
		{"\u221212", 0, "-12"},
		{"(12)", 0, "-12"},
		{"( 12,50 )", 0, "-12.50"},
		{"(-12)", 0, none},
		{"--12", 0, none},
		{"1,5", 0, "1.5"},
		{"1.5", 0, "1.5"},
		{"1,50", 0, "1.50"},
		{",5", 0, "0.5"},
		{".5", 0, "0.5"},
		{"5,", 0, "5"},
		{"0,125", 0, "0.125"},
		{"0.125", 0, "0.125"},
		{"1.234", 0, riddle},
		{"1,234", 0, riddle},
		{"123.456", 0, riddle},
		{"1234.567", 0, "1234.567"},
		{"1.2345", 0, "1.2345"},
		{"1.234", ',', "1234"},
		{"1.234", '.', "1.234"},
		{"1,234", ',', "1.234"},
		{"1,234", '.', "1234"},
		{"1.234,56", 0, "1234.56"},
		{"1,234.56", 0, "1234.56"},
		{"1.234.567", 0, "1234567"},
		{"1,234,567", 0, "1234567"},
		{"1.234.567,89", 0, "1234567.89"},
		{"1,234,567.89", 0, "1234567.89"},
		{"1,234.5", ',', none},
		{"1.234,5", '.', none},
		{"1,23,456.7", 0, none},
		{"12.34.567", 0, none},
		{"1234.567,8", 0, none},
		{".123.456", 0, none},
		{"1'234'567", 0, "1234567"},
		{"1’234,5", 0, "1234.5"},
		{"1 234 567", 0, "1234567"},
		{"1\u00a0234,5", 0, "1234.5"},
		{"1\u202f234,5", 0, "1234.5"},
		{"$1.500,5", 0, "1500.5"},
		{"$ 1.234.567,8 COP", 0, "1234567.8"},
		{"COP 5", 0, "5"},
		{"US$ 5", 0, "5"},
		{"USD5", 0, "5"},
		{"R$ 1,50", 0, "1.50"},
		{"S/ 1,50", 0, "1.50"},
		{"€5,00", 0, "5.00"},
		{"5,00 EUR", 0, "5.00"},
		{"-$5", 0, "-5"},
		{"$-5", 0, "-5"},
		{"", 0, none},
		{" ", 0, none},
		{"-", 0, none},
		{"$", 0, none},
		{"doce", 0, none},
		{"12a", 0, none},
		{"3-4", 0, none},
		{"1e5", 0, none},
		{"12%", 0, none},
		{"٣", 0, none},
	} {
		number, wrong := ParseNumber(c.text, c.decimal)
		got := number
		if wrong != "" {
			got = "!" + wrong
		}
		if got != c.want {
			t.Errorf("%q with %q: got %s, want %s", c.text, c.decimal, got, c.want)
		}
	}
}

// What is read is a number that a program reads too, and read again with the point it is the
// same.
func TestNumbersThatAreReadAreNumbers(t *testing.T) {
	signs := rapid.StringOf(rapid.RuneFrom([]rune("0123456789.,-+() $'")))
	rapid.Check(t, func(t *rapid.T) {
		s, decimal := signs.Draw(t, "s"), rapid.SampledFrom([]byte{0, ',', '.'}).Draw(t, "decimal")
		number, wrong := ParseNumber(s, decimal)
		if wrong != "" {
			if number != "" {
				t.Fatalf("%q is wrong and became %q", s, number)
			}
			return
		}
		if _, err := strconv.ParseFloat(number, 64); err != nil {
			t.Fatalf("%q became %q", s, number)
		}
		if again, wrong := ParseNumber(number, '.'); again != number || wrong != "" {
			t.Fatalf("%q became %q and then %q %s", s, number, again, wrong)
		}
	})
}

// A number that is written with groups and a mark for decimals comes back as it was.
func TestWrittenNumbersComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(-1e12, 1e12).Draw(t, "whole")
		cents := rapid.IntRange(0, 99).Draw(t, "cents")
		for _, marks := range []string{".,", ",."} {
			written := group(whole, marks[:1]) + marks[1:] + fmt.Sprintf("%02d", cents)
			want := fmt.Sprintf("%d.%02d", whole, cents)
			if got, wrong := ParseNumber(written, marks[1]); got != want || wrong != "" {
				t.Fatalf("%s became %s %s, want %s", written, got, wrong, want)
			}
		}
	})
}

func group(n int64, mark string) string {
	digits := strings.TrimPrefix(strconv.FormatInt(n, 10), "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	if n < 0 {
		digits = "-" + digits
	}
	return digits
}
