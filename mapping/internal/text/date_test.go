package text

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// written is how a test's time is shown; "" stands for none.
const written = "2006-01-02 15:04:05.999 -07:00"

func TestDatesOfAPattern(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{"DD/MM/YYYY", "03/04/2025", "2025-04-03 00:00:00 +00:00"},
		{"DD/MM/YYYY", " 03/04/2025 ", "2025-04-03 00:00:00 +00:00"},
		{"DD/MM/YYYY", "3/4/2025", "2025-04-03 00:00:00 +00:00"},
		{"DD/MM/YYYY", "29/02/2024", "2024-02-29 00:00:00 +00:00"},
		{"DD/MM/YYYY", "29/02/2023", ""},
		{"DD/MM/YYYY", "31/04/2025", ""},
		{"DD/MM/YYYY", "00/04/2025", ""},
		{"DD/MM/YYYY", "03/13/2025", ""},
		{"DD/MM/YYYY", "03/00/2025", ""},
		{"DD/MM/YYYY", "03/04/25", ""},
		{"DD/MM/YYYY", "03/04/20255", ""},
		{"DD/MM/YYYY", "03-04-2025", ""},
		{"DD/MM/YYYY", "03/04/2025 10:00", ""},
		{"DD/MM/YYYY", "x03/04/2025", ""},
		{"DD/MM/YYYY", "003/04/2025", ""},
		{"DD/MM/YYYY", "", ""},
		{"D/M/YYYY", "03/04/2025", "2025-04-03 00:00:00 +00:00"},
		{"MM/DD/YYYY", "03/04/2025", "2025-03-04 00:00:00 +00:00"},
		{"YYYY-DD-MM", "2025-03-04", "2025-04-03 00:00:00 +00:00"},
		{"YYYYMMDD", "20250403", "2025-04-03 00:00:00 +00:00"},
		{"DDMMYYYY", "03042025", "2025-04-03 00:00:00 +00:00"},
		{"DDMMYY", "030425", "2025-04-03 00:00:00 +00:00"},
		{"YYYY_MM_DD", "2025_04_03", "2025-04-03 00:00:00 +00:00"},
		{"YYYYMMDDHHmmss", "20250403101112", "2025-04-03 10:11:12 +00:00"},

		{"DD/MM/YY", "03/04/25", "2025-04-03 00:00:00 +00:00"},
		{"DD/MM/YY", "03/04/68", "2068-04-03 00:00:00 +00:00"},
		{"DD/MM/YY", "03/04/69", "1969-04-03 00:00:00 +00:00"},
		{"DD/MM/YY", "03/04/99", "1999-04-03 00:00:00 +00:00"},
		{"DD/MM/YY", "03/04/2025", ""},

		{"D MMM YYYY", "5 sep 2025", "2025-09-05 00:00:00 +00:00"},
		{"D MMM YYYY", "5 sep. 2025", "2025-09-05 00:00:00 +00:00"},
		{"D MMM YYYY", "5 Septiembre 2025", "2025-09-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 SET 2025", "2025-09-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 março 2025", "2025-03-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 Março 2025", "2025-03-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 outubro 2025", "2025-10-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 enero 2025", "2025-01-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 January 2025", "2025-01-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 dezembro 2025", "2025-12-05 00:00:00 +00:00"},
		{"D MMMM YYYY", "5 de 2025", ""},
		{"D MMMM YYYY", "5 xyz 2025", ""},
		{"MMM DD, YYYY", "Apr 03, 2025", "2025-04-03 00:00:00 +00:00"},
		{"DD-MMM-YYYY", "03-ABR-2025", "2025-04-03 00:00:00 +00:00"},
		{"DDMMMYYYY", "03abr2025", "2025-04-03 00:00:00 +00:00"},

		{"DD/MM/YYYY HH:mm", "03/04/2025 10:11", "2025-04-03 10:11:00 +00:00"},
		{"DD/MM/YYYY HH:mm", "03/04/2025   9:05", "2025-04-03 09:05:00 +00:00"},
		{"DD/MM/YYYY HH:mm", "03/04/2025\u00a010:11", "2025-04-03 10:11:00 +00:00"},
		{"DD/MM/YYYY HH:mm", "03/04/2025\t10:11", "2025-04-03 10:11:00 +00:00"},
		{"DD/MM/YYYY HH:mm", "03/04/202510:11", ""},
		{"DD/MM/YYYY HH:mm", "03/04/2025 24:00", ""},
		{"DD/MM/YYYY HH:mm", "03/04/2025 10:60", ""},
		{"DD/MM/YYYY HH:mm", "03/04/2025", ""},
		{"DD/MM/YYYY HH:mm:ss", "03/04/2025 23:59:59", "2025-04-03 23:59:59 +00:00"},
		{"DD/MM/YYYY HH:mm:ss", "03/04/2025 23:59:60", ""},
		{"DD/MM/YYYY HH:mm:ss.SSS", "03/04/2025 10:11:12.5", "2025-04-03 10:11:12.5 +00:00"},
		{"DD/MM/YYYY HH:mm:ss.SSS", "03/04/2025 10:11:12.123456", "2025-04-03 10:11:12.123 +00:00"},
		{"DD/MM/YYYY HH:mm:ss,SSS", "03/04/2025 10:11:12,050", "2025-04-03 10:11:12.05 +00:00"},
		{"DD/MM/YYYY HH:mm:ss:SSS", "03/04/2025 10:11:12:050", "2025-04-03 10:11:12.05 +00:00"},
		{"DD/MM/YYYY HH:mm:ss.SSS", "03/04/2025 10:11:12.", ""},

		{"DD/MM/YYYY hh:mm A", "03/04/2025 01:05 PM", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 1:05 p. m.", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 1:05 p.m.", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 1:05\u202fp.\u00a0m.", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 12:05 AM", "2025-04-03 00:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 12:05 pm", "2025-04-03 12:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 13:05 PM", ""},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 00:05 AM", ""},
		{"DD/MM/YYYY hh:mm A", "03/04/2025 01:05", ""},
		{"DD/MM/YYYY HH:mm A", "03/04/2025 01:05 PM", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mmA", "03/04/2025 01:05PM", "2025-04-03 13:05:00 +00:00"},
		{"DD/MM/YYYY hh:mm", "03/04/2025 13:05", "2025-04-03 13:05:00 +00:00"},

		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12Z", "2025-04-03 10:11:12 +00:00"},
		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12-05:00", "2025-04-03 10:11:12 -05:00"},
		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12+0530", "2025-04-03 10:11:12 +05:30"},
		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12", ""},
		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12-5", ""},
		{"YYYY-MM-DDTHH:mm:ssZ", "2025-04-03T10:11:12 EST", ""},
		{"YYYY-MM-DD HH:mm Z", "2025-04-03 10:11 -0500", "2025-04-03 10:11:00 -05:00"},
	} {
		p, err := ParseDatePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		got := ""
		if parsed, err := p.parse(c.text, time.UTC); err == nil {
			got = parsed.Format(written)
		}
		if got != c.want {
			t.Errorf("%q as %s: got %q, want %q", c.text, c.pattern, got, c.want)
		}
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                     "needs a year, a month and a day",
		"DD/MM":                "needs a year, a month and a day",
		"HH:mm":                "needs a year, a month and a day",
		"DD/MM/YYYY W":         `has "W" in it`,
		"dd/mm/yyyy":           `has "d" in it`,
		"DD de MM de YYYY":     `has "d" in it`,
		"DD/DD/MM/YYYY":        `has "DD" twice`,
		"DD/MM/YYYY HH:hh":     `has "hh" twice`,
		"DD/MM/YYYY YY":        `has "YY" twice`,
		"DD/MM/YYYY MMM":       `has "MMM" twice`,
		"DD/MM/YYYY HH:mm A A": `has "A" twice`,
	} {
		if _, err := ParseDatePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, wanted %s", pattern, err, want)
		}
	}
}

