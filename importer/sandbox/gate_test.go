package sandbox_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"wolkvox-import/importer/sandbox"
)

// hold brings an insert in flight and keeps it there; the function that it returns
// sends the rest and waits for the answer.
func (r *rig) hold(token string) (finish func() int) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	before := r.crm.Stats().Requests
	body := ticket(nil)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nWolkvox-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", insert, token, len(body))
	eventually(r.t, "the request is in flight", func() bool { return r.crm.Stats().Requests == before+1 })
	return func() int {
		fmt.Fprint(c, body)
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			r.t.Fatal(err)
		}
		return response.StatusCode
	}
}

func TestThirdRequestInFlightIsRefused(t *testing.T) {
	r := start(t, sandbox.Config{PerToken: 2})
	first, second := r.hold("t"), r.hold("t")
	r.expect(r.insert(ticket(nil)), 403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)", 0)
	r.expect(r.post(api+"cases/queryCases.php", "t", `{}`), 403, "SIMULTANEOUS", 0)
	r.expect(r.post(insert, "u", ticket(nil)), 200, "", 1)
	if first() != 200 || second() != 200 {
		t.Error("one of the first two was refused")
	}
	r.expect(r.insert(ticket(nil)), 200, "", 4)
	s := r.crm.Stats()
	if s.PeakInFlight != 3 || s.PeakPerToken[sandbox.TokenID("t")] != 3 || s.PeakPerToken[sandbox.TokenID("u")] != 1 {
		t.Errorf("counted %+v", s)
	}
}

// eager is a client that sends its next request as soon as the answer begins.
type eager struct {
	*httptest.ResponseRecorder
	next func()
}

func (e eager) WriteHeader(status int) {
	e.next()
	e.ResponseRecorder.WriteHeader(status)
}

func TestAnsweredRequestIsNoLongerInFlight(t *testing.T) {
	r := start(t, sandbox.Config{PerToken: 1})
	first, second := httptest.NewRecorder(), httptest.NewRecorder()
	r.crm.ServeHTTP(eager{first, func() {
		r.crm.ServeHTTP(second, r.request(http.MethodPost, insert, "t", ticket(nil)))
	}}, r.request(http.MethodPost, insert, "t", ticket(nil)))
	if first.Code != 200 || second.Code != 200 {
		t.Errorf("got %d, then %d %s", first.Code, second.Code, second.Body)
	}
	if peak := r.crm.Stats().PeakInFlight; peak != 1 {
		t.Errorf("up to %d were in flight", peak)
	}
}

func TestSpentQuotaRefusesItsTokenOnly(t *testing.T) {
	r := start(t, sandbox.Config{Quota: 2})
	r.insert(ticket(nil))
	r.insert(`{}`) // costs as much
	for range 2 {
		r.expect(r.insert(ticket(nil)), 403, "TOKEN LIMIT EXCEEDED", 1)
	}
	r.expect(r.post(api+"cases/queryCases.php", "t", `{"operation":"demo","field":"status","value":"abierto"}`), 403, "TOKEN LIMIT EXCEEDED", 1)
	r.expect(r.post(insert, "u", ticket(nil)), 200, "", 2)
	r.expectAnswers(map[string]int{"created": 2, "missing-parameters": 1, "quota-spent": 2})
}

func TestConcurrentInsertsAddUp(t *testing.T) {
	f := sandbox.Faults{ResetBefore: 0.1, Throttled: 0.1, ErrorBefore: 0.1, ResetAfter: 0.1, Truncated: 0.1, BlankID: 0.1}
	r := start(t, sandbox.Config{Faults: f, PerToken: 3})
	const workers, each = 8, 40
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for range each {
				r.do(r.request(http.MethodPost, insert, fmt.Sprint("token", w%2), ticket(nil)))
			}
		})
	}
	group.Wait()
	s := r.crm.Stats()
	total := 0
	for _, n := range s.Answers {
		total += n
	}
	created := s.Answers["created"] + s.Answers["reset-after"] + s.Answers["truncated"] + s.Answers["blank-id"]
	if s.Requests != workers*each || total != s.Requests || created != s.Created || s.PeakInFlight > workers {
		t.Errorf("counted %+v", s)
	}
	ids := map[string]bool{}
	for _, k := range r.crm.Cases() {
		ids[k.ID], ids[k.Prefix] = true, true
	}
	if len(ids) != 2*s.Created {
		t.Errorf("%d cases have %d ids", s.Created, len(ids))
	}
}
