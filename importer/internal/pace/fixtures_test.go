package pace_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
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
