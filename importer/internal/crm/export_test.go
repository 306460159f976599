package crm

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Classify lets the fuzzer reach the classifier without a server in between.
func Classify(status int, header http.Header, body []byte) (Created, error) {
	return classify(status, header, body, time.Unix(0, 0))
}

// Dial connects as the client's requests do.
func (c *Client) Dial(ctx context.Context, address string) (net.Conn, error) {
	return c.config.Dial(ctx, "tcp", address)
}
