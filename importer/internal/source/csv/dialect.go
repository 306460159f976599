package csv

import (
	"bytes"
	"strings"
)

// Delimiters are those that are looked for, the likeliest first.
const Delimiters = ",;\t|"

// detectDialect looks at the beginning of a text; whole says that it is all there is.
// says is the delimiter if it is known, and otherwise 0.
//
// The delimiter comes before the quote: only a line that is split shows whether each field has quotes.
// A sample that was cut ends within a record, which is left out of the count.
func detectDialect(sample []byte, whole bool, says byte) dialect {
	d := dialect{comma: says, quote: '"', newline: newlineOf(sample)}
	if comma, length := separatorLine(sample, d.newline); length > 0 {
		d.skip = length
		sample = sample[length:]
		if d.comma == 0 {
			d.comma = comma
		}
	}
	if d.comma == 0 {
		d.comma = detectDelimiter(d, sample, whole)
	}
	d.quote = detectQuote(d, sample)
	return d
}

// newlineOf is '\r' only for a text that has no '\n' at all.
func newlineOf(sample []byte) byte {
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// separatorLine recognises the first line by which Excel is told the delimiter, sep=;
// and returns its length.
func separatorLine(sample []byte, newline byte) (comma byte, length int) {
	end := bytes.IndexByte(sample, newline)
	if end < 0 {
		return 0, 0
	}
	line := bytes.TrimRight(sample[:end], "\r")
	line = bytes.Trim(line, `"`)
	if len(line) == 5 && strings.EqualFold(string(line[:4]), "sep=") && line[4] < 0x80 {
		return line[4], end + 1
	}
	return 0, 0
}

// sampleRecords is how many records tell a delimiter.
const sampleRecords = 200

// detectDelimiter picks the delimiter by which the most records have as many fields as
// the first. A text in which none makes two fields of the first has one column.
func detectDelimiter(d dialect, sample []byte, whole bool) byte {
	// A share within five hundredths is as good: then the more fields decide. A text's commas may fit by
	// chance, while a semicolon between all of its columns doesn't.
	best, bestShare, bestFields := byte(','), 0.0, 1
	for i := range len(Delimiters) {
		d.comma = Delimiters[i]
		share, fields := d.fit(sample, whole)
		if fields > 1 && (share > bestShare+0.05 || share > bestShare-0.05 && fields > bestFields) {
			best, bestShare, bestFields = d.comma, share, fields
		}
	}
	return best
}

// fit is which share of the sample's records has as many fields as the first one, and
// how many that are.
func (d dialect) fit(sample []byte, whole bool) (share float64, fields int) {
	s := splitter{dialect: d, window: window{buf: sample, eof: whole}}
	same, records := 0, 0
	for records < sampleRecords {
		n, err := s.parse(s.buf[s.pos:])
		if err == errMore || n == 0 && err == nil {
			break
		}
		if err != nil { // the next line may be better
			next := bytes.IndexByte(s.buf[s.pos:], d.newline)
			if next < 0 {
				break
			}
			s.pos += next + 1
			records++
			continue
		}
		s.pos += n
		if len(s.ends) == 1 && len(s.text) == 0 {
			continue // a blank line
		}
		if records++; fields == 0 {
			fields = len(s.ends)
		}
		if len(s.ends) == fields {
			same++
		}
	}
	return float64(same) / float64(max(records, 1)), fields
}

// detectQuote takes ' for the quote if the first record has each of its fields in them:
// anywhere else it is an apostrophe.
func detectQuote(d dialect, sample []byte) byte {
	end := bytes.IndexByte(sample, d.newline)
	if end < 0 {
		end = len(sample)
	}
	fields := bytes.Split(bytes.TrimRight(sample[:end], "\r"), []byte{d.comma})
	for _, field := range fields {
		if len(field) < 3 || field[0] != '\'' || field[len(field)-1] != '\'' {
			return '"'
		}
	}
	return '\''
}
