package crm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/crm"
)

func TestQueryAsksAsTheAPISays(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]string
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/server/API/v2/cases/queryCases.php" || r.Header.Get("Wolkvox-Token") != "t" || asked["operation"] != "op" || asked["field"] != "description" || asked["value"] != "[ref:1]" {
			t.Errorf("asked %s %v", r.URL.Path, asked)
		}
		io.WriteString(w, `{"code":"200","error":"null","msg":"2 records were are found","data":[{"wolkvox_id":"a1","idPrefijo":"C-1","description":"x\n[ref:1]"},{"wolkvox-id":"a2","description":""}]}`)
	})
	answer, err := client(t, url, crm.Config{}).Query(t.Context(), "t", "op", crm.ByDescription, "[ref:1]")
	found := answer.Cases
	if err != nil || len(found) != 2 || found[0].WolkvoxID != "a1" || found[0].IDPrefijo != "C-1" || found[0].Description != "x\n[ref:1]" || found[0].Fields["idPrefijo"] != "C-1" || found[1].WolkvoxID != "a2" {
		t.Errorf("got %+v, %v", found, err)
	}
}

// An empty answer says that there is nothing; any other than a whole one says nothing.
func TestAnswersToQueries(t *testing.T) {
	const nothing = crm.Class(-1)
	for name, c := range map[string]struct {
		status int
		body   string
		want   crm.Class
	}{
		"an empty list":         {200, `{"code":200,"data":[]}`, nothing},
		"no data":               {200, `{"code":200}`, nothing},
		"null":                  {200, `{"code":200,"data":null}`, nothing},
		"an empty text":         {200, `{"code":200,"data":""}`, nothing},
		"an empty object":       {200, `{"code":200,"data":{}}`, nothing},
		"a case without an id":  {200, `{"code":200,"data":[{"description":"x"}]}`, crm.InDoubt},
		"one without a text":    {200, `{"code":200,"data":{"wolkvox_id":"a"}}`, crm.InDoubt},
		"a list of something":   {200, `{"code":200,"data":[1]}`, crm.InDoubt},
		"something":             {200, `{"code":200,"data":1}`, crm.InDoubt},
		"an error":              {200, `{"code":200,"error":"X","data":[]}`, crm.InDoubt},
		"no code":               {200, `{"data":[]}`, crm.InDoubt},
		"a page":                {200, `<html>`, crm.InDoubt},
		"cut":                   {200, `{"code":200,"data":[`, crm.InDoubt},
		"refused":               {400, `{"code":400,"error":"SOME PARAMETERS ARE REQUIRED"}`, crm.Refused},
		"refused within 200":    {200, `{"code":"400","error":"X"}`, crm.Refused},
		"a bad token":           {403, `{"code":403,"error":"PLEASE VALIDATE TOKEN"}`, crm.TokenBad},
		"throttled":             {429, ``, crm.Again},
		"another server":        {404, `<!DOCTYPE html>`, crm.Misdirected},
		"a failing server":      {502, `<html>`, crm.InDoubt},
		"more than one can say": {200, strings.Repeat(" ", 64<<20+1), crm.InDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			found, err := client(t, url, crm.Config{}).Query(t.Context(), "t", "op", crm.ByContact, "a@b.co")
			if c.want == nothing {
				if err != nil || len(found.Cases) != 0 || found.Partial != "" {
					t.Errorf("got %v, %v", found, err)
				}
				return
			}
			if err == nil || class(t, err) != c.want {
				t.Errorf("got %v, %v; want %v", found, err, c.want)
			}
		})
	}
}

func TestQueryWithoutAnAnswerIsAnError(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := client(t, url, crm.Config{}).Query(t.Context(), "t", "op", crm.ByID, "x"); err == nil || class(t, err) != crm.Unsent {
		t.Errorf("got %v", err)
	}
}

// What the server says too long is cut, and an answer longer than any is in doubt.
func TestLongAnswers(t *testing.T) {
	long := strings.Repeat("ñ", 2000)
	_, err := crm.Classify(400, http.Header{}, []byte(`{"code":400,"error":"X","msg":"`+long+`"}`))
	if class(t, err) != crm.Refused || len([]rune(err.Error())) > 600 {
		t.Errorf("got %d characters", len([]rune(err.Error())))
	}
	_, err = crm.Classify(200, http.Header{}, []byte(success+strings.Repeat(" ", 2<<20)))
	if class(t, err) != crm.InDoubt {
		t.Errorf("got %v", err)
	}
	_, err = crm.Classify(302, http.Header{}, nil)
	if class(t, err) != crm.Redirected || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}
