package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Queries says how questions are answered, which the vendor leaves open. The zero value
// answers with all that was found, the oldest first.
type Queries struct {
	Page          int           // cases that an answer shows at most; 0: all
	Newest        bool          // the newest first
	Total         string        // what a page's answer says of all that was found, one of [Totals]; empty: msg
	None404       bool          // zero hits are answered as 404, with the CRM's JSON
	Descriptions  string        // how descriptions are searched, one of [Searches]; empty: contains
	ExactContacts bool          // addresses are told apart by their capitals
	DeadAfter     int           // questions for cases after which none finds anything any more; 0: never
	ShownAfter    time.Duration // until a new case is found
}

// mostShown bounds an answer, so that no question makes the sandbox write out all it keeps.
const mostShown = 10_000

// search makes of a question's value what tells which descriptions match, or refuses it.
type search func(value string) (matches func(description string) bool, err error)

// searches are the ways that are thinkable of the real CRM; which is its own isn't known.
var searches = map[string]search{
	"contains": func(value string) (func(string) bool, error) {
		return func(d string) bool { return strings.Contains(d, value) }, nil
	},
	"whole": func(value string) (func(string) bool, error) {
		return func(d string) bool { return d == value }, nil
	},
	"regexp":        func(value string) (func(string) bool, error) { return pattern(value, nil) },
	"regexp-strict": func(value string) (func(string) bool, error) { return pattern(value, badPattern) },
	"refused":       func(string) (func(string) bool, error) { return nil, notSearchable },
}

// pattern searches by regular expression. An invalid one is answered by the refusal; if that is
// nil, it finds nothing.
func pattern(value string, invalid error) (func(string) bool, error) {
	expression, err := regexp.Compile(value)
	if err != nil {
		return func(string) bool { return false }, invalid
	}
	return expression.MatchString, nil
}

// totals are the ways to say how many cases were found, of which an answer shows a page:
// the number for `N records were are found`, and the value of `Total records`.
var totals = map[string]func(shown, all int) (said int, total *int){
	"msg":  func(_, all int) (int, *int) { return all, nil },
	"key":  func(shown, all int) (int, *int) { return shown, &all },
	"none": func(shown, _ int) (int, *int) { return shown, nil },
}

// Searches lists the values of Queries.Descriptions.
func Searches() []string { return slices.Sorted(maps.Keys(searches)) }

// Totals lists the values of Queries.Total.
func Totals() []string { return slices.Sorted(maps.Keys(totals)) }

// Check finds what can't be meant. Its error names the value and what there is instead.
func (q Queries) Check() error {
	switch {
	case searches[cmp.Or(q.Descriptions, "contains")] == nil:
		return fmt.Errorf("descriptions can't be searched by %q; there are %s",
			q.Descriptions, strings.Join(Searches(), ", "))
	case totals[cmp.Or(q.Total, "msg")] == nil:
		return fmt.Errorf("%q is no way to say a total; there are %s", q.Total, strings.Join(Totals(), ", "))
	case q.Page < 0 || q.DeadAfter < 0 || q.ShownAfter < 0:
		return errors.New("a page, a number of questions and a delay can't be negative")
	}
	return nil
}

// withDefaults bounds the page too: the zero value answers with all that the sandbox writes out.
func (q Queries) withDefaults() Queries {
	q.Total, q.Descriptions = cmp.Or(q.Total, "msg"), cmp.Or(q.Descriptions, "contains")
	if q.Page == 0 || q.Page > mostShown {
		q.Page = mostShown
	}
	return q
}

// caseFields are the fields that queryCases knows, besides the description, each with what
// makes a match.
var caseFields = map[string]func(q Queries, k Case, value string) bool{
	"email contact": func(q Queries, k Case, v string) bool { return q.sameAddress(k.text("contact"), v) },
	"idPrefijo":     func(_ Queries, k Case, v string) bool { return k.Prefix == v },
	"idCase":        func(_ Queries, k Case, v string) bool { return k.number() == v },
	"wolkvox-id":    func(_ Queries, k Case, v string) bool { return k.ID == v },
	"status":        func(_ Queries, k Case, v string) bool { return k.text("status") == v },
	"priority":      func(_ Queries, k Case, v string) bool { return k.text("priority") == v },
	"type case":     func(_ Queries, k Case, v string) bool { return k.text("case-type") == v },
}

// matcher is what tells which cases a question means.
func (q Queries) matcher(field, value string, now time.Time) (func(Case) bool, error) {
	if field == "description" {
		matches, err := searches[q.Descriptions](value)
		return func(k Case) bool { return matches(k.shown(now)) }, err
	}
	matches, ok := caseFields[field]
	if !ok {
		return nil, unknownField
	}
	return func(k Case) bool { return matches(q, k, value) }, nil
}

// sameAddress compares e-mail addresses as the CRM was told to.
func (q Queries) sameAddress(a, b string) bool {
	return a == b || !q.ExactContacts && strings.EqualFold(a, b)
}

// shows tells whether a question finds a case yet, or still.
func (q Queries) shows(k Case, now time.Time) bool {
	return !now.Before(k.At.Add(q.ShownAfter)) && !k.IsDeleted(now)
}

// show answers with a page of what was found, which is in the order of creation.
func (q Queries) show(records []map[string]any) answer {
	if q.Newest {
		slices.Reverse(records)
	}
	page := records[:min(q.Page, len(records))]
	said, total := totals[q.Total](len(page), len(records))
	msg := fmt.Sprintf("%d records were are found", said)
	e := envelope{Code: "200", Error: "null", Msg: msg, Data: page, Total: total}
	if len(records) == 0 && q.None404 {
		e.Code, e.Error = "404", reason(http.StatusNotFound)
		return answer{name: "found", status: http.StatusNotFound, body: encode(e)}
	}
	return answer{name: "found", status: http.StatusOK, body: encode(e)}
}
