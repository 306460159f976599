package sandbox

import (
	"context"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// mostConnections bounds what clients can have the sandbox hold at once; more have to wait.
const mostConnections = 2000

// grace is what requests in flight have left once Serve is to end.
const grace = 3 * time.Second

// Serve serves the CRM on l until ctx ends, and closes l. It returns nil if ctx
// ended it, and the error of the listener otherwise.
func Serve(ctx context.Context, l net.Listener, crm *CRM) error {
	l = netutil.LimitListener(l, mostConnections)
	server := &http.Server{
		Handler:           crm,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Hour, // of large attachments; an answer may be late on purpose, and has no limit
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		shutDown(server)
	})
	err := server.Serve(l)
	if stop() {
		return err
	}
	<-done
	return nil
}

// shutDown waits for the requests in flight, then no longer.
func shutDown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}
