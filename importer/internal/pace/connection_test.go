package pace_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

// A process that may open no more files can't send any row, and none is to blame.
func TestTooManyOpenFilesStopTheRun(t *testing.T) {
	s := sender(t, "http://127.0.0.1:1", []string{"secret"}, 1)
	var dials atomic.Int64
	s.Client = client(t, "http://127.0.0.1:1", crm.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EMFILE}
	}})
	for range 2 {
		_, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{})
		e := new(crm.Error)
		if !errors.As(err, &e) || e.Class == crm.Unsent || !strings.Contains(e.Message, "too many open files") || !strings.Contains(e.Hint, "ulimit -n") {
			t.Errorf("%+v", e)
		}
	}
	if dials.Load() != 1 {
		t.Errorf("%d dials: it doesn't get better by trying", dials.Load())
	}
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// short is a server whose connections carry two requests: the second of them gets no answer.
func short(t *testing.T) (url string, conns *atomic.Int64) {
	t.Helper()
	conns = new(atomic.Int64)
	var carried sync.Map
	url, _ = counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if _, second := carried.LoadOrStore(r.RemoteAddr, true); second {
			panic(http.ErrAbortHandler)
		}
		conns.Add(1)
		_, _ = io.WriteString(w, success)
	})
	return url, conns
}

// After one request was lost on a connection that the server was closing, none is lost so.
func TestLostOnAUsedConnectionGivesEachItsOwn(t *testing.T) {
	url, conns := short(t)
	said := new(lines)
	s := sender(t, url, []string{"secret"}, 1)
	s.Log = said.log()
	doubts := 0
	for range 10 {
		if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); err != nil {
			doubts++
		}
	}
	if doubts != 1 || conns.Load() != 9 || strings.Count(said.String(), "each request gets one of its own") != 1 {
		t.Errorf("%d in doubt, %d connections: %s", doubts, conns.Load(), said)
	}
}

// A server that breaks off a new connection would do so again.
func TestLostOnANewConnectionChangesNothing(t *testing.T) {
	var n atomic.Int64
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1) == 1 {
			reset(w)
			return
		}
		_, _ = io.WriteString(w, success)
	})
	said := new(lines)
	s := sender(t, url, []string{"secret"}, 1)
	s.Log = said.log()
	for i := range 3 {
		if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); (err != nil) != (i == 0) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if said.String() != "" {
		t.Error(said)
	}
}

// A CRM that is slow to answer closes nothing.
func TestSlowAnswersKeepTheConnections(t *testing.T) {
	var n atomic.Int64
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1) == 2 {
			time.Sleep(300 * time.Millisecond)
		}
		_, _ = io.WriteString(w, success)
	})
	said := new(lines)
	s := sender(t, url, []string{"secret"}, 1)
	s.Client, s.Log = client(t, url, crm.Config{Timeout: 100 * time.Millisecond}), said.log()
	for i := range 4 {
		if _, err := s.Send(t.Context(), crm.NewBody([]byte(object), nil), free{}); (err != nil) != (i == 1) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if said.String() != "" {
		t.Error(said)
	}
}
