package crm

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// wide is a connection that is written to in large pieces. net/http passes a body on to
// the connection itself, in pieces of 32 KB, each with a system call of its own.
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

// dial is net/http's own, with wide connections.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return wide{conn}, nil
}
