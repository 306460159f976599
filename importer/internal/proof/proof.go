// Package proof settles rows in doubt by asking the CRM.
//
// A row in doubt has three ends. It is present if a case has its marker. It is absent only if
// that is proven, since the next run sends an absent row again: a second case is worse than a row
// that a person has to look up. Anything else is unclear, and stays in doubt.
//
// The proof of absence is that
//
//   - nothing was found by either question, not even a case that could be the row's in another form;
//   - both answers were whole;
//   - the CRM did show a case that is known to exist, with a description at least as long, when it
//     was asked in the same way afterwards;
//   - the request can't make a case any more.
//
// If the CRM has no case at all of the contact, how long the description is doesn't matter: a case
// whose marker was cut would be one of the contact.
package proof

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
)

// proof is what the CRM's answers tell of a row's case.
type proof struct {
	found        []crm.Found          // have the row's marker
	lookalikes   []string             // may be the row's in another form
	gaps         []string             // why a case may exist that was not shown
	pageLimits   map[string]pageLimit // by the field that was asked for
	contactKnown bool                 // the CRM has cases of the contact
}

// pageLimit is the size of an answer that is whole unless it is a page of just so many cases.
type pageLimit struct {
	cases int
	gap   string // "" if there is no such answer
}

// prove asks for a row's case in every way there is, until it is found. The order matters: the id of a
// doubtful answer is the best witness, and the control comes after both answers, so that a search that
// died between them is noticed. by is the field that found it, or that could not be asked by.
func (s *Settler) prove(ctx context.Context, d ledger.Doubt) (p proof, by string, err error) {
	p.pageLimits = map[string]pageLimit{}
	for _, q := range []struct {
		field  string
		values []string
	}{
		{crm.ByID, []string{d.WolkvoxID}}, // of a doubtful answer: such a row is never absent
		{crm.ByDescription, []string{d.Marker}},
		{crm.ByContact, crm.Spellings(d.Contact)},
	} {
		for _, value := range q.values {
			if err := s.ask(ctx, d, q.field, value, &p); err != nil || len(p.found) > 0 {
				return p, q.field, err
			}
		}
	}
	for _, field := range []string{crm.ByDescription, crm.ByContact} {
		if len(p.lookalikes)+len(p.gaps) > 0 {
			break // it stays in doubt already
		}
		gap, err := s.control(ctx, d, field, &p)
		if err != nil {
			return p, field, err
		}
		p.addGap(gap)
	}
	return p, "", nil
}

// addGap notes why absence isn't proven; "" is nothing.
func (p *proof) addGap(gap string) {
	if gap != "" && !slices.Contains(p.gaps, gap) {
		p.gaps = append(p.gaps, gap)
	}
}

// ask asks one question and takes in what it shows. Its errors are those that end the asking; that the
// CRM refuses one question is only a gap. Cases that other rows of the ledger own are theirs.
func (s *Settler) ask(ctx context.Context, d ledger.Doubt, field, value string, p *proof) error {
	if value == "" {
		if field == crm.ByContact {
			p.addGap("it was sent without a contact")
		}
		return nil
	}
	answer, err := s.Sender.Ask(ctx, field, value)
	switch {
	case stops(err):
		return err
	case err != nil:
		p.addGap(fmt.Sprintf("the CRM can't be asked by %s: %v", field, err))
		return nil
	}
	owners, err := s.Ledger.Owners(ids(answer.Cases))
	if err != nil {
		return err
	}
	p.contactKnown = p.contactKnown || field == crm.ByContact && len(answer.Cases) > 0
	for _, f := range answer.Cases {
		// A row's own marker comes before who owns the case: present asks for that.
		if endsWith(f, d.Marker) {
			p.found = append(p.found, f)
		} else if _, owned := owners[f.WolkvoxID]; !owned {
			p.lookalikes = append(p.lookalikes, resembles(d, f, field)...)
		}
	}
	// An answer by id is one case or none, so it can't be a page.
	if field == crm.ByID {
		if len(answer.Cases) == 0 {
			p.addGap(fmt.Sprintf("the CRM's doubtful answer named the case %s, which it doesn't show; was it deleted?",
				value))
		}
		return nil
	}
	gap, err := s.incomplete(d, field, answer, owners)
	p.addGap(gap)
	if n := len(answer.Cases); gap == "" && n > 0 && !s.surrounds(d, owners) && n >= p.pageLimits[field].cases {
		p.pageLimits[field] = pageLimit{n, fmt.Sprintf("the CRM may not show all cases by %s: "+
			"those that it shows are not known to be older and newer than this one, "+
			"and it may show no more than %d at once", field, n)}
	}
	return err
}

