// Package crm submits cases to the Wolkvox CRM's cases/insertAttach.php.
//
// One Insert is one POST, never more. The answer, or the lack of one, is classified
// into a single error type by what the caller does next:
//
//	Insert ──► Created                   the case exists, with its id
//	      └──► *Error with a Class ──► Unsent, Again, TooMany   not processed
//	                                     Refused     the CRM said no to this case
//	                                     InDoubt     nobody knows whether it exists
//	                                     TokenSpent, TokenBad, Misdirected, …
//
// Its rules:
//
//   - The insert is not idempotent. Nothing here sends a request twice by itself:
//     no Idempotency-Key header and no GetBody, either of which makes net/http repeat
//     a POST, and no http.Client, which would follow redirects and hand the token on.
//   - Only a request whose headers were never written counts as not sent; a full
//     socket buffer makes net/http report success for bytes that never arrived.
//   - Whatever isn't listed as harmless is in doubt (classify.go).
//   - The token is a header and nothing else: no error, log or report has it, not even where
//     the server shows it (echo.go), and nothing on the way can read it (dial.go).
//   - A body is streamed from disk and never held in memory whole (body.go).
package crm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"wolkvox-import/importer/internal/crash"
)

const (
	insertPath = "/server/API/v2/cases/insertAttach.php"
	maxAnswer  = 256 << 10 // bytes; an answer is a few hundred
	maxHeaders = 256 << 10 // bytes, of an answer

	// idleFor is how long a connection may lie unused. A POST on one that the server
	// is just closing would be in doubt for nothing.
	idleFor = 3 * time.Second
)

// Config says whom to ask and how. The zero values of the times mean the defaults.
type Config struct {
	Server    Server
	Workers   int           // requests in flight altogether; so many connections are kept
	Timeout   time.Duration // from the body's last byte to the answer's; default 120 s
	Stall     time.Duration // longest pause within an upload; default 60 s
	UserAgent string

	// Dial connects; nil is the network. Tests put another one in its place.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client inserts cases. It is safe for concurrent use.
type Client struct {
	config Config
	insert *http.Request // what all inserts have in common
	pool   *http.Transport
	single *http.Transport // a connection for each request
	apart  atomic.Bool     // requests go by single
}

// New makes a client with a transport of its own.
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

// Created is the answer to a successful insert.
type Created struct {
	WolkvoxID  string // 24 hex digits in real data
	IDPrefijo  string // the number that people see
	HTTPStatus int
	Code       string // the answer's own code, normally 200
}

// Apart gives each request from now on a connection of its own, for a server that closes
// connections on which the next request has just left. It tells whether that is news.
func (c *Client) Apart() bool { return !c.apart.Swap(true) }

// Insert sends one case with one POST. The error is always an *Error. When ctx ends
// before the answer is there, the case is in doubt unless its request never left.
func (c *Client) Insert(ctx context.Context, token string, body *Body) (created Created, err error) {
	defer hide(token, &err)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := newWatch(c.config, cancel)
	defer watch.stop()

	var headersLeft, reused atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(conn httptrace.GotConnInfo) { reused.Store(conn.Reused); crash.Point(crash.AfterDial) },
		WroteHeaders: func() { headersLeft.Store(true); watch.sending(); crash.Point(crash.AfterHeaders) },
		WroteRequest: func(httptrace.WroteRequestInfo) { watch.sent(); crash.Point(crash.AfterBody) },
	})
	content, letGo := watch.content(body)
	defer letGo()
	response, err := c.send(c.request(ctx, token, content, body.Len()))
	if err == nil {
		defer response.Body.Close()
		created, err = read(ctx, response, token)
	} else {
		err = lost(cause(ctx, err), headersLeft.Load())
	}
	if e := new(Error); errors.As(err, &e) {
		e.reused = reused.Load()
	}
	return created, err
}

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

// read takes in an answer and what it means.
func read(ctx context.Context, response *http.Response, token string) (Created, error) {
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	crash.Point(crash.AfterAnswer)
	if err != nil {
		id, named := idsInText(answer)
		if named || response.StatusCode != http.StatusTooManyRequests { // 429 says all by itself
			e := lost(cause(ctx, err), true)
			e.HTTPStatus, e.WolkvoxID = response.StatusCode, id
			return Created{}, e
		}
	}
	created, err := classify(response.StatusCode, response.Header, answer, time.Now())
	if err == nil && (echoes(created.WolkvoxID, token) || echoes(created.IDPrefijo, token)) {
		e := &Error{Reply: Reply{HTTPStatus: created.HTTPStatus, Code: created.Code}}
		return Created{}, e.as(InDoubt, "no_id", "the CRM answered with the token in place of an id")
	}
	return created, err
}

// request is an insert. It has no GetBody.
func (c *Client) request(ctx context.Context, token string, content io.ReadCloser, length int64) *http.Request {
	request := c.insert.WithContext(ctx)
	request.Body, request.ContentLength = content, length
	request.Header = http.Header{"Content-Type": jsonType, "Accept": jsonType, "User-Agent": {c.config.UserAgent}, "Wolkvox-Token": {token}}
	return request
}

var jsonType = []string{"application/json"}

// cause prefers the reason for which the request was given up over "context canceled".
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil && !errors.Is(why, context.Canceled) {
		return why
	}
	return err
}
