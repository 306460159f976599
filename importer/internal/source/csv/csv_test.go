package csv_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"wolkvox-import/importer/internal/source/csv"
)

// open begins to read a text. The header is its first record, as far as a bad one depends on it.
func open(t testing.TB, in io.Reader, encoding string, delimiter byte) *csv.Reader {
	t.Helper()
	e, err := csv.NamedEncoding(encoding)
	if err != nil {
		t.Fatal(err)
	}
	r, err := csv.NewReader(in, e, delimiter)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// records reads to the end: each as "cell|cell", a bad one with "!", its kind and its field.
func records(t testing.TB, r *csv.Reader) (lines []string) {
	t.Helper()
	for r.Next() {
		line := strings.Join(r.Cells(), "|")
		if flaw := r.Flaw(); flaw != nil {
			line = fmt.Sprintf("!%d,%d %s", flaw.Kind, flaw.Field, line)
		}
		if lines = append(lines, line); len(lines) == 1 {
			r.Expect(len(r.Cells()))
		}
		if r.Number() != len(lines) {
			t.Errorf("record %d has the number %d", len(lines), r.Number())
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func read(t testing.TB, text string) []string {
	t.Helper()
	return records(t, open(t, strings.NewReader(text), csv.UTF8, 0))
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestDialectIsThatOfMostRecords(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"commas":                          {"a,b\n1;2,3\n", []string{"a|b", "1;2|3"}},
		"semicolons among decimal commas": {"a;b\n1,5;2,5\n3,0;4,0\n", []string{"a|b", "1,5|2,5", "3,0|4,0"}},
		"tabs among semicolons":           {"a\tb\nx; y\tz\n", []string{"a|b", "x; y|z"}},
		"bars":                            {"a|b|c\n1|2|3\n", []string{"a|b|c", "1|2|3"}},
		"the one that fits more records":  {"a,b;c\n1,2\n3,4\n5,6\n", []string{"a|b;c", "1|2", "3|4", "5|6"}},
		"the one of more fields":          {"a;b;c,d\n1;2;3,4\n", []string{"a|b|c,d", "1|2|3,4"}},
		"a delimiter within quotes":       {"\"a;b\",\"c;d\"\n1,2\n", []string{"a;b|c;d", "1|2"}},
		"one column":                      {"a\nb\n", []string{"a", "b"}},
		"blank lines say nothing":         {"\n\n\na;b\n\n1;2\n", []string{"", "", "", "a|b", "", "1|2"}},
		"bad quotes say nothing":          {"a;b\n\"x\"y;1\n2;3\n", []string{"a|b", "!0,0 \"x\"y;1", "2|3"}},
		"sep=, as Excel is told":          {"sep=;\na;b,c\n1;2,3\n", []string{"a|b,c", "1|2,3"}},
		"SEP= in quotes":                  {"\"SEP=|\"\r\na|b\r\n", []string{"a|b"}},
		"apostrophes as quotes":           {"'a';'b'\n'1;2';'it''s'\n", []string{"a|b", "1;2|it's"}},
		"an apostrophe that is none":      {"'a',b\n'1,2'\n", []string{"'a'|b", "'1|2'"}},
		"carriage returns alone":          {"a,b\r1,2\r", []string{"a|b", "1|2"}},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, read(t, c.text), c.want)
		})
	}
}

func TestDelimiterThatIsSaidIsTaken(t *testing.T) {
	equal(t, records(t, open(t, strings.NewReader("a;b,c\n1;2,3\n"), csv.UTF8, ',')), []string{"a;b|c", "1;2|3"})
	// The line that says another one is passed over all the same.
	equal(t, records(t, open(t, strings.NewReader("sep=;\na,b\n"), csv.UTF8, ',')), []string{"a|b"})
}

// The text comes in pieces of any size, and a record may begin or end anywhere in one.
func TestPiecesOfTheTextMakeNoDifference(t *testing.T) {
	text := "\ufeffa;b;c\r\n1;\"x\r\ny\";ñ\r\n2;\"say \"\"hi\"\"\";\r\n3;\"open;x\r\n4;5;6\r\n\r\n7;8;9"
	want := []string{"a|b|c", "1|x\r\ny|ñ", "2|say \"hi\"|", "!0,1 3|\"open;x", "4|5|6", "", "7|8|9"}
	for name, in := range map[string]io.Reader{
		"at once":                 strings.NewReader(text),
		"a byte at a time":        iotest.OneByteReader(strings.NewReader(text)),
		"halves":                  iotest.HalfReader(strings.NewReader(text)),
		"the end with the last":   iotest.DataErrReader(strings.NewReader(text)),
		"nothing now and then":    &hesitant{in: strings.NewReader(text)},
		"a byte, and then an end": iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(text))),
	} {
		t.Run(name, func(t *testing.T) { equal(t, records(t, open(t, in, csv.UTF8, 0)), want) })
	}
}

