package submit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

const (
	// mostEqualRefusals is how many rows in a row may be refused with the same words about no
	// field, before it is taken for the mapping's or the server's fault.
	mostEqualRefusals = 20

	// mostForeign is how many rows may be refused by something before the CRM, with none
	// created between them, before that is taken for the wrong server.
	mostForeign = 5
)

// refusals notices that it isn't the rows that are refused. Its zero value is ready.
type refusals struct {
	mu      sync.Mutex
	last    refusal
	equal   int // times in a row
	foreign int // refused before the CRM, since a row was created
}

// refusal is how a row was refused. Two are equal if all of it is.
type refusal struct {
	status                int
	code, reason, message string
}

// note takes in what became of a row, and returns why the run should stop, or nil. A row that
// an earlier run found refused already tells nothing new: if it counted, the same rows could
// stop the run every night.
func (f *refusals) note(o *reports.Outcome, t *Task) *stop.Halt {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case o.Status == reports.Created:
		f.equal, f.foreign = 0, 0
	case o.Status != reports.Rejected, t.Refused:
	case o.Error == pace.RefusedBefore:
		if f.foreign++; f.foreign == mostForeign {
			return &stop.Halt{
				Status: stop.Stopped,
				Why: fmt.Sprintf("wrong server: %d rows were refused by something before the CRM (HTTP %d), "+
					"and none was created between them", f.foreign, o.HTTPStatus),
				Hint: "check --server, and what stands between here and the CRM; then run the same command again",
			}
		}
	default:
		this := refusal{o.HTTPStatus, o.Code, o.Error, o.Message}
		if this != f.last {
			f.last, f.equal = this, 0
		}
		if f.equal++; f.equal >= mostEqualRefusals && !namesField(o.Message, t.Case.JSON) {
			return &stop.Halt{
				Status: stop.Stopped,
				Why: fmt.Sprintf("the CRM refused %d rows in a row with the same words, "+
					"about no field of theirs: %s", f.equal, o.Message),
				Hint: "look at what is sent of one of them (wolkvox-import explain), and mend the mapping; " +
					"then run the same command again",
			}
		}
	}
	return nil
}

// fields are the words by which a refusal may name a field of a row. The CRM's own are not
// documented.
var fields = regexp.MustCompile(`(?i)\b(contact|user|agent|owner|responsible|status|type|priority|solution|form|` +
	`attachment|file|base64|description|e-?mail|contacto|usuario|agente|propietario|responsable|estado|tipo|` +
	`prioridad|soluci[oó]n|formulario|adjunto|archivo|descripci[oó]n|correo)(e?s)?\b`)

// namesField tells whether a message is about a field, one of the form's own among them. Such a
// refusal is the rows' fault: twenty with the same unknown contact are no reason to stop.
func namesField(message string, object []byte) bool {
	if fields.MatchString(message) {
		return true
	}
	var c struct {
		Form map[string]json.RawMessage `json:"form"`
	}
	_ = json.Unmarshal(object, &c) // it was made here
	for name := range c.Form {
		if hasWords(strings.ToLower(message), strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// hasWords tells whether a text has these words as a whole: a field ID is not named by "invalid".
func hasWords(text, words string) bool {
	for rest := text; words != ""; {
		before, after, found := strings.Cut(rest, words)
		if !found {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(after)
		if !inWord(last) && !inWord(next) {
			return true
		}
		rest = after
	}
	return false
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
