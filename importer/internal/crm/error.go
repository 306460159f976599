package crm

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Error is why an insert made no case that we know of, or a question got no answer. Reason and
// Message are the CRM's own error and msg if it gave them, and ours otherwise.
type Error struct {
	Class   Class
	Reason  string // short, for programs
	Message string
	Hint    string // what the person does next
	Reply          // zero if no answer came
	Err     error  // beneath; nil if there is none
	origin
}

// Reply is what an answer says apart from its words.
type Reply struct {
	HTTPStatus int
	Code       string        // the CRM's own code; "" if the answer has none
	RetryAfter time.Duration // as the server asks; 0 if it doesn't
	Location   string        // of a redirect
	WolkvoxID  string        // of a case that an answer in doubt names; it proves nothing
}

// origin is where an answer came from, and on what it came.
type origin struct {
	foreign bool // said by something before the CRM, or in place of it
	limited bool // a 403 that nobody knows, of how much is sent
	reused  bool // the request left on a connection that had carried another one
}

// Foreign tells whether the answer is not the CRM's own, but that of something before it, such
// as a firewall, or in place of it.
func (o origin) Foreign() bool { return o.foreign }

// RateLimited tells whether the answer is a 403 of unknown wording about how much is sent.
func (o origin) RateLimited() bool { return o.limited }

// Error is the message, with the HTTP status if there is one.
func (e *Error) Error() string {
	if e.HTTPStatus == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (HTTP %d)", e.Message, e.HTTPStatus)
}

// Unwrap is what lies beneath, such as an error of the network.
func (e *Error) Unwrap() error { return e.Err }

// MayBeProcessed tells whether the CRM has, or may have, worked on the request. Only then is its
// claim still to be settled, and only then the quota charged, as far as anybody knows.
func (e *Error) MayBeProcessed() bool {
	return e.Class == InDoubt || e.Class == Refused || e.Class == Redirected
}

// PutOff tells whether the CRM asks only for the same later, or fewer at once.
func (e *Error) PutOff() bool { return e.Class == Again || e.Class == TooMany }

// PutOff tells whether an error is the CRM's putting us off, after it has been waited for.
func PutOff(err error) bool {
	e := new(Error)
	return errors.As(err, &e) && e.PutOff()
}

// AboutToken tells whether the CRM has said so of the token by name. A 403 that nobody knows may
// as well be of the question that was asked.
func (e *Error) AboutToken() bool {
	switch e.Class {
	case TokenSpent:
		return true
	case TokenBad:
		return e.HTTPStatus == http.StatusUnauthorized || e.Code == "401" ||
			strings.Contains(strings.ToUpper(e.Message), "VALIDATE TOKEN")
	}
	return false
}

// Ambiguous tells whether the row alone may have been refused, for its text, if the answer
// by itself would be taken for one of the token or the server. A harmless question tells.
func (e *Error) Ambiguous() bool {
	switch e.Class {
	case Refused, Misdirected:
		return e.foreign && e.Location == ""
	case TokenBad:
		return !e.AboutToken()
	}
	return false
}

// LostOnReused tells whether a connection that had carried another request ended before a whole
// answer to this one was there, and not because we gave up waiting.
func (e *Error) LostOnReused() bool {
	gaveUp := errors.Is(e.Err, errNoReply) || errors.Is(e.Err, errStalled)
	return e.Class == InDoubt && e.reused && e.Reason == "no_answer" && !gaveUp
}

// Reclassified is another error for the same answer.
func (e *Error) Reclassified(c Class, reason, message string) *Error {
	other := because(c, reason, nil, message)
	other.HTTPStatus, other.Code = e.HTTPStatus, e.Code
	other.foreign, other.limited = e.foreign, e.limited
	return other
}

// as settles what the error means. The CRM's own words stay if it refused something. If it is in
// doubt what it did, ours come first: "created" from a server that failed proves nothing.
func (e *Error) as(c Class, reason, message string) *Error {
	e.Class, e.Hint = c, c.Hint()
	if r := strings.TrimSpace(e.Reason); r == "" || strings.EqualFold(r, "null") {
		e.Reason = reason
	}
	theirs := cut(strings.TrimSpace(e.Message))
	switch {
	case theirs == "" || c == Redirected || e.Location != "":
		e.Message = message
	case c == InDoubt:
		e.Message = fmt.Sprintf("%s (it said %q)", message, theirs)
	default:
		e.Message = theirs
	}
	return e
}

// maxMessage bounds what is kept of the CRM's words, in characters.
const maxMessage = 500

// cut bounds a message. It cuts between words if it can, so that no half of a token is
// left that would not be recognised as one.
func cut(message string) string {
	r := []rune(message)
	if len(r) <= maxMessage {
		return message
	}
	message = string(r[:maxMessage])
	if blank := strings.LastIndexAny(message, " \t\n"); blank > 0 {
		message = message[:blank]
	}
	return message + "…"
}

// TooManyFiles tells whether an error says that no more files or connections can be open.
func TooManyFiles(err error) bool {
	return slices.ContainsFunc(tooManyFiles, func(no error) bool { return errors.Is(err, no) })
}

// NoMoreFiles is what the person is told then, with the hint.
func NoMoreFiles(err error) *Error {
	return because(Unable, "too_many_open_files", err, fmt.Sprintf("too many open files: %v", err))
}

// lost classifies a request that got no whole answer. That net/http reports the body as written, or
// as not written, says nothing: a socket buffer takes a megabyte that never arrives. Only headers
// that were never written prove that nothing left.
func lost(err error, headersLeft bool) *Error {
	var file *FileError
	var away *notLoopbackError
	switch {
	case headersLeft && errors.As(err, &file):
		return because(InDoubt, "file_changed", err, "the upload broke off: "+file.Error())
	case headersLeft:
		return because(InDoubt, "no_answer", err, fmt.Sprintf("the request was sent and no answer came: %v", err))
	case errors.As(err, &away):
		return because(Misdirected, "not_sent", err, away.Error())
	case TooManyFiles(err):
		return NoMoreFiles(err)
	}
	return because(Unsent, "not_sent", err, fmt.Sprintf("the server can't be reached: %v", err))
}

// because is an error of ours, such as one of the network.
func because(c Class, reason string, err error, message string) *Error {
	return &Error{Class: c, Reason: reason, Message: message, Hint: c.Hint(), Err: err}
}
