package sandbox_test

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

func TestServeEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	crm := sandbox.New(sandbox.Config{})
	served := make(chan error, 1)
	go func() { served <- sandbox.Serve(ctx, l, crm) }()
	r := &rig{t, crm, &httptest.Server{URL: "http://" + l.Addr().String(), Listener: l}}
	r.hold("t") // never finished
	end()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it still serves")
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener is still open")
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := sandbox.Serve(t.Context(), l, sandbox.New(sandbox.Config{})); err == nil {
		t.Error("no error")
	}
}
