package crm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
)

// answer is the CRM's JSON. Every field comes in several types: code as number or
// string, error as text, null or object, data as object, list or nothing.
type answer struct {
	Code  json.RawMessage `json:"code"`
	Error json.RawMessage `json:"error"`
	Msg   json.RawMessage `json:"msg"`
	Data  json.RawMessage `json:"data"`
}

// fromCRM tells whether an answer is the CRM's own, and not that of something before it.
func fromCRM(body []byte) bool {
	a, _ := decode(body)
	_, hasCode := a.code()
	return hasCode
}

// decode finds the answer's JSON, also behind PHP warnings: the first { from which
// on everything is one JSON value. An answer that begins as JSON must be JSON as a
// whole, or the inner half of one that was cut would be taken for it. The tries are
// bounded, since a page of scripts has thousands of braces.
func decode(body []byte) (a answer, ok bool) {
	rest := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if looksLikeHTML(rest) { // what a page's scripts say is nobody's answer
		return answer{}, false
	}
	tries := 64
	if bytes.HasPrefix(rest, []byte("{")) {
		tries = 1
	}
	for range tries {
		at := bytes.IndexByte(rest, '{')
		if at < 0 {
			return answer{}, false
		}
		rest = rest[at:]
		if json.Unmarshal(rest, &a) == nil {
			return a, true
		}
		rest = rest[1:]
	}
	return answer{}, false
}

// said is an error with the CRM's own words, which has no class yet.
func (a answer) said(status int) *Error {
	return &Error{Reason: scalar(a.Error), Message: scalar(a.Msg),
		Reply: Reply{HTTPStatus: status, Code: scalar(a.Code)}}
}

// code is a whole number, in quotes or without.
func (a answer) code() (int, bool) {
	code, err := strconv.Atoi(strings.TrimSpace(scalar(a.Code)))
	return code, err == nil
}

// errorFree accepts what means "no error": nothing, null, the texts null and "", and
// an empty object or list.
func (a answer) errorFree() bool {
	switch strings.ToLower(strings.TrimSpace(scalar(a.Error))) {
	case "", "null", "{}", "[]":
		return true
	}
	return false
}

// ids returns the new case's ids, of an object or of the only one in a list.
func (a answer) ids() (id, prefix string) {
	type ids struct {
		ID     json.RawMessage `json:"wolkvox_id"`
		Prefix json.RawMessage `json:"idPrefijo"`
	}
	var one ids
	if json.Unmarshal(a.Data, &one) != nil {
		var list []ids
		if json.Unmarshal(a.Data, &list) == nil && len(list) == 1 {
			one = list[0]
		}
	}
	if prefix = idText(one.Prefix); len(prefix) > longestID || strings.ContainsFunc(prefix, unicode.IsControl) {
		prefix = ""
	}
	return caseID(one.ID), prefix
}

// idText returns a text that people know a case by, which is never blank.
func idText(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	text := strings.TrimSpace(scalar(raw))
	if strings.EqualFold(text, "null") {
		return ""
	}
	return text
}

// looksLikeHTML tells whether an answer is a page, and not PHP's warnings before the JSON.
func looksLikeHTML(body []byte) bool {
	start := bytes.TrimSpace(body[:min(len(body), 512)])
	if !bytes.HasPrefix(start, []byte("<")) {
		return false
	}
	start = bytes.ToLower(start)
	return bytes.Contains(start, []byte("<!doctype")) || bytes.Contains(start, []byte("<html"))
}
