package pace_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

const nothingFound = `{"code":"200","error":"null","msg":"0 records were are found","data":[]}`

// trip trips the breaker so many times, and leaves it open.
func trip(t *testing.T, b *pace.Breaker, times int) (why string) {
	t.Helper()
	for n := range times {
		if n > 0 {
			b.Reset()
		}
		for range 3 {
			why = b.Note(true)
		}
		if why == "" || b.Held() == nil {
			t.Fatal("it has not tripped")
		}
	}
	return why
}

// After a trip one good answer lets the run go on. Three bad ones end it, and so does a breaker
// that trips again and again although the CRM answers.
func TestProbeDecidesWhetherTheRunGoesOn(t *testing.T) {
	const (
		good    = nothingFound
		bad     = `<html>502`
		refused = `{"code":"400","error":"BAD REQUEST","msg":"NOT SO"}`
		spent   = `{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`
	)
	for name, c := range map[string]struct {
		trips    int
		answers  []string
		requests int64
		took     time.Duration
		why      string // "" if the run goes on
		spent    bool
	}{
		"answered":            {1, []string{good}, 1, 0, "", false},
		"refused by the CRM":  {1, []string{refused}, 1, 0, "", false},
		"answered in the end": {1, []string{bad, bad, good}, 3, 6 * time.Second, "", false},
		"not answered":        {1, []string{bad, bad, bad, good}, 3, 6 * time.Second, "3 answers in a row left their rows in doubt, and the CRM doesn't answer", false},
		"quota spent":         {1, []string{spent, good}, 1, 0, "quota of every token", true},
		"the third trip":      {3, []string{good}, 1, 0, "", false},
		"one trip too many":   {4, []string{good}, 0, 0, "loses inserts: 3 answers in a row left their rows in doubt, for the 4th time", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := 0
				s, requests := inMemory(t, []string{"t"}, 1, func(w http.ResponseWriter, r *http.Request) {
					next++
					_, _ = io.WriteString(w, c.answers[next-1])
				})
				s.Breaker = new(pace.Breaker)
				why, began := trip(t, s.Breaker, c.trips), time.Now()
				err := s.Breaker.Probe(t.Context(), s, why)
				e := new(pace.ProbeError)
				if (err == nil) != (c.why == "") || err != nil && (!errors.As(err, &e) || !strings.Contains(e.Why, c.why) || e.Spent != c.spent || e.Hint == "") {
					t.Errorf("%+v", err)
				}
				if requests.Load() != c.requests || time.Since(began) != c.took {
					t.Errorf("%d requests in %v", requests.Load(), time.Since(began))
				}
				if s.Breaker.Held() == nil {
					t.Error("rows may be claimed before the caller has ended the run")
				}
			})
		})
	}
}

// A run that is stopped while the CRM is asked ends for its own reason.
func TestProbeEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := inMemory(t, []string{"t"}, 1, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) })
		s.Breaker = new(pace.Breaker)
		stop, end := context.WithTimeout(t.Context(), 3*time.Second)
		defer end()
		began := time.Now()
		if err := s.Breaker.Probe(stop, s, trip(t, s.Breaker, 1)); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// While the breaker is open cases wait. Questions don't, or nobody could find out that the CRM
// works again.
func TestCasesWaitForTheBreakerAndQuestionsDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, requests := inMemory(t, []string{"t"}, 2, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "query") {
				_, _ = io.WriteString(w, nothingFound)
				return
			}
			_, _ = io.WriteString(w, success)
		})
		s.Breaker = new(pace.Breaker)
		trip(t, s.Breaker, 1)
		sent := make(chan error, 1)
		go func() {
			_, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
			sent <- err
		}()
		time.Sleep(time.Hour)
		if n := requests.Load(); n != 0 {
			t.Errorf("%d cases were sent", n)
		}
		if _, err := s.Find(t.Context(), "1"); err != nil || requests.Load() != 1 {
			t.Errorf("a question: %v after %d requests", err, requests.Load())
		}
		s.Breaker.Reset()
		if err := <-sent; err != nil || requests.Load() != 2 {
			t.Errorf("%v after %d requests", err, requests.Load())
		}
	})
}
