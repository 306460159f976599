package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxFound bounds the answer to a query, in bytes.
const maxFound = 64 << 20

// reply is the whole answer to a question, whatever it says.
type reply struct {
	status int
	header http.Header
	body   []byte // at most a byte more than maxFound
}

// list asks a question whose answer is a list. The *Error is for who finds the list of no use.
func (c *Client) list(ctx context.Context, token, path string, question map[string]string) (listing, *Error, error) {
	r, err := c.post(ctx, token, path, question)
	if err != nil {
		return listing{}, nil, err
	}
	a, e, err := r.read(time.Now())
	if noHits := new(Error); errors.As(err, &noHits) && noHits.Class == Refused && noHits.saysNotFound() {
		return listing{}, e, nil
	} else if err != nil {
		return listing{}, nil, err
	}
	l, ok := readList(r.body, a.Data)
	if !ok {
		return listing{}, e, e.as(InDoubt, "unknown_answer", "the query's answer has no list")
	}
	return l, e, nil
}

// saysNotFound tells whether a refusal of a query is the CRM's own 404. The sister API answers so
// if nothing is found.
func (e *Error) saysNotFound() bool {
	return e.Code == "404" || e.HTTPStatus == http.StatusNotFound && e.Code != ""
}

// post asks by a POST with a JSON object.
func (c *Client) post(ctx context.Context, token, path string, question map[string]string) (reply, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return reply{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Server.url(path), bytes.NewReader(body))
	if err != nil {
		return reply{}, fmt.Errorf("the query can't be made: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return c.ask(request, token)
}

// ask sends a question, which unlike an insert may be repeated.
func (c *Client) ask(request *http.Request, token string) (reply, error) {
	ctx, cancel := context.WithTimeout(request.Context(), c.config.Timeout)
	defer cancel()
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	request.Header["Wolkvox-Token"] = []string{token}
	response, err := c.send(request.WithContext(ctx))
	if err != nil {
		return reply{}, because(Unsent, "no_answer", err, fmt.Sprintf("the query got no answer: %v", cause(ctx, err)))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxFound+1))
	if err != nil {
		e := because(Unsent, "no_answer", err, fmt.Sprintf("the query's answer broke off: %v", cause(ctx, err)))
		e.HTTPStatus = response.StatusCode
		return reply{}, e
	}
	return reply{response.StatusCode, response.Header, answer}, nil
}

// read returns a good answer, and an *Error with what it says for those that find
// it of no use; or the error.
func (r reply) read(now time.Time) (answer, *Error, error) {
	a, isJSON := decode(r.body)
	e := a.said(r.status)
	code, hasCode := a.code()
	switch {
	case len(r.body) > maxFound:
		why := fmt.Sprintf("the query's answer has more than %d bytes", maxFound)
		return a, e, e.as(InDoubt, "answer_too_long", why)
	case r.status/100 == 2 && hasCode && code/100 == 2 && a.errorFree():
		return a, e, nil
	case r.status/100 == 2 && hasCode:
		return a, e, e.failure(code, r.header, r.body, now)
	case r.status/100 == 2 && isJSON:
		return a, e, e.as(InDoubt, "garbled_answer", "the query's answer has no code")
	case r.status/100 == 2:
		return a, e, e.as(InDoubt, "garbled_answer", "the query's answer is not whole JSON")
	}
	return a, e, e.failure(r.status, r.header, r.body, now)
}
