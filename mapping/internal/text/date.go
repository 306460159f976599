package text

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones are known on machines that have none, such as Windows
)

// DatePattern is a way of writing dates: DD/MM/YYYY HH:mm. Its tokens are
//
//	YYYY YY   year; 69 to 99 of YY are 1969 to 1999
//	MMMM MMM  month by its name or the first letters of it, in Spanish, English or Portuguese
//	MM M      month; DD D day; HH H hour; hh h hour with AM or PM; mm m minute; ss s second
//	SSS       fraction of a second, of any length
//	A         AM or PM, a. m. or p. m. too
//	Z         Z, or an offset such as -05:00
//
// A token of two letters accepts one digit. Everything else stands for itself, and any
// white space for any other.
type DatePattern struct {
	source string
	tokens []dateToken
}

type dateToken struct {
	name    string // "" for text that stands for itself
	literal string
}

// dateNames are the tokens, the longer before those that they begin with.
var dateNames = []string{"YYYY", "YY", "MMMM", "MMM", "MM", "M", "DD", "D", "HH", "H", "hh", "h", "mm", "m", "SSS",
	"ss", "s", "A", "Z"}

func ParseDatePattern(source string) (*DatePattern, error) {
	p := &DatePattern{source: source}
	seen := map[byte]bool{}
	for rest := source; rest != ""; {
		name := dateName(rest)
		if name == "" {
			if c := rest[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' && c != 'T' {
				return nil, fmt.Errorf("the date pattern %q has %q in it, which is no token; there are %s", source,
					string(c), strings.Join(dateNames, " "))
			}
			p.tokens = append(p.tokens, dateToken{literal: rest[:1]})
			rest = rest[1:]
			continue
		}
		kind := name[0]
		if kind == 'h' {
			kind = 'H'
		}
		if seen[kind] && name != "SSS" {
			return nil, fmt.Errorf("the date pattern %q has %q twice", source, name)
		}
		seen[kind] = true
		p.tokens = append(p.tokens, dateToken{name: name})
		rest = rest[len(name):]
	}
	if !seen['Y'] || !seen['M'] || !seen['D'] {
		return nil, fmt.Errorf("the date pattern %q needs a year, a month and a day, as DD/MM/YYYY", source)
	}
	return p, nil
}

// String is the pattern as it is written.
func (p *DatePattern) String() string { return p.source }

// dateName returns the token that a text begins with, or "".
func dateName(s string) string {
	for _, name := range dateNames {
		if strings.HasPrefix(s, name) {
			return name
		}
	}
	return ""
}

// has tells whether the pattern has the token, or the shorter or longer form of it.
func (p *DatePattern) has(token string) bool {
	for _, t := range p.tokens {
		if t.name != "" && t.name[0] == token[0] {
			return true
		}
	}
	return false
}

// clock tells whether the pattern has a time of day.
func (p *DatePattern) clock() bool { return p.has("H") || p.has("h") }

// errDate is why a text is no date of a pattern.
var errDate = errors.New("it is no date of this pattern")

// dateParts are a date as it is written.
type dateParts struct {
	year, month, day, hour, minute, second, nano int
	pm, am                                       bool
	zone                                         *time.Location
}

// parse reads a text; zone is where it is, if it doesn't say so itself.
func (p *DatePattern) parse(s string, zone *time.Location) (time.Time, error) {
	d := dateParts{zone: zone}
	s = strings.TrimSpace(s)
	for _, t := range p.tokens {
		rest, ok := d.read(t, s)
		if !ok {
			return time.Time{}, errDate
		}
		s = rest
	}
	if strings.TrimSpace(s) != "" {
		return time.Time{}, errDate
	}
	return d.time()
}

// read takes one token off the text.
func (d *dateParts) read(t dateToken, s string) (rest string, ok bool) {
	switch t.name {
	case "":
		return readLiteral(t.literal, s)
	case "YYYY":
		return readDigits(s, 4, 4, &d.year)
	case "YY":
		if s, ok = readDigits(s, 2, 2, &d.year); ok {
			d.year += 1900
			if d.year < 1969 {
				d.year += 100
			}
		}
		return s, ok
	case "MMMM", "MMM":
		return readMonth(s, &d.month)
	case "MM", "M":
		return readDigits(s, 1, 2, &d.month)
	case "DD", "D":
		return readDigits(s, 1, 2, &d.day)
	case "HH", "H", "hh", "h":
		return readDigits(s, 1, 2, &d.hour)
	case "mm", "m":
		return readDigits(s, 1, 2, &d.minute)
	case "ss", "s":
		return readDigits(s, 1, 2, &d.second)
	case "SSS":
		return d.readFraction(s)
	case "A":
		return d.readHalf(s)
	}
	return d.readZone(s)
}

