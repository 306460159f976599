package crm

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verdict is what the caller does next about a case that was not created.
type Verdict int

const (
	InDoubt     Verdict = iota // the case may exist: never send it again without proof
	Unsent                     // no byte of the request left: send it again
	Again                      // not processed: send it again after a pause, and everything else more slowly
	TooMany                    // not processed: send it again, with fewer of this token's at once
	Refused                    // the CRM refused this case; others may go on
	TokenSpent                 // not processed: this token rests until its quota is renewed
	TokenBad                   // not processed: this token is no good
	Misdirected                // not processed: this is not the CRM, or not its address: stop the run
	Redirected                 // in doubt, and not the CRM's address: stop the run
	Unable                     // not sent: this machine lacks something: stop the run
)

var verdictNames = [...]string{"in doubt", "unsent", "again", "too many", "refused", "token spent", "token bad", "misdirected",
	"redirected", "unable"}

func (v Verdict) String() string { return verdictNames[v] }

// Error is why an insert made no case that we know of. Code, Reason and Message are
// the CRM's own code, error and msg where it gave them, and ours elsewhere.
type Error struct {
	Verdict    Verdict
	HTTPStatus int // 0 where no answer came
	Code       string
	Reason     string
	Message    string
	Hint       string        // what to do next
	RetryAfter time.Duration // as the server asks; 0 where it doesn't
	Location   string        // of a redirect
	WolkvoxID  string        // of a case that an answer in doubt names; it proves nothing
	Err        error         // beneath, where there is one

	foreign bool // said by something before the CRM, or in place of it
	limited bool // a 403 that nobody knows, of how much is sent
	reused  bool // the request left on a connection that had carried another one
}

func (e *Error) Error() string {
	if e.HTTPStatus == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (HTTP %d)", e.Message, e.HTTPStatus)
}

func (e *Error) Unwrap() error { return e.Err }

// landed tells whether the CRM has, or may have, worked on the request. Only then is its
// claim still to be settled, and only then the quota charged, as far as anybody knows.
func (e *Error) landed() bool {
	return e.Verdict == InDoubt || e.Verdict == Refused || e.Verdict == Redirected
}

// putOff tells whether the CRM asks only for the same later, or fewer at once.
func (e *Error) putOff() bool { return e.Verdict == Again || e.Verdict == TooMany }

// PutOff tells whether an error is the CRM's putting us off, after it has been waited for.
func PutOff(err error) bool {
	e := new(Error)
	return errors.As(err, &e) && e.putOff()
}

// ofToken tells whether the CRM has said so of the token by name. A 403 that nobody knows may
// as well be of the question that was asked.
func (e *Error) ofToken() bool {
	switch e.Verdict {
	case TokenSpent:
		return true
	case TokenBad:
		return e.HTTPStatus == http.StatusUnauthorized || e.Code == "401" || strings.Contains(strings.ToUpper(e.Message), "VALIDATE TOKEN")
	}
	return false
}

// unsure tells whether the row alone may have been refused, for its text, where the answer
// by itself would be taken for one of the token or the server. A harmless question tells.
func (e *Error) unsure() bool {
	switch e.Verdict {
	case Refused, Misdirected:
		return e.foreign && e.Location == ""
	case TokenBad:
		return !e.ofToken()
	}
	return false
}

// brokeOff tells whether the connection ended before a whole answer was there, and not our
// patience.
func (e *Error) brokeOff() bool {
	return e.Reason == "no_answer" && !errors.Is(e.Err, errNoReply) && !errors.Is(e.Err, errStalled)
}

// verdict settles what the error means. The CRM's own words stay where it refused
// something; where it is in doubt what it did, ours come first.
func (e *Error) verdict(v Verdict, reason, message string) *Error {
	e.Verdict, e.Hint = v, hints[v]
	if r := strings.TrimSpace(e.Reason); r == "" || strings.EqualFold(r, "null") {
		e.Reason = reason
	}
	theirs := cut(strings.TrimSpace(e.Message))
	switch {
	case theirs == "" || v == Redirected || e.Location != "":
		e.Message = message
	case v == InDoubt:
		e.Message = fmt.Sprintf("%s (it said %q)", message, theirs)
	default:
		e.Message = theirs
	}
	return e
}

// maxMessage bounds what is kept of the CRM's words, in characters.
const maxMessage = 500

// cut bounds a message. It cuts between words where it can, so that no half of a token is
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

var hints = map[Verdict]string{
	InDoubt:     "look at the CRM whether the case exists; it is never sent again by itself",
	Unsent:      "check the server's name and the network, then run the same command again",
	Again:       "run the same command again later, or with fewer workers",
	TooMany:     "run the same command again with fewer workers; is another program using the token?",
	Refused:     "mend the row in rejects.csv, or create at the CRM what is missing, and import it again",
	TokenSpent:  "run the same command again when the quota is renewed, or with another token",
	TokenBad:    "check WOLKVOX_TOKEN or the token file, and that the operation is the token's own",
	Misdirected: "check --server: it should be the CRM's host, such as crm.wolkvox.com",
	Redirected:  "check --server: it should be the CRM's host, such as crm.wolkvox.com",
	Unable:      "raise ulimit -n or use fewer --workers, then run the same command again",
}

// TooManyFiles tells whether an error says that no more files or connections can be open.
func TooManyFiles(err error) bool {
	return slices.ContainsFunc(tooManyFiles, func(no error) bool { return errors.Is(err, no) })
}

// NoMoreFiles is what the person is told then, with the hint.
func NoMoreFiles(err error) *Error {
	return because(Unable, "too_many_open_files", err, fmt.Sprintf("too many open files: %v", err))
}

// lost classifies a request that got no whole answer.
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

func because(v Verdict, reason string, err error, message string) *Error {
	return &Error{Verdict: v, Reason: reason, Message: message, Hint: hints[v], Err: err}
}
