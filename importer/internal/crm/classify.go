package crm

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds an answer to an insert, in bytes. The CRM's have a few hundred.
const maxAnswer = 256 << 10

// Created is the answer to a successful insert.
type Created struct {
	WolkvoxID  string // 24 hex digits in real data
	IDPrefijo  string // the number that people see
	HTTPStatus int
	Code       string // the answer's own code, normally 200
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

// failure reads a status that isn't a success, be it HTTP's or the answer's own. The vendor's words
// come before the status: throttling, a spent quota and a bad token are all 403 and differ only in
// them. They are compared in capitals, and as parts of what is said. What isn't listed is in doubt.
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
		return e.as(Redirected, "redirected",
			"the server sent the request on to "+quoteOr(e.Location, "nowhere")+"; that was not followed")
	case status == 307, status == 308:
		e.Location = header.Get("Location")
		return e.as(Misdirected, "redirected",
			"the server wants the request at "+quoteOr(e.Location, "nowhere")+"; that was not followed")
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
	return e.as(InDoubt, "server_error",
		fmt.Sprintf("the server failed with status %d and may have made the case", status))
}

// refusals are the statuses after which no case exists.
var refusals = map[int]bool{400: true, 404: true, 411: true, 412: true, 413: true, 414: true, 415: true,
	416: true, 417: true, 422: true, 431: true}

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

// quoteOr shows what a server sent, with whatever is in it made visible.
func quoteOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return strconv.Quote(text)
}
