package pace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

const object = `{"operation":"op","form":{}}`

func client(t *testing.T, url string, c crm.Config) *crm.Client {
	t.Helper()
	server, err := crm.ParseServer(url)
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	if c.Workers == 0 {
		c.Workers = 1
	}
	return crm.New(c)
}

// counted is a server that counts the requests that reach it.
func counted(t *testing.T, handler http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func class(t *testing.T, err error) crm.Class {
	t.Helper()
	var e *crm.Error
	if !errors.As(err, &e) {
		t.Fatalf("no *crm.Error: %v", err)
	}
	return e.Class
}

const success = `{"code":200,"error":"null","msg":"Succesfully create record","data":{"wolkvox_id":"65f0a1b2c3d4e5f601234567","idPrefijo":"C-7"}}`

// reset breaks a connection off without a word.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func files(contents ...string) []crm.File {
	var list []crm.File
	for i, c := range contents {
		list = append(list, crm.File{Name: string(rune('a' + i)), Size: int64(len(c)), ReadSeekCloser: memory{bytes.NewReader([]byte(c))}})
	}
	return list
}

func sender(t *testing.T, url string, tokens []string, workers int) *pace.Sender {
	t.Helper()
	return &pace.Sender{Client: client(t, url, crm.Config{Workers: workers, Timeout: 5 * time.Second}), Gate: pace.Gate{Lanes: pace.NewLanes(tokens, workers)}, Log: slog.New(slog.DiscardHandler)}
}

// free is a claim that nothing stands against.
type free struct{}

func (free) Take() error         { return nil }
func (free) Release(error) error { return nil }

// inMemory is a sender to a CRM on a network that is not real. Within synctest its clock isn't
// either.
func inMemory(t *testing.T, tokens []string, workers int, handler http.HandlerFunc) (s *pace.Sender, requests *atomic.Int64) {
	t.Helper()
	l, requests := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}, new(atomic.Int64)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		handler(w, r)
	})}
	go server.Serve(l)
	s = sender(t, "http://127.0.0.1:1", tokens, workers)
	s.Client = client(t, "http://127.0.0.1:1", crm.Config{Workers: workers, Dial: l.dial})
	t.Cleanup(func() { s.Client.Rest(); server.Close() })
	return s, requests
}

// pipes are a listener's connections.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
