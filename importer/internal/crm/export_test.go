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

// Know tells the first lane its quota.
func (l *Lanes) Know(q Quota) { l.lanes[0].know(q) }

// Left is what is left of the first lane's quota.
func (l *Lanes) Left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lanes[0].left
}

// Dial connects as the client's requests do.
func (c *Client) Dial(ctx context.Context, address string) (net.Conn, error) {
	return c.config.Dial(ctx, "tcp", address)
}

// Outage lets a table test tell the times of failures.
type Outage struct{ outage }

func (o *Outage) Fails(now, notBefore time.Time, patience time.Duration) (first, patient bool) {
	return o.fails(now, notBefore, patience)
}

func (o *Outage) Ends() { o.ends() }

// Names are how the lanes are called.
func (l *Lanes) Names() (names []string) {
	for _, lane := range l.lanes {
		names = append(names, lane.String())
	}
	return names
}
