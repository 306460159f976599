package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

// met is what a client sees of each fault, by the name of its flag, and whether the
// case is there afterwards.
var met = map[string]struct {
	created bool
	seen    func(got reply, err error) bool
}{
	"p-reset-before":   {false, isReset},
	"p-throttled":      {false, func(got reply, _ error) bool { return got.status == 429 && got.header.Get("Retry-After") == "2" }},
	"p-throttled-date": {false, func(got reply, _ error) bool { return got.status == 429 && isAhead(got.header.Get("Retry-After")) }},
	"p-simultaneous": {false, func(got reply, _ error) bool {
		return got.status == 403 && strings.Contains(got.envelope.Msg, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)")
	}},
	"p-gateway": {false, func(got reply, _ error) bool {
		return got.status == 502 && got.header.Get("Content-Type") == "text/html" && strings.HasPrefix(got.raw, "<html>")
	}},
	"p-error-before": {false, isServerError},
	"p-failing-code": {false, func(got reply, _ error) bool { return got.status == 200 && got.envelope.Code == 400.0 }},
	"p-reset-after":  {true, isReset},
	"p-error-after":  {true, isServerError},
	"p-truncated": {true, func(got reply, err error) bool {
		return got.status == 200 && err == nil && strings.HasPrefix(got.raw, `{"code":200`) && !strings.HasSuffix(got.raw, "}")
	}},
	"p-blank-id": {true, func(got reply, _ error) bool {
		return got.status == 200 && string(got.envelope.Data) == `{"idPrefijo":" ","wolkvox_id":" "}`
	}},
	"p-warning": {true, func(got reply, _ error) bool {
		before, after, _ := strings.Cut(got.raw, "{")
		return got.status == 200 && strings.Contains(before, "<b>Warning</b>") && strings.HasPrefix(after, `"code":200`) && strings.HasSuffix(after, "}}")
	}},
	"p-same-id": {true, func(got reply, err error) bool {
		return isSuccess(got, err) && strings.Contains(string(got.envelope.Data), "5f0000000000000000000001")
	}},
	"p-code-and-id": {true, func(got reply, _ error) bool {
		return got.status == 200 && got.envelope.Code == 404.0 && hasID(got)
	}},
	"p-status-and-id": {true, func(got reply, _ error) bool { return got.status == 404 && got.envelope.Code == 200.0 && hasID(got) }},
	"p-reset-slow":    {true, isReset},
	"p-late":          {true, isSuccess},
	"p-slow":          {true, isSuccess},
}

func isReset(_ reply, err error) bool {
	return err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

func hasID(got reply) bool {
	return regexp.MustCompile(`"wolkvox_id":"[0-9a-f]{24}"`).MatchString(string(got.envelope.Data))
}

func isServerError(got reply, _ error) bool { return got.status == 500 && got.envelope.Code == 500.0 }

func isSuccess(got reply, _ error) bool { return got.status == 200 && got.envelope.Code == 200.0 }

func isAhead(date string) bool {
	at, err := http.ParseTime(date)
	return err == nil && time.Until(at) > 0 && time.Until(at) < time.Minute
}

func TestEachFaultIsMetAndCounted(t *testing.T) {
	names := new(sandbox.Faults).Flags()
	if len(names) != len(met) {
		t.Errorf("there are %d flags, %d of them tested", len(names), len(met))
	}
	for i, flag := range names {
		t.Run(flag.Name, func(t *testing.T) {
			f := sandbox.Faults{LateBy: time.Millisecond, SlowBy: time.Millisecond, RetryAfter: 1500 * time.Millisecond}
			*f.Flags()[i].Value = 1
			r := start(t, sandbox.Config{Faults: f, Quota: 100})
			got, err := r.do(r.request(http.MethodPost, insert, "t", ticket(nil)))
			want := met[flag.Name]
			if !want.seen(got, err) {
				t.Errorf("got %d %v %s, %v", got.status, got.header, got.raw, err)
			}
			if want.created {
				eventually(t, "the case is there", func() bool { return r.crm.Stats().Created == 1 })
			}
			s := r.crm.Stats()
			if s.Requests != 1 || s.Answers[strings.TrimPrefix(flag.Name, "p-")] != 1 || (s.Created == 1) != want.created {
				t.Errorf("counted %+v", s)
			}
			if spent := r.quotaUsed() - 1; (spent == 1) != want.created {
				t.Errorf("the request cost %d of the quota", spent)
			}
		})
	}
}

func TestResetReachesClientsOverTLS(t *testing.T) {
	crm := sandbox.New(sandbox.Config{Faults: sandbox.Faults{ResetAfter: 1}})
	server := httptest.NewTLSServer(crm)
	defer server.Close()
	r := &rig{t, crm, server}
	if got, err := r.do(r.request(http.MethodPost, insert, "t", ticket(nil))); !isReset(got, err) {
		t.Errorf("got %v, %v", got, err)
	}
	if len(crm.Cases()) != 1 {
		t.Error("the case is not there")
	}
}

func TestResetBeforeLeavesTheBodyUnread(t *testing.T) {
	const size = 256 << 20 // more than all the buffers on the way take
	r := start(t, sandbox.Config{Faults: sandbox.Faults{ResetBefore: 1}})
	request := r.request(http.MethodPost, insert, "t", "")
	body := &io.LimitedReader{R: zeros{}, N: size}
	request.Body, request.ContentLength = io.NopCloser(body), size
	if _, err := r.do(request); err == nil {
		t.Error("there was an answer")
	}
	if body.N == 0 {
		t.Error("the whole body was taken")
	}
}

func TestLateCaseIsThereBeforeItsAnswer(t *testing.T) {
	r := start(t, sandbox.Config{Faults: sandbox.Faults{Late: 1, LateBy: time.Hour}})
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := r.do(r.request(http.MethodPost, insert, "t", ticket(nil)).WithContext(ctx))
		answered <- err
	}()
	eventually(t, "the case is created", func() bool { return r.crm.Stats().Created == 1 })
	if n := r.crm.Stats().Answers["late"]; n != 0 {
		t.Error("it was answered at once")
	}
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	eventually(t, "the request is over", func() bool { return r.crm.Stats().Answers["late"] == 1 })
}

func TestSlowCaseIsCreatedThoughTheClientLeft(t *testing.T) {
	r := start(t, sandbox.Config{Faults: sandbox.Faults{Slow: 1, SlowBy: 2 * time.Second}})
	ctx, leave := context.WithCancel(t.Context())
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { leave() }})
	if _, err := r.do(r.request(http.MethodPost, insert, "t", ticket(nil)).WithContext(ctx)); err == nil {
		t.Error("there was an answer")
	}
	if r.crm.Stats().Created != 0 {
		t.Error("the case was created at once")
	}
	eventually(t, "the case is created", func() bool { return r.crm.Stats().Created == 1 })
}

func TestSameSeedBringsTheSameFaults(t *testing.T) {
	outcomes := func(seed uint64) (all string) {
		r := start(t, sandbox.Config{Seed: seed, Faults: sandbox.Faults{Throttled: 0.3, ErrorAfter: 0.5}})
		for range 40 {
			all += http.StatusText(r.insert(ticket(nil)).status) + " "
		}
		return all
	}
	first := outcomes(1)
	if again := outcomes(1); again != first {
		t.Errorf("first %s\nthen  %s", first, again)
	}
	if other := outcomes(2); other == first {
		t.Errorf("seed 2 brings the same: %s", first)
	}
}
