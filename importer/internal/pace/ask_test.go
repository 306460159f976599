package pace_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

func TestProbe(t *testing.T) {
	for status, good := range map[int]bool{200: true, 400: true, 500: false} {
		url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"code":%d,"error":%q}`, status, http.StatusText(status))
		})
		if status == 200 {
			url, requests = counted(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"code":200,"data":[]}`) })
		}
		if err := sender(t, url, []string{"t"}, 1).Probe(t.Context()); (err == nil) != good || requests.Load() != 1 {
			t.Errorf("%d: %v after %d requests", status, err, requests.Load())
		}
	}
}

// A question is put again if no answer comes, and by another token if one is refused.
func TestQuestionsAreRepeatedAndChangeTheToken(t *testing.T) {
	t.Parallel()
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Wolkvox-Token") == "bad" {
			w.WriteHeader(403)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}`)
			return
		}
		panic(http.ErrAbortHandler)
	})
	s := sender(t, url, []string{"bad", "good"}, 2)
	if _, err := s.Ask(t.Context(), crm.ByContact, "a@b.co"); err == nil || class(t, err) != crm.Unsent {
		t.Errorf("got %v", err)
	}
	if n := requests.Load(); n < 4 || n > 5 {
		t.Errorf("%d requests", n)
	}
}

// A token that a question finds spent or refused is not asked by again, but another one is.
// A 403 that nobody knows is no word about the token.
func TestQuestionChangesTheToken(t *testing.T) {
	for answer, want := range map[string]struct {
		requests int64
		good     bool
	}{
		`{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`:  {3, true},
		`{"code":403,"error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}`: {3, true},
		`{"code":401,"error":"UNAUTHORIZED","msg":""}`:                   {3, true},
		`{"code":403,"error":"F","msg":"SIMULTANEOUS REQUESTS"}`:         {4, true},
		`<html>no queries from here</html>`:                              {2, false},
	} {
		var n atomic.Int64
		url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Wolkvox-Token") == "a" && (!strings.Contains(answer, "SIMULTANEOUS") || n.Add(1) <= 2) {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, answer)
				return
			}
			io.WriteString(w, `{"code":200,"data":[]}`)
		})
		s := sender(t, url, []string{"a", "b"}, 2)
		for range 2 {
			if err := s.Probe(t.Context()); (err == nil) != want.good {
				t.Errorf("%s: %v", answer, err)
			}
		}
		if requests.Load() != want.requests {
			t.Errorf("%s: %d requests", answer, requests.Load())
		}
	}
}

func TestServerThatOnlyPutsQuestionsOffIsGivenUp(t *testing.T) {
	t.Parallel()
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	s := sender(t, url, []string{"a"}, 1)
	s.GiveUpAfter = 10 * time.Millisecond
	if err := s.Probe(t.Context()); class(t, err) != crm.Again || requests.Load() < 3 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}