// readLiteral takes text that stands for itself; white space stands for any other, also
// the narrow no-break space that spreadsheets put before AM.
func readLiteral(literal, s string) (string, bool) {
	if literal == " " {
		rest := strings.TrimLeft(s, " \t\u00a0\u202f")
		return rest, len(rest) < len(s)
	}
	return strings.CutPrefix(s, literal)
}

// readDigits takes digits as far as there are, up to most: so 20250403 can be read without
// marks between its parts.
func readDigits(s string, least, most int, to *int) (string, bool) {
	n := 0
	*to = 0
	for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
		*to = *to*10 + int(s[n]-'0')
		n++
	}
	return s[n:], n >= least
}

func (d *dateParts) readFraction(s string) (string, bool) {
	n, unit := 0, 100_000_000
	for n < len(s) && n < 9 && s[n] >= '0' && s[n] <= '9' {
		d.nano += int(s[n]-'0') * unit
		unit /= 10
		n++
	}
	return s[n:], n > 0
}

// halves are the ways in which AM and PM are written.
var halves = []struct {
	text string
	pm   bool
}{{"a. m.", false}, {"p. m.", true}, {"a.m.", false}, {"p.m.", true}, {"am", false}, {"pm", true}}

// readHalf takes AM or PM. The hour before it is checked when all parts are known.
func (d *dateParts) readHalf(s string) (string, bool) {
	folded := strings.ToLower(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s))
	for _, h := range halves {
		if strings.HasPrefix(folded, h.text) {
			d.pm, d.am = h.pm, !h.pm
			return folded[len(h.text):], true
		}
	}
	return s, false
}

// readZone takes a zone off the text, which counts before that of the column.
func (d *dateParts) readZone(s string) (string, bool) {
	if rest, ok := strings.CutPrefix(s, "Z"); ok {
		d.zone = time.UTC
		return rest, true
	}
	for _, layout := range []string{"-07:00", "-0700"} {
		if len(s) >= len(layout) {
			if t, err := time.Parse(layout, s[:len(layout)]); err == nil {
				_, offset := t.Zone()
				d.zone = time.FixedZone("", offset)
				return s[len(layout):], true
			}
		}
	}
	return s, false
}

// time checks the parts: no 31st of April becomes the first of May.
func (d *dateParts) time() (time.Time, error) {
	if d.am || d.pm {
		if d.hour < 1 || d.hour > 12 {
			return time.Time{}, errDate
		}
		d.hour %= 12
		if d.pm {
			d.hour += 12
		}
	}
	// The day is checked in UTC: a zone's change of the clock may move an hour.
	y, m, day := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Date()
	if y != d.year || int(m) != d.month || day != d.day || d.hour > 23 || d.minute > 59 || d.second > 59 {
		return time.Time{}, errDate
	}
	return time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.nano, d.zone), nil
}

// months are the beginnings of the months' names in Spanish, English and Portuguese,
// without accents. A name that is written out is held against the first three letters.
var months = map[string]int{
	"ene": 1, "jan": 1, "feb": 2, "fev": 2, "mar": 3, "abr": 4, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
	"ago": 8, "aug": 8, "sep": 9, "set": 9, "oct": 10, "out": 10, "nov": 11, "dic": 12, "dec": 12, "dez": 12,
}

// readMonth takes the name of a month, and a full stop behind it.
func readMonth(s string, to *int) (string, bool) {
	n := strings.IndexFunc(s, func(r rune) bool { return r < 'A' })
	if n < 0 {
		n = len(s)
	}
	name := Fold(s[:n])
	if len(name) < 3 {
		return s, false
	}
	*to = months[name[:3]]
	return strings.TrimPrefix(s[n:], "."), *to > 0
}

// format writes a time. Months have no names here: the pattern was refused.
func (p *DatePattern) format(t time.Time) string {
	var b strings.Builder
	for _, token := range p.tokens {
		switch token.name {
		case "":
			b.WriteString(token.literal)
		case "YYYY":
			fmt.Fprintf(&b, "%04d", t.Year())
		case "YY":
			fmt.Fprintf(&b, "%02d", t.Year()%100)
		case "MM", "M":
			writeNumber(&b, token.name, int(t.Month()))
		case "DD", "D":
			writeNumber(&b, token.name, t.Day())
		case "HH", "H":
			writeNumber(&b, token.name, t.Hour())
		case "hh", "h":
			writeNumber(&b, token.name, (t.Hour()+11)%12+1)
		case "mm", "m":
			writeNumber(&b, token.name, t.Minute())
		case "ss", "s":
			writeNumber(&b, token.name, t.Second())
		case "SSS":
			fmt.Fprintf(&b, "%03d", t.Nanosecond()/1e6)
		case "A":
			b.WriteString(t.Format("PM"))
		case "Z":
			b.WriteString(t.Format("Z07:00"))
		}
	}
	return b.String()
}

func writeNumber(b *strings.Builder, token string, n int) {
	if len(token) == 2 && n < 10 {
		b.WriteByte('0')
	}
	fmt.Fprint(b, n)
}
