package crm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	queryPath   = "/server/API/v2/cases/queryCases.php"
	contactPath = "/server/API/v2/custom/query.php"
)

// The fields by which cases are asked for.
const (
	ByDescription = "description"
	ByContact     = "email contact"
	ByID          = "wolkvox-id"
)

// maxFound bounds the answer to a query, in bytes.
const maxFound = 64 << 20

// Found is a case as the CRM shows it.
type Found struct {
	WolkvoxID   string
	IDPrefijo   string
	Description string
	Fields      map[string]any // all of it, by the names that queries use; numbers are json.Number
}

// Query asks for the cases whose field has that value. Whether a part of a value is
// enough, the vendor doesn't say. Unlike an insert it may be repeated: its error, an
// *Error, means that nothing is known. An answer in which cases don't show their ids
// or descriptions is an error, since nothing could be told by them.
func (c *Client) Query(ctx context.Context, token, operation, field, value string) (found []Found, err error) {
	defer hide(token, &err)
	status, header, answer, err := c.post(ctx, token, queryPath, map[string]string{"operation": operation, "field": field, "value": value})
	if err != nil {
		return nil, err
	}
	a, e, err := readAnswer(status, header, answer, time.Now())
	if err != nil {
		return nil, err
	}
	return a.found(e)
}

// HasContact asks whether a contact with that e-mail address exists. Its error is that of
// Query.
func (c *Client) HasContact(ctx context.Context, token, operation, address string) (has bool, err error) {
	defer hide(token, &err)
	status, header, answer, err := c.post(ctx, token, contactPath, map[string]string{"operation": operation, "module": "contacts", "field": "emailcontact", "value": address})
	if err != nil {
		return false, err
	}
	a, _, err := readAnswer(status, header, answer, time.Now())
	if err != nil {
		return false, err
	}
	switch data := string(bytes.TrimSpace(a.Data)); data {
	case "", "null", `""`, "{}", "[]":
		return false, nil
	}
	return true, nil
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
		return 0, nil, nil, &Error{Verdict: Unsent, Reason: "no_answer", Message: fmt.Sprintf("the query got no answer: %v", cause(ctx, err)), Hint: hints[Unsent], Err: err}
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxFound+1))
	if err != nil {
		return 0, nil, nil, &Error{Verdict: Unsent, HTTPStatus: response.StatusCode, Reason: "no_answer", Message: fmt.Sprintf("the query's answer broke off: %v", cause(ctx, err)), Hint: hints[Unsent], Err: err}
	}
	return response.StatusCode, response.Header, answer, nil
}

// readAnswer returns a good answer, and an *Error with what it says for those that find
// it of no use; or the error.
func readAnswer(status int, header http.Header, body []byte, now time.Time) (answer, *Error, error) {
	a, isJSON := decode(body)
	e := &Error{HTTPStatus: status, Code: scalar(a.Code), Reason: scalar(a.Error), Message: scalar(a.Msg)}
	code, hasCode := a.code()
	switch {
	case len(body) > maxFound:
		return a, e, e.verdict(InDoubt, "answer_too_long", fmt.Sprintf("the query's answer has more than %d bytes", maxFound))
	case status/100 == 2 && hasCode && code/100 == 2 && a.errorFree():
		return a, e, nil
	case status/100 == 2 && hasCode:
		return a, e, e.failure(code, header, body, now)
	case status/100 == 2:
		return a, e, e.verdict(InDoubt, "garbled_answer", map[bool]string{true: "the query's answer has no code", false: "the query's answer is not whole JSON"}[isJSON])
	}
	return a, e, e.failure(status, header, body, now)
}

// found reads the list of cases: a list, or one case alone, or nothing.
func (a answer) found(e *Error) ([]Found, error) {
	type shown struct {
		ID          json.RawMessage `json:"wolkvox_id"`
		OtherID     json.RawMessage `json:"wolkvox-id"`
		Prefix      json.RawMessage `json:"idPrefijo"`
		Description *string         `json:"description"`
	}
	var list []json.RawMessage
	switch data := bytes.TrimSpace(a.Data); {
	case len(data) == 0, string(data) == "null", string(data) == `""`, string(data) == "{}":
		return nil, nil
	case data[0] == '[':
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, e.verdict(InDoubt, "unknown_answer", "the query's answer has no list of cases")
		}
	default:
		list = append(list, data)
	}
	var cases []Found
	for _, data := range list {
		var s shown
		f := Found{Fields: map[string]any{}}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if json.Unmarshal(data, &s) != nil || d.Decode(&f.Fields) != nil {
			return nil, e.verdict(InDoubt, "unknown_answer", "the query's answer has no list of cases")
		}
		if f.WolkvoxID, f.IDPrefijo = idText(s.ID), idText(s.Prefix); f.WolkvoxID == "" {
			f.WolkvoxID = idText(s.OtherID)
		}
		if f.WolkvoxID == "" || s.Description == nil {
			return nil, e.verdict(InDoubt, "unknown_answer", "the CRM shows cases without their ids or descriptions")
		}
		f.Description = *s.Description
		cases = append(cases, f)
	}
	return cases, nil
}

// Marked reports whether the marker is, as a whole, the last line of the description.
// A marker within a line, or in a quoted reply above the last, is another case's.
func (f Found) Marked(marker string) bool {
	lines := strings.Split(strings.TrimRight(f.Description, " \t\r\n"), "\n")
	return marker != "" && strings.TrimSpace(lines[len(lines)-1]) == strings.TrimSpace(marker)
}