func ids(cases []crm.Found) (list []string) {
	for _, f := range cases {
		list = append(list, f.WolkvoxID)
	}
	return list
}

// endsWith tells whether the marker is, as a whole, the last line of a case's description. Within a
// line, or above the last one, it may be a quotation in another case.
func endsWith(f crm.Found, marker string) bool {
	lines := strings.Split(strings.TrimSpace(f.Description), "\n")
	return strings.TrimSpace(lines[len(lines)-1]) == strings.TrimSpace(marker)
}

// resembles says why a case that no row owns may be the row's all the same.
func resembles(d ledger.Doubt, f crm.Found, field string) []string {
	marker := fold(d.Marker)
	has := func(text string) bool { return strings.Contains(fold(text), marker) }
	switch {
	case field == crm.ByID:
		return []string{fmt.Sprintf("the CRM's doubtful answer named the case %s, which doesn't have its marker",
			f.WolkvoxID)}
	case slices.ContainsFunc(texts(f.Fields), has):
		return []string{fmt.Sprintf("the case %s has its marker, but not as its last line", f.WolkvoxID)}
	case endsWithin(fold(f.Description), marker):
		return []string{fmt.Sprintf("the case %s ends where its marker begins: it may have been cut", f.WolkvoxID)}
	case field == crm.ByContact && !older(f.WolkvoxID, d.Claimed):
		return []string{fmt.Sprintf("the case %s is of its contact and of no row of this ledger, "+
			"and isn't older than its request", f.WolkvoxID)}
	}
	return nil
}

// texts are all texts of a case, at whatever depth: an agent, or the CRM, may have moved the marker into
// another field.
func texts(value any) (list []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, inner := range v {
			list = append(list, texts(inner)...)
		}
	case map[string]any:
		for inner := range maps.Values(v) {
			list = append(list, texts(inner)...)
		}
	}
	return list
}

// fold takes away what storing a text may change: entities, capitals, blanks, composition.
func fold(text string) string {
	text = html.UnescapeString(html.UnescapeString(text)) // some systems escape what is escaped already
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(text))), " ")
}

// fewestCut is the fewest characters of a marker that count as its beginning.
const fewestCut = 3

// endsWithin tells whether a text ends with the beginning of the marker.
func endsWithin(text, marker string) bool {
	beginning := []rune(marker)
	for n := len(beginning) - 1; n >= fewestCut; n-- {
		if strings.HasSuffix(text, string(beginning[:n])) {
			return true
		}
	}
	return false
}

// clockError is how far the clocks of this computer and of the CRM may lie apart: a wrong time
// zone is the commonest error, and less than a day.
const clockError = 24 * time.Hour

// older tells whether a case was certainly made before that. If that is yet to come, this computer's
// clock was wrong then or is wrong now, and nothing is certain.
func older(id string, than time.Time) bool {
	made, ok := crm.MadeAt(id)
	return ok && !than.After(time.Now()) && made.Add(clockError).Before(than)
}

// incomplete says why an answer lacks a case, as far as that shows; "" if it doesn't. An answer may
// be a page without saying so.
func (s *Settler) incomplete(
	d ledger.Doubt, field string, a crm.Answer, owners map[string]ledger.Known,
) (string, error) {
	switch {
	case a.Partial != "":
		return fmt.Sprintf("the CRM may not show all cases by %s: %s", field, a.Partial), nil
	case field == crm.ByDescription:
		for _, f := range a.Cases {
			if !strings.Contains(fold(f.Description), fold(d.Marker)) {
				return fmt.Sprintf("the CRM shows the case %s by %s, which doesn't have what was asked for",
					f.WolkvoxID, field), nil
			}
		}
		return "", nil
	}
	known, err := s.Ledger.KnownOf(d.Contact)
	for _, k := range known {
		if _, shown := owners[k.WolkvoxID]; !shown {
			return fmt.Sprintf("the CRM doesn't show all cases by %s: it lacks %s, which is of the same contact",
				field, k.WolkvoxID), err
		}
	}
	return "", err
}

// surrounds tells whether an answer shows cases that are known to be older than the row's could be,
// and others that are newer: then it shows the time between, in whatever order it has its cases.
func (s *Settler) surrounds(d ledger.Doubt, owners map[string]ledger.Known) bool {
	var before, after bool
	for _, k := range owners {
		before = before || k.Settled.Before(d.Claimed)
		after = after || !d.Last.Wall.IsZero() && k.Claimed.After(d.Last.Wall.Add(s.Margin))
	}
	return before && after
}

