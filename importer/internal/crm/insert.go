package crm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"wolkvox-import/importer/internal/crash"
)

// Insert sends one case with one POST. Whether its headers were written decides what a lost answer
// means: before, no byte can have arrived; after, nobody knows.
//
// The error is always an *Error. When ctx ends
// before the answer is there, the case is in doubt unless its request never left.
func (c *Client) Insert(ctx context.Context, token string, body *Body) (created Created, err error) {
	defer hide(token, &err)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := newWatch(c.config.Stall, c.config.Timeout, cancel)
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

// read takes in an answer and what it means. Half an answer may still name the case, which helps to
// look for it; only of a 429 the status says all.
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

// request is an insert. It has no GetBody, by which net/http would send it once more, and shares
// what all inserts have in common: parsing an address a row takes its time.
func (c *Client) request(ctx context.Context, token string, content io.ReadCloser, length int64) *http.Request {
	request := c.insert.WithContext(ctx)
	request.Body, request.ContentLength = content, length
	request.Header = http.Header{"Content-Type": jsonType, "Accept": jsonType,
		"User-Agent": {c.config.UserAgent}, "Wolkvox-Token": {token}}
	return request
}

var jsonType = []string{"application/json"}
