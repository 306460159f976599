package crm_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/crm"
)

const (
	oneCase  = `{"wolkvox_id":"65f0a1b2c3d4e5f601234567","idPrefijo":"C-1","description":"x"}`
	twoCases = oneCase + `,{"wolkvox_id":"65f0a1b2c3d4e5f601234568","description":"y"}`
)

// Only an answer that says so, and that nothing contradicts, shows all there is.
func TestAnswersThatMayBePages(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		cases   int
		partial string
	}{
		"its number":                  {`{"code":"200","msg":"2 records were are found","data":[` + twoCases + `]}`, 2, ""},
		"one record":                  {`{"code":"200","msg":"1 record found","data":` + oneCase + `}`, 1, ""},
		"nothing, without a number":   {`{"code":"200","data":[]}`, 0, ""},
		"nothing, and a total of 0":   {`{"code":"200","data":{"total":0}}`, 0, ""},
		"behind a warning":            {"<br />\n<b>Warning</b>: {x}\n" + `{"code":"200","msg":"2 records were are found","data":[` + oneCase + `]}`, 1, `says "2 records"`},
		"fewer than its number":       {`{"code":"200","msg":"12 records were are found","data":[` + twoCases + `]}`, 2, `says "12 records"`},
		"nothing of some":             {`{"code":"200","msg":"12 records were are found","data":[]}`, 0, `says "12 records"`},
		"no number":                   {`{"code":"200","msg":"ok","data":[` + twoCases + `]}`, 2, "doesn't say how many"},
		"a total beside":              {`{"code":"200","msg":"2 records","Total records":31,"data":[` + twoCases + `]}`, 2, "is 31"},
		"the same total beside":       {`{"code":"200","msg":"2 records","Total records":"2","data":[` + twoCases + `]}`, 2, ""},
		"a total within":              {`{"code":"200","msg":"2 records","data":{"total":31,"rows":[` + twoCases + `]}}`, 2, "is 31"},
		"a page":                      {`{"code":"200","msg":"2 records","page":2,"data":[` + twoCases + `]}`, 2, "is a page"},
		"the first of three pages":    {`{"code":"200","msg":"2 records","page":1,"total_pages":3,"data":[` + twoCases + `]}`, 2, "is a page"},
		"a next page":                 {`{"code":"200","msg":"2 records","next":"?page=2","data":[` + twoCases + `]}`, 2, "is a page"},
		"no next page":                {`{"code":"200","msg":"2 records","next":null,"has_more":false,"data":[` + twoCases + `]}`, 2, ""},
		"more":                        {`{"code":"200","msg":"2 records","hasMore":true,"data":[` + twoCases + `]}`, 2, "is a page"},
		"as many as a page has":       {`{"code":"200","msg":"2 records","per_page":2,"data":[` + twoCases + `]}`, 2, "may be a page"},
		"fewer than a page has":       {`{"code":"200","msg":"2 records","per_page":20,"data":[` + twoCases + `]}`, 2, ""},
		"from an offset on":           {`{"code":"200","msg":"2 records","offset":20,"data":[` + twoCases + `]}`, 2, "may be a page"},
		"an id as databases write it": {`{"code":"200","msg":"1 records","data":[{"_id":{"$oid":"65f0a1b2c3d4e5f601234567"},"Description":"x"}]}`, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, c.body) })
			a, err := client(t, url, crm.Config{}).Query(t.Context(), "t", "op", crm.ByContact, "a@b.co")
			if err != nil || len(a.Cases) != c.cases || (a.Partial == "") != (c.partial == "") || !strings.Contains(a.Partial, c.partial) {
				t.Errorf("%d cases, %q, %v", len(a.Cases), a.Partial, err)
			}
			for _, f := range a.Cases {
				if !strings.HasPrefix(f.WolkvoxID, "65f0a1b2c3d4e5f60123456") {
					t.Errorf("the id is %q", f.WolkvoxID)
				}
			}
		})
	}
}

// The CRM's own 404 to a question is that nothing is found. Another server's is not.
func TestNotFoundIsNoHits(t *testing.T) {
	for body, found := range map[string]bool{
		`{"code":"404","error":"NOT FOUND","msg":"0 records were are found","data":[]}`: true,
		`{"code":404,"error":"NOT FOUND","data":null}`:                                  true,
		`<!DOCTYPE html><title>404</title>`:                                             false,
		`default backend - 404`:                                                         false,
		``:                                                                              false,
	} {
		url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(404)
			io.WriteString(w, body)
		})
		a, err := client(t, url, crm.Config{}).Query(t.Context(), "t", "op", crm.ByContact, "a@b.co")
		if (err == nil) != found || len(a.Cases) != 0 {
			t.Errorf("%q: %+v, %v", body, a, err)
		}
		has, err := client(t, url, crm.Config{}).HasContact(t.Context(), "t", "op", "a@b.co")
		if (err == nil) != found || has {
			t.Errorf("%q as a contact: %t, %v", body, has, err)
		}
	}
}

// A CRM may tell capitals apart.
func TestContactsAreAskedForInEverySpelling(t *testing.T) {
	for known, has := range map[string]bool{"Ana@x.co": true, "ana@x.co": true, "ANA@X.CO": true, "aNA@x.co": false} {
		url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
			asked, _ := io.ReadAll(r.Body)
			if strings.Contains(string(asked), `"`+known+`"`) {
				io.WriteString(w, `{"code":"200","data":[{"wolkvox_id":"x","emailcontact":"`+known+`"}]}`)
				return
			}
			io.WriteString(w, `{"code":"200","data":{"total":0}}`)
		})
		got, err := client(t, url, crm.Config{}).HasContact(t.Context(), "t", "op", "Ana@x.co")
		if err != nil || got != has || !has && requests.Load() != 3 {
			t.Errorf("%s: %t, %v, %d requests", known, got, err, requests.Load())
		}
	}
}

// Contacts come as a list or alone, and have no descriptions.
func TestContactsInAnyForm(t *testing.T) {
	for data, has := range map[string]bool{
		`[{"wolkvox_id":"x","emailcontact":"a@b.co"}]`:      true,
		`{"wolkvox_id":"x","emailcontact":"a@b.co"}`:        true,
		`{"_id":{"$oid":"x"},"emailcontact":"a@b.co"}`:      true,
		`{"total":1,"records":[{"emailcontact":"a@b.co"}]}`: true,
		`{"total":0,"records":[]}`:                          false,
		`{"total":0}`:                                       false,
		`[]`:                                                false,
		`null`:                                              false,
	} {
		url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"code":"200","data":`+data+`}`) })
		if got, err := client(t, url, crm.Config{}).HasContact(t.Context(), "t", "op", "a@b.co"); got != has || err != nil {
			t.Errorf("%s: %t, %v", data, got, err)
		}
	}
}
