package pace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

func TestThrottledIsSentAgainAndInDoubtNever(t *testing.T) {
	answers := []func(http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(429) },
		func(w http.ResponseWriter) {
			w.WriteHeader(403)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}`)
		},
		func(w http.ResponseWriter) { io.WriteString(w, success) },
		func(w http.ResponseWriter) { w.WriteHeader(502) },
		func(w http.ResponseWriter) { t.Error("sent again after an answer in doubt") },
	}
	var n atomic.Int64
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		answers[n.Add(1)-1](w)
	})
	s := sender(t, url, []string{"t"}, 1)
	body := crm.NewBody([]byte(object), files("abc"))
	sent, err := s.Send(t.Context(), body, free{})
	if err != nil || sent.Attempts != 3 || sent.Bytes != 3*body.Len() || sent.WolkvoxID == "" {
		t.Fatalf("%+v, %v", sent, err)
	}
	_, err = s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
	if v := class(t, err); v != crm.InDoubt || requests.Load() != 4 {
		t.Errorf("%v after %d requests", v, requests.Load())
	}
}

func TestNobodySendsBeforeRetryAfter(t *testing.T) {
	for name, after := range map[string]func() string{
		"seconds": func() string { return "1" },
		"date":    func() string { return time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var times []time.Time
			url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				mu.Lock()
				defer mu.Unlock()
				if times = append(times, time.Now()); len(times) == 2 { // the first has proven the lane
					w.Header().Set("Retry-After", after())
					w.WriteHeader(429)
					return
				}
				io.WriteString(w, success)
			})
			s := sender(t, url, []string{"t"}, 1)
			for range 3 {
				if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
					t.Fatal(err)
				}
			}
			if gap := times[2].Sub(times[1]); gap < 900*time.Millisecond {
				t.Errorf("only %v after a 429 that asked for a second", gap)
			}
		})
	}
}

func TestFirstRequestOfATokenGoesAlone(t *testing.T) {
	var now, peak, done atomic.Int64
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); done.Load() == 0 && n > peak.Load() {
			peak.Store(n)
		}
		defer now.Add(-1)
		io.Copy(io.Discard, r.Body)
		time.Sleep(50 * time.Millisecond)
		done.Add(1)
		io.WriteString(w, success)
	})
	s := sender(t, url, []string{"t"}, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if peak.Load() != 1 {
		t.Errorf("%d requests were in flight before the first answer", peak.Load())
	}
}

func TestLanesHoldTheirWidth(t *testing.T) {
	var mu sync.Mutex
	flying, peak := map[string]int{}, map[string]int{}
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Wolkvox-Token")
		mu.Lock()
		flying[token]++
		peak[token] = max(peak[token], flying[token])
		mu.Unlock()
		io.Copy(io.Discard, r.Body)
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		flying[token]--
		mu.Unlock()
		io.WriteString(w, success)
	})
	s := sender(t, url, []string{"a", "b", "c"}, 6)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 20 {
				if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if fmt.Sprint(peak) != "map[a:2 b:2 c:2]" {
		t.Errorf("in flight per token: %v", peak)
	}
}

func TestOtherTokensGoOnWhenOneIsSpentOrBad(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.Header.Get("Wolkvox-Token") {
		case "bad":
			w.WriteHeader(403)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}`)
		case "spent":
			w.WriteHeader(403)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`)
		default:
			io.WriteString(w, success)
		}
	})
	s := sender(t, url, []string{"bad", "spent", "good"}, 3)
	for range 10 {
		if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
			t.Fatal(err)
		}
	}
	none := sender(t, url, []string{"bad", "spent"}, 2)
	_, err := none.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
	if v := class(t, err); v != crm.TokenSpent {
		t.Errorf("%v: with a quota that will be renewed the run is paused, not stopped", v)
	}
	_, err = sender(t, url, []string{"bad"}, 1).Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
	if v := class(t, err); v != crm.TokenBad || !strings.Contains(err.Error(), "PLEASE VALIDATE TOKEN") {
		t.Errorf("%v", err)
	}
}

func TestBadTokenIsTriedOnce(t *testing.T) {
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(401)
	})
	s := sender(t, url, []string{"bad"}, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
			if v := class(t, err); v != crm.TokenBad {
				t.Error(v)
			}
		})
	}
	all.Wait()
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests with a token that was refused", n)
	}
}

func TestUnreachableServerIsGivenUpAfterPatience(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := sender(t, "http://"+l.Addr().String(), []string{"t"}, 1)
	s.GiveUpAfter = 500 * time.Millisecond
	sent, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
	if v := class(t, err); v != crm.Unsent || sent.Attempts < 2 {
		t.Errorf("%v after %d attempts", v, sent.Attempts)
	}
}

func TestStopEndsThePauseButNotTheRequest(t *testing.T) {
	stop, end := context.WithCancel(t.Context())
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		end()
		time.Sleep(100 * time.Millisecond)
		io.WriteString(w, success)
	})
	if _, err := sender(t, url, []string{"t"}, 1).Send(stop, crm.NewBody([]byte(object), nil), free{}); err != nil {
		t.Errorf("a request in flight was given up: %v", err)
	}
	_, err := sender(t, url, []string{"t"}, 1).Send(stop, crm.NewBody([]byte(object), nil), free{})
	if v := class(t, err); v != crm.Unsent || requests.Load() != 1 {
		t.Errorf("%v after %d requests", v, requests.Load())
	}
}

// pausing is a CRM whose first answer, after so long, asks for a pause of a second. It counts the
// requests that come within it.
type pausing struct {
	*pace.Sender
	asked           chan struct{} // closed when the first request is there
	early, requests *atomic.Int64
}

func newPausing(t *testing.T, workers, status int, answer string, after time.Duration) *pausing {
	p := &pausing{asked: make(chan struct{}), early: new(atomic.Int64)}
	var first atomic.Int64
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch now := time.Now().UnixNano(); {
		case first.CompareAndSwap(0, now):
			close(p.asked)
			time.Sleep(after)
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			io.WriteString(w, answer)
			return
		case time.Duration(now-first.Load()) < 900*time.Millisecond:
			p.early.Add(1)
		}
		if strings.Contains(r.URL.Path, "query") {
			io.WriteString(w, `{"code":200,"data":[]}`)
			return
		}
		io.WriteString(w, success)
	})
	p.Sender, p.requests = sender(t, url, []string{"a", "b"}[:min(workers, 2)], workers), requests
	return p
}

func (p *pausing) send(t *testing.T) {
	if _, err := p.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
		t.Error(err)
	}
}

func (p *pausing) ask(t *testing.T) {
	if err := p.Probe(t.Context()); err != nil {
		t.Error(err)
	}
}

// What the server asks of one, all heed: nobody sends before its pause is over, and nobody asks.
func TestPauseIsForEverybody(t *testing.T) {
	const tooMany = `{"code":403,"error":"FORBIDDEN","msg":"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}`
	send, ask := (*pausing).send, (*pausing).ask
	for name, c := range map[string]struct {
		first, second func(*pausing, *testing.T)
		status        int
		answer        string
		workers       int
		after         time.Duration // the second one waits for a place meanwhile
	}{
		"of all":                          {send, send, 429, "", 4, 0},
		"of a token":                      {send, send, 403, tooMany, 2, 0},
		"after a question":                {ask, send, 429, "", 4, 0},
		"before a question":               {send, ask, 429, "", 4, 0},
		"while a question waits its turn": {send, ask, 429, "", 1, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPausing(t, c.workers, c.status, c.answer, c.after)
			var all sync.WaitGroup
			all.Go(func() { c.first(p, t) })
			<-p.asked
			if c.after == 0 {
				time.Sleep(50 * time.Millisecond) // the answer has come
			}
			c.second(p, t)
			if all.Wait(); p.early.Load() > 0 || p.requests.Load() != 3 {
				t.Errorf("%d of %d requests came within the pause", p.early.Load(), p.requests.Load())
			}
		})
	}
}

