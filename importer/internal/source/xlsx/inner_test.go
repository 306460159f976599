package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"A1": "0 1", "Z9": "25 9", "AA10": "26 10", "XFD1048576": "16383 1048576", "ab3": "27 3", "A0": "0 0",
	} {
		column, row, err := parseReference([]byte(text))
		if got := fmt.Sprint(column, " ", row); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "A", "1", "A1B", "XFE1", "AAAA1", "A-1", "A 1", "$A$1", "A99999999999", "Ñ1"} {
		if column, row, err := parseReference([]byte(text)); err == nil {
			t.Errorf("%q is taken for column %d and row %d", text, column, row)
		}
	}
}

// The letters of every column lead back to it.
func TestColumnNamesLeadBack(t *testing.T) {
	for column := range maxColumns {
		name := ColumnName(column)
		back, row, err := parseReference([]byte(name + "7"))
		if back != column || row != 7 || err != nil {
			t.Fatalf("%d is %s, which is %d, %d, %v", column, name, back, row, err)
		}
	}
}

func TestEscapesOfCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"plain _ x":                  "plain _ x",
		"_x0041_":                    "A",
		"_x00e9__x00E9_":             "éé",
		"a_x000D_\n":                 "a\r\n",
		"_x005F_x0041_":              "_x0041_",
		"_x005F__x0041_":             "_A",
		"_x0041":                     "_x0041",
		"_X0041_":                    "_X0041_",
		"_x00G1_":                    "_x00G1_",
		"__x0041__":                  "_A_",
		"_xD83D__xDE00_":             "😀",
		"_xD83D_":                    "_xD83D_",
		"_xDE00__xD83D_":             "_xDE00__xD83D_",
		"_xD83D_x_xDE00_":            "_xD83D_x_xDE00_",
		strings.Repeat("_x0041_", 9): strings.Repeat("A", 9),
	} {
		if got := string(unescape([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestEntities(t *testing.T) {
	for text, want := range map[string]string{
		"a&amp;b": "a&b", "&lt;&gt;&quot;&apos;": `<>"'`, "&#65;&#x41;&#x1F600;": "AA😀", "&#9;&#10;&#13;": "\t\n\r",
		"a\r\nb\rc\n": "a\nb\nc\n", "&#xD;\n": "\r\n", "\r": "\n", "\r\n": "\n", "&#x10FFFF;": "\U0010ffff",
	} {
		if got, err := appendText(nil, []byte(text)); string(got) != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"&", "&amp", "&;", "&#;", "&#x;", "&#xZZ;", "&#0;", "&#x1;", "&#xD800;", "&#xFFFE;", "&#x110000;", "&AMP;",
		"&nbsp;", "& amp;", "&#99999999999;", "&#-1;", "&#+65;",
	} {
		if got, err := appendText(nil, []byte(text)); err == nil {
			t.Errorf("%q is taken for %q", text, got)
		}
	}
}

func TestFormatCodes(t *testing.T) {
	for code, want := range map[string]format{
		"General": {}, "": {}, "0": {}, "0.00": {}, "#,##0": {}, "@": {}, `"d"0`: {}, `\d0`: {}, "0_d": {}, "*d0": {}, `"open`: {}, "[open": {},
		"yyyy": {kind: date}, "D": {kind: date}, "[Red]dd": {kind: date}, "[$-409]mmm": {kind: date}, "hh:mm AM/PM": {kind: date}, `"el "d`: {kind: date},
		"[h]:mm": {kind: elapsed}, "[mm]": {kind: elapsed}, "[SS]": {kind: elapsed}, "[]0": {},
		"0%": {kind: percent}, "0.00%;[Red]-0%": {kind: percent},
		"00": {kind: padded, digits: 2}, "00000000": {kind: padded, digits: 8}, "00;dd": {kind: padded, digits: 2}, "000-000": {}, "00.0": {},
	} {
		if got := parseFormat(code); got != want {
			t.Errorf("%q: %+v, want %+v", code, got, want)
		}
	}
}

func TestNumbersAreNeverRounded(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"1E5", "100000"}, {"1.5E-5", "0.000015"}, {"-2.50e2", "-250"}, {"+1E2", "100"}, {"0E0", "0"}, {"1.23456789012345678E17", "123456789012345678"},
		{"1E330", "1" + strings.Repeat("0", 330)}, {"1E331", "1E331"}, {"1E-331", "1E-331"}, {"1Ex", "1Ex"}, {"E5", "E5"}, {"0x1E5", "0x1E5"}, {"1E5E5", "1E5E5"},
		{"12", "12"}, {" 12 ", " 12 "}, {"007", "007"}, {"InfE1", "InfE1"}, {"NaNe1", "NaNe1"},
	} {
		if got := string(appendPlain(nil, []byte(c.value))); got != c.want {
			t.Errorf("%q: %.40q, want %.40q", c.value, got, c.want)
		}
	}
}

// The two calendars are 1,462 days apart, and the one of 1900 has a day that never was.
func TestDaysOfBothCalendars(t *testing.T) {
	day := format{kind: date}
	for serial := 61; serial < 2_958_466-1462; serial += 997 {
		of1904, ok := day.moment(fmt.Append(nil, serial), true)
		of1900, good := day.moment(fmt.Append(nil, serial+1462), false)
		if !ok || !good || of1904 != of1900 {
			t.Fatalf("day %d: %s, %s", serial, of1904, of1900)
		}
	}
	for value, want := range map[string]string{
		"0.99999": "23:59:59", "0.999999": "1900-01-01", "1.5": "1900-01-01 12:00:00", "60": "", "60.5": "", "61": "1900-03-01", "-0.5": "", "x": "", "1e400": "", "NaN": "",
	} {
		if got, _ := day.moment([]byte(value), false); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

// A part whose unpacking fails is an error, however far it came, and an early end of it too.
func TestFeedReportsHowItsPartEnds(t *testing.T) {
	broken := errors.New("a wrong checksum")
	good := strings.Repeat("<a></a> ", 50_000)
	for name, c := range map[string]struct {
		in   io.Reader
		want error
	}{
		"sound":              {strings.NewReader(good), io.EOF},
		"in small pieces":    {iotest.OneByteReader(strings.NewReader(good[:5000])), io.EOF},
		"a failure":          {io.MultiReader(strings.NewReader(good), iotest.ErrReader(broken)), broken},
		"a failure at once":  {iotest.ErrReader(broken), broken},
		"an archive cut off": {io.MultiReader(strings.NewReader(good), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
		"nothing":            {strings.NewReader(""), io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFeed(io.NopCloser(c.in), int64(len(good)))
			defer f.close()
			var text []byte
			for {
				piece, err := f.next()
				if err != nil {
					if !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
					break
				}
				text = append(text, piece[headroom:]...)
				f.giveBack(piece)
			}
			if !bytes.HasPrefix([]byte(good), text) {
				t.Errorf("%d bytes of something else", len(text))
			}
		})
	}
}

// Characters may be cut anywhere between two pieces, and what is no character is found there too.
func TestBytesAreCheckedAcrossPieces(t *testing.T) {
	for _, text := range []string{"plain", "señal", "日本語", "😀😀", "a\tb\r\n", "x\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc3\xc3\xb1", "a\x00b", "12345678\x01", "\x1f"} {
		whole := new(byteCheck).piece([]byte(text), true)
		for cut := range len(text) + 1 {
			var c byteCheck
			err := c.piece([]byte(text[:cut]), false)
			if err == nil {
				err = c.piece([]byte(text[cut:]), true)
			}
			if (err == nil) != (whole == nil) {
				t.Errorf("%q cut at %d: %v, and as a whole %v", text, cut, err, whole)
			}
		}
	}
}

func TestSharedTextsAreFoundByTheirNumber(t *testing.T) {
	table := &stringTable{}
	for _, text := range []string{"uno", "", "ñ", strings.Repeat("x", 5000)} {
		if err := table.add([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.finish(); err != nil {
		t.Fatal(err)
	}
	for digits, want := range map[string]string{"0": "uno", "1": "", "2": "ñ", "003": strings.Repeat("x", 5000)} {
		i, err := table.find([]byte(digits))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := table.at(i); got != want || err != nil {
			t.Errorf("%s: %.20q, %v", digits, got, err)
		}
	}
	for _, digits := range []string{"", "4", "-1", "1.0", "x", "99999999999999999999"} {
		if i, err := table.find([]byte(digits)); err == nil {
			t.Errorf("%q is taken for %d", digits, i)
		}
	}
}

// A full disk is an error of the table, and not a text that is lost.
func TestTextsThatCanNotBeSpilledAreAnError(t *testing.T) {
	table := &stringTable{temp: []string{t.TempDir() + "/none"}}
	var err error
	for i := 0; i < maxChunks+2 && err == nil; i++ {
		err = table.add(make([]byte, chunkSize))
	}
	if err == nil || !strings.Contains(err.Error(), "no temporary file for the texts") {
		t.Errorf("got %v", err)
	}
}