func TestDatesAreWrittenAsAPattern(t *testing.T) {
	at := time.Date(2025, 4, 3, 13, 5, 9, 50_000_000, time.FixedZone("", -5*3600))
	for pattern, want := range map[string]string{
		"DD/MM/YYYY":               "03/04/2025",
		"D/M/YY":                   "3/4/25",
		"YYYY-MM-DDTHH:mm:ss.SSSZ": "2025-04-03T13:05:09.050-05:00",
		"DD.MM.YYYY H:m:s":         "03.04.2025 13:5:9",
		"MM/DD/YYYY hh:mm A":       "04/03/2025 01:05 PM",
		"MM/DD/YYYY h:mm A":        "04/03/2025 1:05 PM",
		"YYYY年MM月DD日":              "2025年04月03日",
		"YYYY-MM-DD HH:mm:ss (DD)": "",
	} {
		p, err := ParseDatePattern(pattern)
		if want == "" {
			if err == nil {
				t.Errorf("%s was taken", pattern)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		} else if got := p.format(at); got != want || p.String() != pattern {
			t.Errorf("%s (%s): got %s, want %s", pattern, p, got, want)
		}
	}
	midnight := time.Date(2025, 4, 3, 0, 5, 0, 0, time.UTC)
	p, err := ParseDatePattern("YYYY-MM-DD hh:mm A Z")
	if err != nil || p.format(midnight) != "2025-04-03 12:05 AM Z" {
		t.Errorf("midnight is %s (%v)", p.format(midnight), err)
	}
}

// What a pattern writes it reads, as the same time.
func TestPatternsReadWhatTheyWrite(t *testing.T) {
	patterns := []string{"DD/MM/YYYY HH:mm:ss.SSS", "YYYY-MM-DDTHH:mm:ss.SSSZ", "D-M-YYYY h:m:s.SSS A", "MM.DD.YYYY hh:mm:ss.SSS A", "YYYY/MM/DD HH:mm:ss,SSS"}
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "ms")
		p, err := ParseDatePattern(rapid.SampledFrom(patterns).Draw(t, "pattern"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.UnixMilli(ms).UTC()
		if got, err := p.parse(p.format(at), time.UTC); err != nil || !got.Equal(at) {
			t.Fatalf("%s as %s became %s (%v)", at.Format(written), p, got.Format(written), err)
		}
	})
}

