// Package crm is the client of the Wolkvox CRM: one request, one classified answer.
//
//	Insert ──► Created                 the case exists, with its id
//	      └──► *Error with a Class ──► Unsent, Again, TooMany   not processed
//	                                   Refused     the CRM said no to this case
//	                                   InDoubt     nobody knows whether it exists
//	                                   TokenSpent, TokenBad, Misdirected, …
//	Query, HasContact, Quota ──► what the CRM says, or an *Error: nothing is known
//
// An answer takes this way: answer.go finds the JSON, classify.go decides what it means for an
// insert, question.go and list.go for a question, id.go whether it names a case.
//
// Its rules:
//
//   - The insert is not idempotent. One Insert is one POST, never more, and nothing here sends a
//     request twice by itself: no Idempotency-Key header and no GetBody, either of which makes
//     net/http repeat a POST, and no http.Client, which would follow redirects and hand the token
//     on. When a request may leave, and whether another one follows, is for package pace.
//   - Only a request whose headers were never written counts as not sent; a full socket buffer
//     makes net/http report success for bytes that never arrived.
//   - Whatever isn't listed as harmless is in doubt (classify.go).
//   - The token is a header and nothing else: no error, log or report has it, not even if the
//     server shows it (echo.go), and nothing on the way can read it (dial.go).
//   - A body is streamed from disk and never held in memory whole (body.go).
package crm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	insertPath = "/server/API/v2/cases/insertAttach.php"
	maxHeaders = 256 << 10 // bytes, of an answer

	// idleFor is how long a connection may lie unused. A POST on one that the server
	// is just closing would be in doubt for nothing.
	idleFor = 3 * time.Second
)

// Config says whom to ask and how. The zero values of the times mean the defaults, which are well
// above the 60 s that the vendor says a sister API takes at most.
type Config struct {
	Server    Server
	Workers   int           // requests in flight altogether; so many connections are kept
	Timeout   time.Duration // from the body's last byte to the answer's; default 120 s
	Stall     time.Duration // longest pause within an upload; default 60 s
	UserAgent string

	// Dial connects; nil is the network. Tests put another one in its place.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client inserts cases and asks questions. It is safe for concurrent use. It is told the token with
// each request, and remembers none. It has no cookies: PHP would work on one request of a session
// at a time.
type Client struct {
	config Config
	insert *http.Request   // what all inserts have in common
	pool   *http.Transport // keeps connections for the next request
	single *http.Transport // a connection for each request
	apart  atomic.Bool     // requests go by single
}

// New makes a client with a transport of its own. It speaks HTTP/1.1: each request is on a
// connection by itself, so that one that breaks leaves one row in doubt and not many.
func New(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = 120 * time.Second
	}
	if c.Stall == 0 {
		c.Stall = 60 * time.Second
	}
	if c.Dial == nil {
		c.Dial = dialer(c.Server.plain())
	}
	// There is no MaxConnsPerHost. Lanes bound the requests, and a pool that counts connections
	// keeps requests waiting for those that are still being made, or are counted and gone.
	pool := &http.Transport{
		DialContext:            c.Dial,
		Proxy:                  proxy,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxIdleConnsPerHost:    c.Workers,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: maxHeaders,
		WriteBufferSize:        16 << 10, // of the headers; bodies pass it by (dial.go)
		DisableCompression:     true,
		Protocols:              new(http.Protocols),
	}
	pool.Protocols.SetHTTP1(true)
	single := pool.Clone()
	single.DisableKeepAlives = true
	insert, err := http.NewRequest(http.MethodPost, c.Server.url(insertPath), nil)
	if err != nil {
		panic(err) // ParseServer has seen to it that the address is one
	}
	return &Client{config: c, pool: pool, single: single, insert: insert}
}

// Rest closes idle connections. After a pause the server may be closing them too, and
// a POST on such a one would be in doubt for nothing.
func (c *Client) Rest() { c.pool.CloseIdleConnections() }

// Apart gives each request from now on a connection of its own, for a server that closes
// connections on which the next request has just left. It tells whether that is news. A connection
// a row costs time; a row in doubt costs a person's.
func (c *Client) Apart() bool { return !c.apart.Swap(true) }

// send is one request, and its answer but for the body. An answer of 1xx that is the last one
// hands the connection over to another protocol: its body never ends, and no context ends it.
func (c *Client) send(request *http.Request) (*http.Response, error) {
	pool := c.pool
	if c.apart.Load() {
		pool = c.single
	}
	response, err := pool.RoundTrip(request)
	if err == nil && response.StatusCode/100 == 1 {
		response.Body.Close()
		return nil, fmt.Errorf("the server answered with status %d, to speak another protocol", response.StatusCode)
	}
	return response, err
}

// cause prefers the reason for which the request was given up over "context canceled".
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil && !errors.Is(why, context.Canceled) {
		return why
	}
	return err
}
