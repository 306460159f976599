package crm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// answer is the CRM's JSON. Every field comes in several types: code as number or
// string, error as text, null or object, data as object, list or nothing.
type answer struct {
	Code  json.RawMessage `json:"code"`
	Error json.RawMessage `json:"error"`
	Msg   json.RawMessage `json:"msg"`
	Data  json.RawMessage `json:"data"`
}

// classify decides what an answer means. It never says [Again] unless the answer is
// one of those that are known not to have been processed. Whatever names a case without
// being a success is in doubt: the case may exist, and be refused only in part.
func classify(status int, header http.Header, body []byte, now time.Time) (Created, error) {
	a, isJSON := decode(body)
	code, hasCode := a.code()
	success := status/100 == 2 && hasCode && code/100 == 2
	if id, prefix := a.ids(); success && id != "" && a.errorFree() && len(body) <= maxAnswer {
		return Created{WolkvoxID: id, IDPrefijo: prefix, HTTPStatus: status, Code: scalar(a.Code)}, nil
	}
	e := a.said(status)
	id, named := idsInText(body)
	e.WolkvoxID = id
	switch {
	case len(body) > maxAnswer:
		e.as(InDoubt, "answer_too_long", "the answer is longer than any the CRM gives")
	case success:
		e.as(InDoubt, "no_id", "the CRM answered without the id of a case")
	case status/100 == 3 && named:
		e.Location = header.Get("Location")
		e.as(Redirected, "contradictory_answer",
			"the server sent the request on to "+quoteOr(e.Location, "nowhere")+", and the answer names a case")
	case status/100 == 2 && isJSON && !hasCode:
		e.as(InDoubt, "unknown_answer", "the CRM's answer has no code")
	case status/100 == 2 && !isJSON:
		e.as(InDoubt, "garbled_answer", "the CRM's answer is not whole JSON")
	case named, hasCode && code/100 == 2:
		what := map[bool]string{true: "names a case", false: "says success"}[named]
		e.as(InDoubt, "contradictory_answer",
			fmt.Sprintf("the answer contradicts itself: HTTP says %d, its code is %q, and it %s", status, e.Code, what))
	case status/100 == 2, code/100 == 5: // whatever HTTP says
		e.failure(code, header, body, now)
	default:
		e.failure(status, header, body, now)
	}
	return Created{}, e
}

// failure reads a status that isn't a success, be it HTTP's or the answer's own.
func (e *Error) failure(status int, header http.Header, body []byte, now time.Time) *Error {
	said := strings.ToUpper(e.Message + " " + e.Reason)
	page := looksLikeHTML(body)
	e.foreign = !fromCRM(body)
	e.limited = status == 403 && limits.MatchString(said+" "+e.foreignWords(body, page))
	switch {
	case strings.Contains(said, "API YOU WANT TO CONSULT DOES NOT EXIST"), status == 404 && page, status == 405:
		return e.as(Misdirected, "wrong_server", "this server has no cases/insertAttach.php")
	case status == 301, status == 302, status == 303:
		e.Location = header.Get("Location")
		return e.as(Redirected, "redirected", "the server sent the request on to "+quoteOr(e.Location, "nowhere")+"; that was not followed")
	case status == 307, status == 308:
		e.Location = header.Get("Location")
		return e.as(Misdirected, "redirected", "the server wants the request at "+quoteOr(e.Location, "nowhere")+"; that was not followed")
	case status == 429:
		e.RetryAfter = retryAfter(header, now)
		return e.as(Again, "throttled", "the server asks for a pause")
	case status == 403 && strings.Contains(said, "SIMULTANEOUS REQUESTS"):
		e.RetryAfter = retryAfter(header, now)
		return e.as(TooMany, "too_many_at_once", "more requests at once than the token may have")
	case status == 403 && strings.Contains(said, "TOKEN LIMIT EXCEEDED"):
		return e.as(TokenSpent, "quota_spent", "the token's daily quota is spent")
	case status == 403 && strings.Contains(said, "VALIDATE TOKEN"):
		return e.as(TokenBad, "token_refused", "the CRM refuses the token")
	case e.limited && !page: // the words around a page's reason may be about anything
		e.RetryAfter = retryAfter(header, now)
		return e.as(Again, "throttled", "the server takes no more requests for now")
	case status == 401, status == 403:
		return e.as(TokenBad, "token_refused", "the CRM refuses the token")
	case refusals[status], e.foreign && (status == 406 || status == 451):
		return e.as(Refused, "refused", fmt.Sprintf("the CRM refused the case (HTTP %d)", status))
	}
	return e.as(InDoubt, "server_error", fmt.Sprintf("the server failed with status %d and may have made the case", status))
}

// refusals are the statuses after which no case exists.
var refusals = map[int]bool{400: true, 404: true, 411: true, 412: true, 413: true, 414: true, 415: true, 416: true, 417: true, 422: true, 431: true}

// limits are the words of a 403 that may be about how much an address sends. The vendor
// documents that there is such a limit, and not what it says.
var limits = regexp.MustCompile(`LIMIT|EXCEED|REQUESTS|\bIP\b`)

// headings are what a page says for people, leaving out styles and scripts.
var headings = regexp.MustCompile(`(?is)<(?:title|h1)[^>]*>([^<]*)`)

// foreignWords is the beginning of what something else than the CRM says, in capitals.
func (e *Error) foreignWords(body []byte, page bool) string {
	switch {
	case !e.foreign:
		return ""
	case page:
		body = bytes.Join(headings.FindAll(body[:min(len(body), 16<<10)], 4), []byte(" "))
	}
	return strings.ToUpper(string(body[:min(len(body), 1<<10)]))
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
	return &Error{Reason: scalar(a.Error), Message: scalar(a.Msg), Reply: Reply{HTTPStatus: status, Code: scalar(a.Code)}}
}

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

// scalar shows a JSON value as text: a string without its quotes, anything else as
// it stands, null and absence as "".
func scalar(raw json.RawMessage) string {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw): // nothing in it stands for something else
		return string(raw[1 : len(raw)-1])
	case json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}

// retryAfter reads seconds or a date; 0 is none given.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 24*3600)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), 24*time.Hour)
	}
	return 0
}

func looksLikeHTML(body []byte) bool {
	start := bytes.TrimSpace(body[:min(len(body), 512)])
	if !bytes.HasPrefix(start, []byte("<")) {
		return false
	}
	start = bytes.ToLower(start)
	return bytes.Contains(start, []byte("<!doctype")) || bytes.Contains(start, []byte("<html"))
}

func quoteOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return strconv.Quote(text)
}