// hesitant returns nothing on every other call, as a reader may.
type hesitant struct {
	in    io.Reader
	calls int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.calls++; h.calls%2 == 0 {
		return 0, nil
	}
	return h.in.Read(p[:min(len(p), 3)])
}

func TestReaderThatNeverReadsAnythingIsAnError(t *testing.T) {
	e, err := csv.NamedEncoding(csv.UTF8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := csv.NewReader(stuck{}, e, 0); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// A disk that fails ends the reading. The rows before are good, and the one that it cuts is
// not taken for a short one.
func TestFailingDiskEndsTheReading(t *testing.T) {
	broken := errors.New("the disk is gone")
	row := "1," + strings.Repeat("x", 1000) + "\n"
	sound := "a,b\n" + strings.Repeat(row, 200)
	for name, tail := range map[string]string{"in a record": "2,abc", "in quotes": "2,\"abc", "in a bad record": "2,\"a\"b\n3,4"} {
		t.Run(name, func(t *testing.T) {
			in := io.MultiReader(strings.NewReader(sound+tail), iotest.ErrReader(broken))
			r := open(t, in, csv.UTF8, ',')
			n := 0
			for r.Next() {
				if n++; n == 1 {
					r.Expect(2)
				}
				if len(r.Cells()) != 2 || r.Flaw() != nil {
					t.Errorf("record %d: %.40q, %v", n, r.Cells(), r.Flaw())
				}
			}
			if n != 201 || !errors.Is(r.Err(), broken) {
				t.Errorf("%d records, then %v", n, r.Err())
			}
		})
	}
	e, _ := csv.NamedEncoding(csv.UTF8)
	if _, err := csv.NewReader(iotest.ErrReader(broken), e, 0); !errors.Is(err, broken) {
		t.Errorf("at the beginning: %v", err)
	}
}

// Before the header is known, nothing tells where the next record begins: the bad one stays.
func TestBadRecordBeforeTheHeaderIsNotPassedOver(t *testing.T) {
	r := open(t, strings.NewReader("a,\"b\nc,d\n"), csv.UTF8, ',')
	for range 2 {
		if !r.Next() || r.Flaw() == nil || r.Flaw().Kind != csv.BadQuotes {
			t.Errorf("read %q, %v", r.Cells(), r.Flaw())
		}
	}
}

func TestFlawsSayWhere(t *testing.T) {
	const head = "a,b\n"
	for name, c := range map[string]struct {
		text, want string
		kind       csv.FlawKind
	}{
		"a quote that never closes": {"x,\"abc\ndef\n5,6\n", "in column 2 a quote opens and is never closed; 2 lines were taken for this one row", csv.BadQuotes},
		"text behind a quote":       {"\"x\"yz,1\n5,6\n", `in column 1 a closing quote is followed by "yz,1"`, csv.BadQuotes},
		"a return behind a quote":   {"1,\"x\"\r", `in column 2 a closing quote is followed by "\r"`, csv.BadQuotes},
		"a byte that is no text":    {"antes,k\xf3,l\n", `column 2 has a character that is not utf-8: byte 0xF3 after "k"`, csv.Undecodable},
		"behind a long text":        {"1," + strings.Repeat("é", 100) + "\xff\n", `byte 0xFF after "` + strings.Repeat("é", 20) + `"`, csv.Undecodable},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, strings.NewReader(head+c.text), csv.UTF8, ',')
			if !r.Next() {
				t.Fatal(r.Err())
			}
			r.Expect(2)
			if !r.Next() {
				t.Fatal(r.Err())
			}
			flaw := r.Flaw()
			if flaw == nil || flaw.Kind != c.kind || !strings.Contains(flaw.Message, c.want) {
				t.Errorf("got %+v, want %q", flaw, c.want)
			}
		})
	}
}