func TestRulesOfDates(t *testing.T) {
	bogota, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	pattern := func(sources ...string) []*DatePattern { return mustPatterns(sources...) }
	for _, c := range []struct {
		rule       DateRule
		text, want string
	}{
		{DateRule{}, "2025-04-03", "2025-04-03"},
		{DateRule{}, "2025-04-03 10:11:12", "2025-04-03 10:11:12"},
		{DateRule{}, "2025-04-03T10:11", "2025-04-03 10:11:00"},
		{DateRule{}, "2025-04-03T10:11:12.345Z", "2025-04-03 10:11:12"},
		{DateRule{}, "03/04/2025", "!"},
		{DateRule{}, "", "!"},
		{DateRule{From: pattern("DD/MM/YYYY")}, "03/04/2025", "2025-04-03"},
		{DateRule{From: pattern("DD/MM/YYYY")}, "2025-04-03", "2025-04-03"},
		{DateRule{From: pattern("DD/MM/YYYY", "MM/DD/YYYY")}, "03/25/2025", "2025-03-25"},
		{DateRule{From: pattern("DD/MM/YYYY HH:mm")}, "03/04/2025 1:02", "2025-04-03 01:02:00"},
		{DateRule{To: pattern("DD.MM.YY")[0]}, "2025-04-03", "03.04.25"},
		{DateRule{Out: bogota}, "2025-04-03T02:00:00Z", "2025-04-02 21:00:00"},
		{DateRule{Out: bogota}, "2025-04-03", "2025-04-03"},
		{DateRule{In: bogota, To: pattern("YYYY-MM-DD HH:mmZ")[0]}, "2025-04-03 02:00", "2025-04-03 02:00-05:00"},
	} {
		if c.rule.In == nil {
			c.rule.In = time.UTC
		}
		got, ok := c.rule.Convert(c.text)
		if !ok {
			got = "!"
		}
		if got != c.want {
			t.Errorf("%v of %q: got %q, want %q", c.rule.Sources(), c.text, got, c.want)
		}
	}
}

func TestAColumnProvesHowItsDatesAreWritten(t *testing.T) {
	for _, c := range []struct {
		cells   []string
		fits    string
		example string
	}{
		{nil, "", ""},
		{[]string{"", " "}, "", ""},
		{[]string{"2025-04-03"}, "", ""},
		{[]string{"03/04/2025"}, "DD/MM/YYYY MM/DD/YYYY", ""},
		{[]string{"03/04/2025", "25/04/2025"}, "DD/MM/YYYY", "25/04/2025"},
		{[]string{"03/04/2025", "04/25/2025"}, "MM/DD/YYYY", "04/25/2025"},
		{[]string{"25/04/2025", "04/25/2025"}, "", "25/04/2025"},
		{[]string{"03/04/2025", "2025-04-03", "25/04/2025"}, "DD/MM/YYYY", "25/04/2025"},
		{[]string{"25-04-2025 10:11"}, "DD-MM-YYYY HH:mm", "25-04-2025 10:11"},
		{[]string{"25.04.25"}, "DD.MM.YY", "25.04.25"},
		{[]string{"5 sept 2025"}, "DD MMM YYYY", "5 sept 2025"},
		{[]string{"Apr 25, 2025 1:02 PM"}, "MMM DD, YYYY hh:mm A", "Apr 25, 2025 1:02 PM"},
		{[]string{"hoy"}, "", ""},
	} {
		column, left := NewDateColumn(), true
		for _, cell := range c.cells {
			left = column.Add(cell)
		}
		if got := strings.Join(column.Fits(), " "); got != c.fits || column.Example != c.example {
			t.Errorf("%q: got %s by %q, want %s by %q", c.cells, got, column.Example, c.fits, c.example)
		}
		if decided := column.Cells > 0 && c.fits == ""; left == decided {
			t.Errorf("%q: are patterns left? %v", c.cells, left)
		}
	}
	given := NewDateColumn("DD|MM|YYYY", "DD/MM/YYYY")
	given.Add("03|04|2025")
	if fits := given.Fits(); !slices.Equal(fits, []string{"DD|MM|YYYY"}) || fmt.Sprint(given.Given) != "[DD|MM|YYYY DD/MM/YYYY]" {
		t.Errorf("a pattern that is given isn't looked for: %v", fits)
	}
}

func TestISODates(t *testing.T) {
	for s, want := range map[string]bool{
		"2025-04-03":             true,
		"2025-4-3":               true,
		"2025-04-03 10:11":       true,
		"2025-04-03T10:11:12Z":   true,
		"2025-04-03T10:11:12.5Z": true,
		"2025-04-03 10:11:12.5":  true,
		"2025/04/03":             false,
		"03-04-2025":             false,
		"2025-13-03":             false,
		"20250403":               false,
		"":                       false,
		"x2025-04-03":            false,
		"2025-04-03 a las 10":    false,
	} {
		if IsISODate(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}
