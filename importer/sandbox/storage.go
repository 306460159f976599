package sandbox

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Storage says what becomes of a description when it is kept. The zero value keeps it as
// it was sent.
type Storage struct {
	HTML     bool // special characters are kept as entities
	Breaks   bool // line ends are kept as <br>
	Blanks   bool // a run of blanks becomes one
	Astral   bool // what begins at the first character beyond U+FFFF is lost, as in MySQL's utf8
	CutBytes int  // what is longer is cut, whether or not that is within a character; 0: nothing is
}

// storages are the ways by their names, in the order in which they are applied.
var storages = []struct {
	name  string
	field func(*Storage) *bool
	apply func(string) string
}{
	{"blanks", func(s *Storage) *bool { return &s.Blanks }, oneBlank},
	{"html", func(s *Storage) *bool { return &s.HTML }, html.EscapeString},
	{"breaks", func(s *Storage) *bool { return &s.Breaks }, htmlBreaks},
	{"astral", func(s *Storage) *bool { return &s.Astral }, untilAstral},
}

var blanks = regexp.MustCompile(`[ \t]{2,}`)

// oneBlank does what HTML shows of a run of blanks.
func oneBlank(d string) string { return blanks.ReplaceAllString(d, " ") }

// htmlBreaks does what a field for rich text does to lines.
func htmlBreaks(d string) string { return strings.ReplaceAll(d, "\n", "<br>") }

// untilAstral loses what MySQL's utf8 does, without an error.
func untilAstral(d string) string {
	if i := strings.IndexFunc(d, func(r rune) bool { return r > 0xffff }); i >= 0 {
		return d[:i]
	}
	return d
}

// Ways lists the fields of a Storage that are yes or no, by their names.
func (s *Storage) Ways() map[string]*bool {
	ways := map[string]*bool{}
	for _, w := range storages {
		ways[w.name] = w.field(s)
	}
	return ways
}

// WaysToStore lists the names of Ways.
func WaysToStore() []string { return slices.Sorted(maps.Keys(new(Storage).Ways())) }

// keep is what the CRM keeps of a description that was sent.
func (s Storage) keep(description string) string {
	for _, w := range storages {
		if *w.field(&s) {
			description = w.apply(description)
		}
	}
	if s.CutBytes > 0 && len(description) > s.CutBytes {
		description = description[:s.CutBytes]
		for !utf8.ValidString(description) { // JSON can't show the rest of a character
			description = description[:len(description)-1]
		}
	}
	return description
}

// Agents are the people who work with the cases. What they do to one is settled when it is
// created, and done some time after.
type Agents struct {
	AddBelow float64       // probability that they write a line below the description
	AddAbove float64       // above it
	Delete   float64       // that they delete the case
	After    time.Duration // so long after it was created
}

// note is what agents write.
const note = "Llamé al cliente, queda en espera"

// work settles what agents do to a case.
func (a Agents) work(k *Case, d *dice) {
	at := k.At.Add(a.After)
	edited := k.stored
	if d.happens(a.AddBelow) {
		edited += "\n" + note
	}
	if d.happens(a.AddAbove) {
		edited = note + "\n" + edited
	}
	if edited != k.stored {
		k.edited, k.editedAt = edited, at
	}
	if d.happens(a.Delete) {
		k.Deleted = at
	}
}
