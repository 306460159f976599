package crm_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/crm"
)

// A server that shows the token it was sent doesn't get it into any log, ledger or report.
func TestTokenThatTheServerShowsIsMasked(t *testing.T) {
	const token = `S3cret/To+ken "7"`
	quoted := strings.ReplaceAll(strings.ReplaceAll(token, `"`, `\"`), "/", `\/`) // as PHP writes it
	for name, answer := range map[string]func(w http.ResponseWriter){
		"message": func(w http.ResponseWriter) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"code":400,"error":"TOKEN %s","msg":"no field for %s, really"}`, quoted, quoted)
		},
		"code": func(w http.ResponseWriter) { w.WriteHeader(400); fmt.Fprintf(w, `{"code":"%s","msg":"m"}`, quoted) },
		"capitals": func(w http.ResponseWriter) {
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"code":403,"msg":"PLEASE VALIDATE TOKEN %s"}`, strings.ToUpper(quoted))
		},
		"escapes": func(w http.ResponseWriter) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"code":400,"msg":"%s%s"}`, `\u0053`, quoted[1:])
		},
		"doubt": func(w http.ResponseWriter) {
			w.WriteHeader(500)
			fmt.Fprintf(w, `{"code":500,"error":"trace %s","msg":"%s"}`, quoted, quoted)
		},
		"redirect": func(w http.ResponseWriter) { w.Header().Set("Location", "http://x/?t="+token); w.WriteHeader(302) },
		"moved": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://x/?t="+url.QueryEscape(token))
			w.WriteHeader(307)
		},
		"path": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://x/"+url.PathEscape(token))
			w.WriteHeader(307)
		},
		"id": func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"code":200,"error":"null","data":{"wolkvox_id":"%s"}}`, quoted)
		},
		"cut": func(w http.ResponseWriter) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"code":400,"msg":"%s %s"}`, strings.Repeat("x", 490), strings.ReplaceAll(quoted, " ", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				answer(w)
			})
			c := client(t, url, crm.Config{})
			_, inserted := c.Insert(t.Context(), token, crm.NewBody([]byte(object), nil))
			_, asked := c.Query(t.Context(), token, "op", crm.ByID, "1")
			_, quota := c.Quota(t.Context(), token, "op")
			_, contact := c.HasContact(t.Context(), token, "op", "a@b.co")
			for question, err := range map[string]error{"insert": inserted, "query": asked, "quota": quota, "contact": contact} {
				e := new(crm.Error)
				if errors.As(err, &e) {
					said := strings.ToLower(fmt.Sprintf("%v %+v", err, *e))
					if strings.Contains(said, "cret") {
						t.Errorf("%s: %s", question, said)
					}
				} else if question == "insert" {
					t.Errorf("no error: %v", err)
				}
			}
		})
	}
}

// An id that has the token in it is no id, and the case is in doubt.
func TestTokenIsNoID(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Replace(success, "C-7", "C-tok3n", 1))
	})
	c := client(t, url, crm.Config{})
	for token, good := range map[string]bool{"65f0a1b2": false, "tok3n": false, "another": true, "65": true} {
		created, err := c.Insert(t.Context(), token, crm.NewBody([]byte(object), nil))
		if (err == nil) != good || good && created.WolkvoxID != id {
			t.Errorf("%s: %+v, %v", token, created, err)
		}
	}
}
