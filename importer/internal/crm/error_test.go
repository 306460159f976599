package crm_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"wolkvox-import/importer/internal/crm"
)

// What the one who sends asks of an error, by the answer that it came from.
func TestErrorsSayWhatTheSenderNeedsToKnow(t *testing.T) {
	type says struct {
		processed bool // may be: the claim is to be settled
		putOff    bool
		token     bool // it is about the token
		ambiguous bool // it may be about the row's words
		foreign   bool // it is not the CRM's
		limited   bool
	}
	page := "<!DOCTYPE html><html><title>no</title></html>"
	crms := func(code int, msg string) string { return fmt.Sprintf(`{"code":%d,"error":"E","msg":%q}`, code, msg) }
	for name, c := range map[string]struct {
		status int
		body   string
		want   says
	}{
		"a refusal":             {400, crms(400, "m"), says{processed: true}},
		"a refusal before it":   {400, page, says{processed: true, ambiguous: true, foreign: true}},
		"a failure":             {500, crms(500, "m"), says{processed: true}},
		"a gateway's failure":   {502, page, says{processed: true, foreign: true}},
		"cut":                   {200, `{"code":200`, says{processed: true}},
		"a redirect":            {302, "", says{processed: true, foreign: true}},
		"a 307":                 {307, "", says{foreign: true}},
		"a 429":                 {429, "", says{putOff: true, foreign: true}},
		"simultaneous":          {403, crms(403, "SIMULTANEOUS REQUESTS"), says{putOff: true, limited: true}},
		"a limit of an address": {403, crms(403, "REQUESTS PER IP"), says{putOff: true, limited: true}},
		"the same before it":    {403, "your IP sends too much", says{putOff: true, foreign: true, limited: true}},
		"a spent quota":         {403, crms(403, "TOKEN LIMIT EXCEEDED"), says{token: true, limited: true}},
		"a bad token":           {403, crms(403, "PLEASE VALIDATE TOKEN"), says{token: true}},
		"a 401":                 {401, page, says{token: true, foreign: true}},
		"a 403 of its own":      {403, crms(403, "NOT SO"), says{ambiguous: true}},
		"a page of a 403":       {403, page, says{ambiguous: true, foreign: true}},
		"a page of a 404":       {404, page, says{ambiguous: true, foreign: true}},
		"no such API":           {400, crms(400, "THE API YOU WANT TO CONSULT DOES NOT EXIST"), says{}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if c.status/100 == 3 {
				header.Set("Location", "http://127.0.0.1:1/")
			}
			_, err := crm.Classify(c.status, header, []byte(c.body))
			e := new(crm.Error)
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			got := says{e.MayBeProcessed(), e.PutOff(), e.AboutToken(), e.Ambiguous(), e.Foreign(), e.RateLimited()}
			if got != c.want || crm.PutOff(fmt.Errorf("asked: %w", err)) != got.putOff {
				t.Errorf("%v: %+v, not %+v", e.Class, got, c.want)
			}
		})
	}
}

// An error that is found to mean something else keeps the answer that it came from.
func TestReclassifiedKeepsTheAnswer(t *testing.T) {
	_, err := crm.Classify(403, http.Header{}, []byte(`your IP`))
	e := new(crm.Error)
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	row := e.Reclassified(crm.Refused, "r", "m")
	if row.Class != crm.Refused || row.Reason != "r" || row.Message != "m" || row.Hint != crm.Refused.Hint() {
		t.Errorf("%+v", row)
	}
	if row.HTTPStatus != 403 || !row.Foreign() || !row.RateLimited() || e.Class != crm.Again {
		t.Errorf("%+v of %+v", row, e)
	}
}

// Every class has a name and a hint: the person reads both.
func TestClassesHaveNamesAndHints(t *testing.T) {
	seen := map[string]bool{}
	for c := crm.InDoubt; c <= crm.Unable; c++ {
		if c.String() == "" || seen[c.String()] || c.Hint() == "" {
			t.Errorf("class %d: %q, %q", int(c), c, c.Hint())
		}
		seen[c.String()] = true
	}
	if new(crm.Error).Class != crm.InDoubt {
		t.Error("an error that nobody has classified may be sent again")
	}
}