func TestReplacementCharacterOfTheTextIsAGoodOne(t *testing.T) {
	equal(t, read(t, "a,b\n\ufffd,x\n"), []string{"a|b", "\ufffd|x"})
	equal(t, read(t, "a,b\n\ufffd,\xff\n"), []string{"a|b", "!1,1 \ufffd|\xff"})
}

func TestRecordsOfManyMegabytesComeWhole(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 200_000) // 3.2 MB, of a bound of 10
	got := read(t, "a,b\n1,\""+long+"\"\n2,"+long+"\n3,x\n")
	if len(got) != 4 || got[1] != "1|"+long || got[2] != "2|"+long || got[3] != "3|x" {
		t.Errorf("%d records: %.40q", len(got), got)
	}
}

// Records that don't fit into the window are bad ones, and the next come.
func TestRecordsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 11<<20)
	for name, c := range map[string]struct{ text, want string }{
		"an unclosed quote before much text": {"a,b\n1,\"2\n" + strings.Repeat("3,4\n", 3<<20), "3|4"},
		"a field that is too long":           {"a,b\n1," + long + "\n3,4\n", "3|4"},
		"a field in quotes that is too long": {"a,b\n1,\"" + long + "\"\n3,4\n", "3|4"},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, c.text)
			if len(got) < 3 || !strings.HasPrefix(got[1], "!0,1 1|") || got[2] != c.want {
				t.Errorf("%d records: %.60q", len(got), got)
			}
		})
	}
}

// If no line of many megabytes begins a record, that is an error and not the end.
func TestTextWithoutAnyFurtherRecordIsAnError(t *testing.T) {
	r := open(t, strings.NewReader("a,b\n1,\"2"+strings.Repeat("x", 33<<20)+"\n3,4\n"), csv.UTF8, ',')
	r.Next()
	r.Expect(2)
	if r.Next() {
		t.Errorf("read %.40q", r.Cells())
	}
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "begins a row") {
		t.Errorf("got %v", err)
	}
}

func TestUnendedRecord(t *testing.T) {
	for text, want := range map[string]bool{
		"a,b\n": false, "a,b": true, "a,b\r\n": false, "a,\"b\n\"": true, "a,b\r1,2\r": false, "a,b\n\n": false,
	} {
		r := open(t, strings.NewReader(text), csv.UTF8, ',')
		for r.Next() {
			r.Expect(2)
		}
		if r.Unended() != want {
			t.Errorf("%q: %v", text, r.Unended())
		}
	}
}

