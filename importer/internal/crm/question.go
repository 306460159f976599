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

// list asks a question whose answer is a list. The *Error is for who finds the list of no use.
func (c *Client) list(ctx context.Context, token, path string, question map[string]string) (listing, *Error, error) {
	status, header, body, err := c.post(ctx, token, path, question)
	if err != nil {
		return listing{}, nil, err
	}
	a, e, err := readAnswer(status, header, body, time.Now())
	if noHits := new(Error); errors.As(err, &noHits) && noHits.Class == Refused && noHits.saysNotFound() {
		return listing{}, e, nil
	} else if err != nil {
		return listing{}, nil, err
	}
	l, ok := readList(body, a.Data)
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
func (c *Client) post(ctx context.Context, token, path string, question map[string]string) (status int, header http.Header, answer []byte, err error) {
	body, err := json.Marshal(question)
	if err != nil {
		return 0, nil, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Server.url(path), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("the query can't be made: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	return c.ask(request, token)
}

// ask sends a question, which unlike an insert may be repeated.
func (c *Client) ask(request *http.Request, token string) (status int, header http.Header, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(request.Context(), c.config.Timeout)
	defer cancel()
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.config.UserAgent)
	request.Header["Wolkvox-Token"] = []string{token}
	response, err := c.send(request.WithContext(ctx))
	if err != nil {
		return 0, nil, nil, because(Unsent, "no_answer", err, fmt.Sprintf("the query got no answer: %v", cause(ctx, err)))
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxFound+1))
	if err != nil {
		e := because(Unsent, "no_answer", err, fmt.Sprintf("the query's answer broke off: %v", cause(ctx, err)))
		e.HTTPStatus = response.StatusCode
		return 0, nil, nil, e
	}
	return response.StatusCode, response.Header, answer, nil
}

// readAnswer returns a good answer, and an *Error with what it says for those that find
// it of no use; or the error.
func readAnswer(status int, header http.Header, body []byte, now time.Time) (answer, *Error, error) {
	a, isJSON := decode(body)
	e := a.said(status)
	code, hasCode := a.code()
	switch {
	case len(body) > maxFound:
		return a, e, e.as(InDoubt, "answer_too_long", fmt.Sprintf("the query's answer has more than %d bytes", maxFound))
	case status/100 == 2 && hasCode && code/100 == 2 && a.errorFree():
		return a, e, nil
	case status/100 == 2 && hasCode:
		return a, e, e.failure(code, header, body, now)
	case status/100 == 2:
		return a, e, e.as(InDoubt, "garbled_answer", map[bool]string{true: "the query's answer has no code", false: "the query's answer is not whole JSON"}[isJSON])
	}
	return a, e, e.failure(status, header, body, now)
}
