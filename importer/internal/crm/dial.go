package crm

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// wide is a connection that is written to in large pieces. It is here for speed alone: rows with
// attachments of megabytes took fewer system calls, since net/http passes a body on to the
// connection itself, in pieces of 32 KB, each with a call of its own. Without it nothing breaks.
type wide struct{ net.Conn }

const widePiece = 256 << 10

var widePieces = sync.Pool{New: func() any { return new([widePiece]byte) }}

// ReadFrom writes all that r has.
func (c wide) ReadFrom(r io.Reader) (n int64, err error) {
	piece := widePieces.Get().(*[widePiece]byte)
	defer widePieces.Put(piece)
	for err == nil {
		filled := 0
		for filled < widePiece && err == nil {
			var got int
			got, err = r.Read(piece[filled:])
			filled += got
		}
		written, failed := c.Conn.Write(piece[:filled])
		n += int64(written)
		if failed != nil {
			return n, failed
		}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// dialer makes wide connections. Where plain is set, what travels on them can be read on the
// way, and they are made to this machine alone: it is the address that counts, since a name
// such as localhost may lead elsewhere.
func dialer(plain bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	if plain {
		d.ControlContext = onlyLoopback
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wide{conn}, nil
	}
}

// onlyLoopback is asked with the address that is about to be connected to, after its name has
// been looked up.
func onlyLoopback(_ context.Context, _, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return &notLoopbackError{address}
	}
	return nil
}

// notLoopbackError is a name of this machine that leads elsewhere.
type notLoopbackError struct{ address string }

// Error says why plain http is refused.
func (e *notLoopbackError) Error() string {
	return fmt.Sprintf("the server is at %s, which is not this machine: "+
		"by plain http the token could be read on the way", e.address)
}

// proxy is the environment's, but for plain http: a proxy would be sent the token in clear.
func proxy(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme == "http" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}