func TestAgainReadsTheSameRecords(t *testing.T) {
	for name, text := range map[string]string{
		"plain":           "a,b\n1,2\n",
		"a mark":          "\ufeffa;b\n1;2\n",
		"a delimiter":     "sep=|\r\na|b\r\n1|2\r\n",
		"apostrophes":     "'a','b'\n'1','2'\n",
		"a bad record":    "a,b\n1,\"2\n3,4\n",
		"returns":         "a,b\r1,2\r",
		"nothing but one": "a",
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, strings.NewReader(text), csv.UTF8, 0)
			want := records(t, r)
			again, err := r.Again(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, records(t, again), want)
		})
	}
	r := open(t, strings.NewReader("a,b\n"), csv.UTF8, 0)
	if _, err := r.Again(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// The dialect is that of the first look: a text that changes in between is not guessed anew.
func TestAgainKeepsTheDialect(t *testing.T) {
	r := open(t, strings.NewReader("a;b\n1;2\n"), csv.UTF8, 0)
	again, err := r.Again(strings.NewReader("a,b\n1,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, records(t, again), []string{"a,b", "1,2"})
}

func TestCellsOutliveTheNextRecord(t *testing.T) {
	r := open(t, strings.NewReader("a,b\n1,2\n3,4\n"), csv.UTF8, ',')
	var texts []string
	for r.Next() {
		texts = append(texts, r.Cells()...)
	}
	equal(t, texts, []string{"a", "b", "1", "2", "3", "4"})
}

func TestLocateCountsRecordsAndNotLines(t *testing.T) {
	const text = "a,b\n1,\"x\ny\"\n\nni\xf3,2\n"
	r := open(t, strings.NewReader(text), csv.UTF8, ',')
	for offset, want := range map[int]string{0: "61 1", 4: "31 1", strings.Index(text, "\xf3"): "F3 4"} {
		b, record, err := r.Locate(strings.NewReader(text), int64(offset))
		if got := fmt.Sprintf("%02X %d", b, record); got != want || err != nil {
			t.Errorf("at %d: %s, %v, want %s", offset, got, err, want)
		}
	}
	if _, _, err := r.Locate(strings.NewReader(text), 1000); err == nil {
		t.Error("it finds a byte behind the end")
	}
}

func TestEncodings(t *testing.T) {
	const text = "nombre;ciudad\r\nMuñoz;\"Bogotá\r\n€\"\r\n"
	want := []string{"nombre|ciudad", "Muñoz|Bogotá\r\n€"}
	utf16 := func(order unicode.Endianness, mark unicode.BOMPolicy) func(string) (string, error) {
		return unicode.UTF16(order, mark).NewEncoder().String
	}
	for name, c := range map[string]struct {
		encoding string
		encode   func(string) (string, error)
	}{
		"UTF-8":                 {"utf8", func(s string) (string, error) { return s, nil }},
		"windows-1252":          {"windows-1252", charmap.Windows1252.NewEncoder().String},
		"by another name":       {"cp1252", charmap.Windows1252.NewEncoder().String},
		"ISO 8859-15":           {"ISO-8859-15", charmap.ISO8859_15.NewEncoder().String},
		"UTF-16 LE":             {"utf-16le", utf16(unicode.LittleEndian, unicode.IgnoreBOM)},
		"UTF-16 LE with a mark": {"utf-16le", utf16(unicode.LittleEndian, unicode.UseBOM)},
		"UTF-16 BE":             {"utf-16be", utf16(unicode.BigEndian, unicode.IgnoreBOM)},
		"UTF-16 BE with a mark": {"utf-16be", utf16(unicode.BigEndian, unicode.UseBOM)},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := c.encode(text)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, records(t, open(t, strings.NewReader(encoded), c.encoding, 0)), want)
		})
	}
	for _, name := range []string{"klingon", "", "replacement", "x-user-defined"} {
		if _, err := csv.NamedEncoding(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestShapeTellsAnEncoding(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"a mark of UTF-8":         {"\xef\xbb\xbfa,b", csv.UTF8},
		"a mark of UTF-16 LE":     {"\xff\xfea\x00", "utf-16le"},
		"a mark of UTF-16 BE":     {"\xfe\xff\x00a", "utf-16be"},
		"zeros behind the bytes":  {"a\x00,\x00b\x00\n\x00", "utf-16le"},
		"zeros before the bytes":  {"\x00a\x00,\x00b\x00\n", "utf-16be"},
		"plain ASCII":             {"a,b\n1,2\n", ""},
		"a zero among much text":  {"a,b\n1\x00,2\n" + strings.Repeat("x", 50), ""},
		"nothing but zeros":       {strings.Repeat("\x00", 64), ""},
		"bytes of no encoding":    {"ni\xf1o", ""},
		"nothing at all":          {"", ""},
		"Chinese, without zeros":  {"\x2d\x4e\x87\x65\x2d\x4e\x87\x65", ""},
		"a mark that is cut":      {"\xef\xbb", ""},
		"Spanish in UTF-16 LE":    {"a\x00\xf1\x00o\x00;\x00", "utf-16le"},
		"an odd number of halves": {"a\x00b\x00c\x00d", "utf-16le"},
	} {
		if got := csv.EncodingByShape([]byte(c.head)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestEncodingIsGuessedByMostCharacters(t *testing.T) {
	ascii := strings.Repeat("a,b\n1,2\n", 100_000) // more than is read at once
	for name, c := range map[string]struct {
		text, want string
		odd        int64
	}{
		"nothing but ASCII":          {ascii, csv.UTF8, -1},
		"UTF-8":                      {ascii + "ñandú", csv.UTF8, -1},
		"windows-1252":               {ascii + "ni\xf1o", "windows-1252", int64(len(ascii) + 2)},
		"mostly UTF-8":               {"ñ é \xf3", csv.UTF8, -1},
		"as many of each":            {"ñ \xf3", csv.UTF8, -1},
		"mostly not":                 {"ñ \xf3 \xe9", "windows-1252", 3},
		"a character that is cut":    {strings.Repeat("ñ", 3) + "\xc3", csv.UTF8, -1},
		"only a cut character":       {"\xc3", "windows-1252", 0},
		"nothing":                    {"", csv.UTF8, -1},
		"the first hundred count":    {strings.Repeat("ñ", 100) + ascii + strings.Repeat("\xf3", 1000), csv.UTF8, -1},
		"a replacement character":    {"\ufffd", csv.UTF8, -1},
		"characters of three bytes":  {strings.Repeat("€", 40), csv.UTF8, -1},
		"characters outside the BMP": {strings.Repeat("😀", 40), csv.UTF8, -1},
	} {
		for how, in := range map[string]io.Reader{
			"at once": strings.NewReader(c.text), "in pieces": &hesitant{in: strings.NewReader(c.text)},
		} {
			if how == "in pieces" && len(c.text) > 10_000 {
				continue
			}
			e, err := csv.GuessEncoding(in)
			if err != nil || e.Name != c.want || e.Odd != c.odd {
				t.Errorf("%s, %s: %s at %d, %v; want %s at %d", name, how, e.Name, e.Odd, err, c.want, c.odd)
			}
		}
	}
	if _, err := csv.GuessEncoding(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("a text that can't be read is guessed")
	}
}

// What is no character of the encoding makes its record bad, and no other.
func TestUndecodableBytesOfADecoder(t *testing.T) {
	text := "a\x00;\x00b\x00\n\x00\x00\xd8;\x00x\x00\n\x001\x00;\x002\x00\n\x00" // half of a pair
	equal(t, records(t, open(t, strings.NewReader(text), "utf-16le", ';')), []string{"a|b", "!1,0 \ufffd|x", "1|2"})
	equal(t, records(t, open(t, strings.NewReader("a,b\n\x81,x\n"), "windows-1252", ',')), []string{"a|b", "!1,0 \ufffd|x"})
}

func TestExcerptFitsIntoAMessage(t *testing.T) {
	if got := csv.Excerpt(strings.Repeat("ñ", 40)); got != strings.Repeat("ñ", 40) {
		t.Errorf("got %q", got)
	}
	if got := csv.Excerpt(strings.Repeat("ñ", 41)); got != strings.Repeat("ñ", 39)+"…" {
		t.Errorf("got %q", got)
	}
}

// A text that is still being written may stop anywhere. It must not pass for a whole one, be it that
// its last byte is a line end: that line end may stand within quotes.
func TestTextThatStopsWithinARecordIsUnended(t *testing.T) {
	for text, want := range map[string]bool{
		"a,b\n1,2\n":                  false,
		"a,b\n1,2":                    true,
		"a,b\r\n1,2\r\n":              false,
		"a,b\n1,\"x\"\n":              false,
		"a,b\n1,\"x\"":                true,
		"a,b\n1,\"x\ny\"\n":           false,
		"a,b\n1,\"x\n":                true, // the line end is text
		"a,b\n1,\"x\n3,4\n":           true, // what looks like a record is text too
		"a,b\n1,\"x\"y\n3,4\n":        false,
		"a,b\n1,\"x\"y\n3,\"z\n":      true, // swallowed by the bad record before it
		"a,b\n1,\"x \"\"quoted\"\"\n": true,
	} {
		e, err := csv.NamedEncoding(csv.UTF8)
		if err != nil {
			t.Fatal(err)
		}
		r, err := csv.NewReader(strings.NewReader(text), e, ',')
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; r.Next(); n++ {
			r.Expect(2)
		}
		if r.Err() != nil || r.Unended() != want {
			t.Errorf("%q: unended is %v, error %v", text, r.Unended(), r.Err())
		}
	}
}