// held is a claim that keeps a diary.
type held struct {
	diary []string
	taken int // how often Take succeeds; then it fails
}

func (h *held) Take() error {
	if h.taken--; h.taken < 0 {
		return errors.New("somebody else has it")
	}
	h.diary = append(h.diary, "take")
	return nil
}

func (h *held) Release(why error) error {
	h.diary = append(h.diary, "release: "+why.Error())
	return nil
}

// Each request has a claim of its own, which is given back only where the request is
// known not to have been processed; without a claim, nothing leaves.
func TestEachRequestHasItsOwnClaim(t *testing.T) {
	var n atomic.Int64
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			io.WriteString(w, success)
		case 3:
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	s := sender(t, url, []string{"a"}, 1)
	for _, c := range []struct {
		taken    int
		want     string
		verdict  crm.Class
		requests int64
	}{
		{9, "take|release: the server asks for a pause (HTTP 429)|take", -1, 2},
		{9, "take", crm.InDoubt, 3},
		{1, "take|release: the server asks for a pause (HTTP 429)", crm.Unsent, 4},
		{0, "", crm.Unsent, 4},
	} {
		h := &held{taken: c.taken}
		_, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), h)
		if c.verdict >= 0 && class(t, err) != c.verdict || c.verdict < 0 && err != nil {
			t.Errorf("%v", err)
		}
		if got := strings.Join(h.diary, "|"); got != c.want || requests.Load() != c.requests {
			t.Errorf("%s, %d requests; want %s, %d", got, requests.Load(), c.want, c.requests)
		}
	}
}

