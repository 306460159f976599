package sandbox

import (
	"net/http"
	"strings"
)

// refusal is an answer that says no: nothing was created. Its text is the `msg`. It is an error, so
// that whoever finds a reason to say no returns it as one.
type refusal struct {
	name   string // in Stats.Answers
	status int
	text   string
}

// Error is what the client is told.
func (r refusal) Error() string { return r.text }

// These are the vendor's own words.
var (
	noSuchAPI         = refusal{"no-such-api", 400, "THE API YOU WANT TO CONSULT DOES NOT EXIST"}
	missingParameters = refusal{"missing-parameters", 400, "SOME PARAMETERS ARE REQUIRED"}
	tokenMissing      = refusal{"token-missing", 401, "PLEASE ENTER THE WOLKVOX-TOKEN"}
	tokenInvalid      = refusal{"token-invalid", 403, "PLEASE VALIDATE TOKEN"}
	quotaSpent        = refusal{"quota-spent", 403, "TOKEN LIMIT EXCEEDED"}
	simultaneous      = refusal{"simultaneous", 403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}
)

// The vendor documents neither codes nor wording for these: both are invented.
// A client must not depend on them.
var (
	wrongMethod    = refusal{"wrong-method", 405, "METHOD NOT ALLOWED"}
	wrongType      = refusal{"wrong-type", 415, "THE CONTENT TYPE MUST BE APPLICATION/JSON"}
	bodyTooLarge   = refusal{"body-too-large", 413, "THE REQUEST IS TOO LARGE"}
	notJSON        = refusal{"not-json", 400, "THE BODY IS NOT VALID JSON"}
	badForm        = refusal{"bad-form", 400, "THE FORM MUST BE AN OBJECT"}
	badAttachments = refusal{"bad-attachments", 400, "THE ATTACHMENTS MUST BE A LIST OF BASE64 STRINGS"}
	unknownContact = refusal{"unknown-contact", 404, "THE CONTACT DOES NOT EXIST"}
	unknownUser    = refusal{"unknown-user", 404, "THE USER DOES NOT EXIST"}
	unknownStatus  = refusal{"unknown-status", 404, "THE STATUS DOES NOT EXIST"}
	noSolution     = refusal{"no-solution", 412, "THE STATUS REQUIRES A SOLUTION"}
	unknownModule  = refusal{"unknown-module", 404, "THE MODULE DOES NOT EXIST"}
	unknownField   = refusal{"unknown-field", 404, "THE FIELD DOES NOT EXIST"}
	notSearchable  = refusal{"not-searchable", 400, "THE FIELD CAN'T BE SEARCHED"}
	badPattern     = refusal{"bad-pattern", 400, "THE REGULAR EXPRESSION IS INVALID"}
	throttled      = refusal{"throttled", 429, "TOO MANY REQUESTS"}
	serverError    = refusal{"server-error", 500, "INTERNAL SERVER ERROR"}
	logFailed      = refusal{"log-failed", 500, "THE SANDBOX CAN'T WRITE ITS LOG"}
)

// reason is what stands in `error` for a failure.
func reason(status int) string { return strings.ToUpper(http.StatusText(status)) }
