package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

// found asks for cases and returns the answer with the prefixes of those that it shows.
func (r *rig) found(field, value string) (got reply, prefixes string) {
	r.t.Helper()
	got = r.post(api+"cases/queryCases.php", "t", fmt.Sprintf(`{"operation":"demo","field":%q,"value":%q}`, field, value))
	var records []map[string]any
	json.Unmarshal(got.envelope.Data, &records)
	var list []string
	for _, record := range records {
		list = append(list, record["idPrefijo"].(string))
	}
	return got, strings.Join(list, " ")
}

func (r *rig) expectFound(field, value, want string) reply {
	r.t.Helper()
	got, found := r.found(field, value)
	if found != want {
		r.t.Errorf("by %s %q: found %q, want %q: %s", field, value, found, want, got.raw)
	}
	return got
}

func TestAnswersToQuestionsArePages(t *testing.T) {
	for name, c := range map[string]struct {
		q            sandbox.Queries
		shown        string
		said, isFull string
	}{
		"all":                {sandbox.Queries{}, "C-1 C-2 C-3 C-4 C-5", "5 records", ""},
		"newest first":       {sandbox.Queries{Newest: true}, "C-5 C-4 C-3 C-2 C-1", "5 records", ""},
		"a page":             {sandbox.Queries{Page: 2}, "C-1 C-2", "5 records", ""},
		"the newest page":    {sandbox.Queries{Page: 2, Newest: true}, "C-5 C-4", "5 records", ""},
		"a silent page":      {sandbox.Queries{Page: 2, Total: "none"}, "C-1 C-2", "2 records", ""},
		"a page with a key":  {sandbox.Queries{Page: 2, Total: "key"}, "C-1 C-2", "2 records", `"Total records":5`},
		"a page with enough": {sandbox.Queries{Page: 5, Total: "none"}, "C-1 C-2 C-3 C-4 C-5", "5 records", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, sandbox.Config{Queries: c.q})
			for range 5 {
				r.insert(ticket(nil))
			}
			got := r.expectFound("email contact", "ana@example.com", c.shown)
			if !strings.HasPrefix(got.envelope.Msg, c.said) || strings.Contains(got.raw, "Total records") != (c.isFull != "") || !strings.Contains(got.raw, c.isFull) {
				t.Errorf("it said %s", got.raw)
			}
		})
	}
}

func TestZeroHitsAreA404WhereAsked(t *testing.T) {
	r := start(t, sandbox.Config{Queries: sandbox.Queries{None404: true}, Contacts: []string{"ana@example.com"}})
	r.insert(ticket(nil))
	if got := r.expectFound("idCase", "7", ""); got.status != 404 || got.envelope.Code != "404" || string(got.envelope.Data) != "[]" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := r.expectFound("idCase", "1", "C-1"); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	got := r.post(api+"custom/query.php", "t", `{"operation":"demo","module":"contacts","field":"emailcontact","value":"x@y.z"}`)
	r.expect(got, 404, "0 records", 1)
}

func TestDescriptionsAreSearchedAsConfigured(t *testing.T) {
	for _, c := range []struct{ search, value, found, refused string }{
		{"", "enciende", "C-1", ""},
		{"contains", "[ref:17]", "C-1", ""},
		{"contains", "^No", "", ""},
		{"whole", "enciende", "", ""},
		{"whole", "No enciende\n[ref:17]", "C-1", ""},
		{"regexp", "^No.*", "C-1", ""},
		{"regexp", "[ref:z]", "C-1", ""},
		{"regexp", "[z-a]", "", ""},
		{"regexp-strict", "[z-a]", "", "REGULAR EXPRESSION"},
		{"regexp-strict", "^enciende", "", ""},
		{"regexp-strict", "enc?iende", "C-1", ""},
		{"refused", "enciende", "", "SEARCHED"},
	} {
		r := start(t, sandbox.Config{Queries: sandbox.Queries{Descriptions: c.search}})
		r.insert(ticket(nil))
		got := r.expectFound("description", c.value, c.found)
		if (got.status == 400) != (c.refused != "") || !strings.Contains(got.envelope.Msg, c.refused) {
			t.Errorf("%s: got %d %s", c.search, got.status, got.raw)
		}
		r.expectFound("email contact", "ana@example.com", "C-1")
	}
}

func TestContactsAreToldApartByCapitalsWhereAsked(t *testing.T) {
	const contact = `{"operation":"demo","module":"contacts","field":"emailcontact","value":"ANA@example.com"}`
	for exact, want := range map[bool]string{false: "C-1", true: ""} {
		r := start(t, sandbox.Config{Queries: sandbox.Queries{ExactContacts: exact}, Contacts: []string{"ana@example.com"}})
		r.insert(ticket(nil))
		r.expectFound("email contact", "ana@example.com", "C-1")
		r.expectFound("email contact", "ANA@example.com", want)
		if n := len(r.ask("custom/query.php", contact)); (n == 0) != exact {
			t.Errorf("exact %t: %d contacts", exact, n)
		}
	}
}

func TestSearchDiesAfterSoManyQuestions(t *testing.T) {
	r := start(t, sandbox.Config{Queries: sandbox.Queries{DeadAfter: 2}})
	r.insert(ticket(nil))
	for _, want := range []string{"C-1", "C-1", "", ""} {
		if got := r.expectFound("idCase", "1", want); got.status != 200 {
			t.Errorf("got %d %s", got.status, got.raw)
		}
	}
}

func TestNewCaseShowsAfterItsDelay(t *testing.T) {
	r := start(t, sandbox.Config{Queries: sandbox.Queries{ShownAfter: 300 * time.Millisecond}})
	r.insert(ticket(nil))
	r.expectFound("idCase", "1", "")
	eventually(t, "the case shows", func() bool { _, found := r.found("idCase", "1"); return found == "C-1" })
}

func TestQueriesThatCannotBeMeantAreFound(t *testing.T) {
	for _, q := range []sandbox.Queries{{Descriptions: "glob"}, {Total: "both"}, {Page: -1}, {DeadAfter: -1}, {ShownAfter: -1}} {
		if q.Check() == nil {
			t.Errorf("%+v passes", q)
		}
	}
	for _, name := range sandbox.Searches() {
		if err := (sandbox.Queries{Descriptions: name}).Check(); err != nil {
			t.Error(err)
		}
	}
}