// mostControls is how many known cases a query is tried by: one may have been deleted since.
const mostControls = 4

// control asks the CRM, in the same way and after its answers, for a case that is known to exist. It
// says what is missing for the proof, or "".
//
// The case's description is at least as long, since long ones may be cut before their markers. What
// is asked for has the same kinds of characters, since a search may trip over some of them. An
// answer at the edge is whole if one of these is longer: pages have one length.
func (s *Settler) control(ctx context.Context, d ledger.Doubt, field string, p *proof) (gap string, err error) {
	if d.Length == 0 {
		return "an old program didn't note how long its description is", nil
	}
	asked := func(c ledger.Control) string { return c.Marker }
	own := d.Marker
	if field == crm.ByContact {
		asked, own = func(c ledger.Control) string { return c.Contact }, d.Contact
	}
	// Each text is asked for once, and the empty one never: it would find everything.
	need, taken := kinds(own), map[string]bool{"": true}
	fits := func(c ledger.Control) bool {
		fits := !taken[asked(c)] && need.within(kinds(asked(c)))
		taken[asked(c)] = taken[asked(c)] || fits
		return fits
	}
	controls, err := s.Ledger.Controls(d.Length, cmp.Or(d.Bytes, 4*d.Length), mostControls, fits)
	// No case of the contact was shown, so none was cut: any length will do.
	if err == nil && len(controls) == 0 && !p.contactKnown {
		controls, err = s.Ledger.Controls(0, 0, mostControls, fits)
	}
	if err != nil {
		return "", err
	}
	if len(controls) == 0 {
		return fmt.Sprintf("the ledger has no created case with so long a description, "+
			"and with the same kinds of characters, to try the query by %s by", field), nil
	}
	// One control that is shown proves that the query works. One beyond the page limit proves that the
	// answers were no pages, too.
	works := false
	for _, c := range controls {
		for _, value := range spellings(field, asked(c)) {
			shown, n, err := s.shows(ctx, c, field, value)
			if stops(err) || shown && n > p.pageLimits[field].cases {
				return "", err
			}
			works = works || shown
		}
	}
	if works {
		return p.pageLimits[field].gap, nil
	}
	return fmt.Sprintf("not found by %s, and the CRM doesn't show the case %s in this way either",
		field, controls[0].WolkvoxID), nil
}

// spellings are the values to ask for: a contact may be stored in more than one spelling.
func spellings(field, value string) []string {
	if field == crm.ByContact {
		return crm.Spellings(value)
	}
	return []string{value}
}

// shows asks the CRM for a control, whose marker must be whole, and tells how many cases it shows.
func (s *Settler) shows(ctx context.Context, c ledger.Control, field, value string) (shown bool, cases int, err error) {
	answer, err := s.Sender.Ask(ctx, field, value)
	shown = slices.ContainsFunc(answer.Cases, func(f crm.Found) bool {
		return f.WolkvoxID == c.WolkvoxID && endsWith(f, c.Marker)
	})
	return shown, len(answer.Cases), err
}

// characters are the kinds of characters in a text: letters and digits by their class, all others
// by themselves.
type characters map[rune]bool

// kinds are those of a text. A search that is built on characters of two or three bytes, or of four,
// fails for all of them alike, so they are one kind each.
func kinds(text string) characters {
	set := characters{}
	for _, c := range text {
		switch {
		case c > 0xffff:
			c = 0xffff + 1
		case c > unicode.MaxASCII:
			c = unicode.MaxASCII + 1
		case unicode.IsLower(c):
			c = 'a'
		case unicode.IsUpper(c):
			c = 'A'
		case unicode.IsDigit(c):
			c = '0'
		}
		set[c] = true
	}
	return set
}

// within tells whether others has every kind of c's.
func (c characters) within(others characters) bool {
	for kind := range c {
		if !others[kind] {
			return false
		}
	}
	return true
}

// stops tells errors after which asking on makes no sense: credentials, the quota, a wrong server, the
// ledger. A question that the CRM refuses, or answers by nonsense, is of this row alone.
func stops(err error) bool {
	e := new(crm.Error)
	if errors.As(err, &e) {
		return e.Class != crm.Refused && e.Class != crm.InDoubt
	}
	return err != nil
}