// A server may answer before it has read the body, which is then still being written while
// it is sent again, and its buffers go to other rows. What arrives must be whole all the
// same.
func TestBodyThatIsAnsweredEarlyIsSentWhole(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 1<<16) // more than sockets hold
	want := crm.NewBody([]byte(object), files(content))
	whole, err := io.ReadAll(want)
	if err != nil {
		t.Fatal(err)
	}
	var n, bad atomic.Int64
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 != 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if got, err := io.ReadAll(r.Body); err == nil && string(got) != string(whole) {
			bad.Add(1)
		}
		io.WriteString(w, success)
	})
	s := sender(t, url, []string{"t"}, 4)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			body := crm.NewBody([]byte(object), files(content))
			defer body.Close()
			_, err := s.Send(t.Context(), body, free{})
			if e := new(crm.Error); err != nil && !(errors.As(err, &e) && e.Class == crm.InDoubt) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if bad.Load() > 0 || n.Load() < 8 {
		t.Errorf("%d of %d bodies arrived damaged", bad.Load(), n.Load())
	}
}

// slow is a claim that takes its time, and keeps a diary.
type slow struct {
	held
	taking func()
}

func (s *slow) Take() error {
	err := s.held.Take()
	s.taking()
	return err
}

// While a claim is being written the server may ask for a pause, a token be refused or the
// run be stopped. Nothing leaves by what was right before.
func TestNothingLeavesByAnOldPlace(t *testing.T) {
	refuse := func(status int, text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			io.WriteString(w, text)
		}
	}
	for name, c := range map[string]struct {
		answer   func(http.ResponseWriter)
		stops    bool
		trips    bool
		requests int64 // all in all
		release  string
	}{
		"pause": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}, false, false, 4, "release: not sent: the server asks for a pause"},
		"token":    {refuse(401, ""), false, false, 2, "release: not sent: the token is out of use"},
		"quota":    {refuse(403, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`), false, false, 2, "release: not sent: the token is out of use"},
		"redirect": {refuse(302, ""), false, false, 2, "release: not sent: the run is to stop"},
		"stop":     {refuse(200, success), true, false, 2, "release: not sent: the run stopped"},
		"breaker":  {refuse(200, success), false, true, 2, "release: not sent: it is being looked whether the CRM works"},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if n.Add(1) == 2 {
					c.answer(w)
					return
				}
				io.WriteString(w, success)
			})
			stop, end := context.WithCancel(t.Context())
			defer end()
			s := sender(t, url, []string{"a"}, 2)
			s.Breaker = new(pace.Breaker)
			send := func(claim pace.Claim) {
				if _, err := s.Send(stop, crm.NewBody([]byte(object), nil), claim); err != nil && !errors.As(err, new(*crm.Error)) {
					t.Error(err)
				}
			}
			send(free{}) // which proves the lane
			var other sync.WaitGroup
			claim := &slow{held: held{taken: 9}}
			claim.taking = func() {
				if len(claim.diary) > 1 {
					return // for the first time only
				}
				done := make(chan struct{})
				other.Go(func() { defer close(done); send(free{}) })
				for requests.Load() < 2 {
					time.Sleep(time.Millisecond)
				}
				select { // the answer has come
				case <-done:
				case <-time.After(50 * time.Millisecond):
				}
				if c.stops {
					end()
				}
				if c.trips {
					for range 3 {
						s.Breaker.Note(true)
					}
					time.AfterFunc(100*time.Millisecond, end)
				}
			}
			send(claim)
			other.Wait()
			if len(claim.diary) < 2 || claim.diary[1] != c.release || requests.Load() != c.requests {
				t.Errorf("%q after %d requests", claim.diary, requests.Load())
			}
		})
	}
}
