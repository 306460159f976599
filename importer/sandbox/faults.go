package sandbox

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Faults says how the CRM goes wrong. The upper fields are probabilities from 0 to 1
// that an insert meets the fault; it meets one at most, the first of the table that
// comes up. The zero value is a CRM that does not go wrong.
type Faults struct {
	ResetBefore   float64 // connection reset before the body is read
	Throttled     float64 // 429 with Retry-After in seconds, not created
	ThrottledDate float64 // 429 with Retry-After as a date, not created
	Simultaneous  float64 // 403 as for too many requests in flight, not created
	Gateway       float64 // an HTML page with status 502, not created
	ErrorBefore   float64 // 500, not created
	FailingCode   float64 // HTTP status 200 with a code of failure, not created
	ResetAfter    float64 // created, then the connection is reset
	ErrorAfter    float64 // created, then 500
	Truncated     float64 // created, the JSON of the answer cut short
	BlankID       float64 // created, blank ids in the answer
	Warning       float64 // created, a PHP warning before the JSON
	SameID        float64 // created, the id in the answer the same for all
	CodeAndID     float64 // created, a code of failure beside the id
	StatusAndID   float64 // created, an HTTP status of failure with the id
	Late          float64 // created, answered LateBy afterwards
	Slow          float64 // created only after SlowBy, whether or not the client still waits
	ResetSlow     float64 // connection reset, and created SlowBy after that

	LateBy     time.Duration // 0: 3 s
	SlowBy     time.Duration // 0: 3 s
	RetryAfter time.Duration // of the throttled, in whole seconds rounded up; 0: 1 s

	StringCode     bool   // every `code` is a string
	RedirectTo     string // if not empty, every request to the API is redirected to this URL
	RedirectStatus int    // 0: 307
}

// FaultFlag is a probability as a command line offers it.
type FaultFlag struct {
	Name, Usage string
	Value       *float64 // in the Faults that were asked
}

// Flags lists the probabilities of f, each with the name and the usage of its flag.
func (f *Faults) Flags() []FaultFlag {
	flags := make([]FaultFlag, len(faults))
	for i, fault := range faults {
		flags[i] = FaultFlag{Name: "p-" + fault.name, Usage: "probability of " + fault.usage, Value: fault.chance(f)}
	}
	return flags
}

// withDefaults has the times and the status that a zero stands for.
func (f Faults) withDefaults() Faults {
	f.LateBy = cmp.Or(f.LateBy, 3*time.Second)
	f.SlowBy = cmp.Or(f.SlowBy, 3*time.Second)
	f.RetryAfter = cmp.Or(f.RetryAfter, time.Second)
	f.RedirectStatus = cmp.Or(f.RedirectStatus, http.StatusTemporaryRedirect)
	return f
}

// fault is one way to go wrong.
type fault struct {
	name   string // of the flag after "p-", and of the answer in Stats
	usage  string
	when   moment
	chance func(*Faults) *float64
	answer func(*Faults, Case) answer // Case is its zero value if none is created before the answer
}

// moment is when a fault strikes. Before the case is created a client loses nothing by sending the
// case again; after it, a second case would be made.
type moment int

const (
	onArrival  moment = iota // the body is not read
	instead                  // the body is read, no case is created
	afterwards               // the case is created first
	lately                   // the case is created, and answered LateBy afterwards
	slowly                   // the case is created, SlowBy later than usual
	behind                   // it is created SlowBy after the answer
)

// faults is the table of them, in the order in which they are drawn. Inserting a line shifts which
// faults the requests after it meet by a given seed.
var faults = []fault{
	{"reset-before", "a reset before the body is read", onArrival,
		func(f *Faults) *float64 { return &f.ResetBefore }, hangUp},
	{"throttled", "429 with Retry-After in seconds; not created", instead,
		func(f *Faults) *float64 { return &f.Throttled }, retryInSeconds},
	{"throttled-date", "429 with Retry-After as a date; not created", instead,
		func(f *Faults) *float64 { return &f.ThrottledDate }, retryAtDate},
	{"simultaneous", "403, too many requests in flight; not created", instead,
		func(f *Faults) *float64 { return &f.Simultaneous }, refuseWith(simultaneous)},
	{"gateway", "an HTML page with status 502; not created", instead,
		func(f *Faults) *float64 { return &f.Gateway }, gatewayPage},
	{"error-before", "500; not created", instead,
		func(f *Faults) *float64 { return &f.ErrorBefore }, refuseWith(serverError)},
	{"failing-code", "HTTP status 200 with a code of failure; not created", instead,
		func(f *Faults) *float64 { return &f.FailingCode }, failingCode},
	{"reset-after", "a reset once the case is created", afterwards,
		func(f *Faults) *float64 { return &f.ResetAfter }, hangUp},
	{"error-after", "500 once the case is created", afterwards,
		func(f *Faults) *float64 { return &f.ErrorAfter }, refuseWith(serverError)},
	{"truncated", "an answer that is cut short; created", afterwards,
		func(f *Faults) *float64 { return &f.Truncated }, truncated},
	{"blank-id", "an answer with blank ids; created", afterwards,
		func(f *Faults) *float64 { return &f.BlankID }, blankIDs},
	{"warning", "a PHP warning before the answer; created", afterwards,
		func(f *Faults) *float64 { return &f.Warning }, warning},
	{"same-id", "an answer with the same id for all, as from a cache; created", afterwards,
		func(f *Faults) *float64 { return &f.SameID }, sameID},
	{"code-and-id", "HTTP status 200 with a code of failure and the id; created", afterwards,
		func(f *Faults) *float64 { return &f.CodeAndID }, codeAndID},
	{"status-and-id", "an HTTP status of failure with the id; created", afterwards,
		func(f *Faults) *float64 { return &f.StatusAndID }, statusAndID},
	{"late", "an answer that comes late; created at once", lately,
		func(f *Faults) *float64 { return &f.Late }, success},
	{"slow", "a case that is created late, then answered", slowly,
		func(f *Faults) *float64 { return &f.Slow }, success},
	{"reset-slow", "a reset, and a case that is created late", behind,
		func(f *Faults) *float64 { return &f.ResetSlow }, hangUp},
}

// sound is the fault of a request that meets none.
var sound = fault{name: "created", when: afterwards, answer: success}

// misfortunes are the faults of a CRM, and how it is left to chance which of them a request meets.
type misfortunes struct {
	Faults
	dice *dice
}

// draw picks the fault that a request meets.
func (m *misfortunes) draw() fault {
	for _, fault := range faults {
		if m.dice.happens(*fault.chance(&m.Faults)) {
			return fault
		}
	}
	return sound
}

// strike answers as the fault wants it, under its name.
func (f *Faults) strike(by fault, k Case) answer {
	a := by.answer(f, k)
	a.name = by.name
	return a
}

// without strikes a request of which no case has been made.
func (f *Faults) without(by fault) answer { return f.strike(by, Case{}) }

// style is how answers are written.
func (f *Faults) style() style { return style{stringCode: f.StringCode} }

// redirect is the answer to every request, if they are to be redirected.
func (f *Faults) redirect() (a answer, redirected bool) {
	return answer{name: "redirected", status: f.RedirectStatus,
		header: map[string]string{"Content-Type": "text/html", "Location": f.RedirectTo}}, f.RedirectTo != ""
}

// success is the answer of a CRM that works.
func success(f *Faults, k Case) answer { return f.style().created(k.ids()) }

// blankIDs answers as the sample in the vendor's documentation does.
func blankIDs(f *Faults, _ Case) answer {
	return f.style().created(map[string]string{"wolkvox_id": " ", "idPrefijo": " "})
}

// hangUp resets the connection without an answer.
func hangUp(*Faults, Case) answer { return answer{reset: true} }

// refuseWith answers as if the refusal were meant.
func refuseWith(r refusal) func(*Faults, Case) answer {
	return func(f *Faults, _ Case) answer { return f.style().refused(r) }
}

// failingCode says by its code alone that nothing was created.
func failingCode(f *Faults, _ Case) answer {
	a := f.style().refused(missingParameters)
	a.status = http.StatusOK
	return a
}

// retryInSeconds rounds up: a client that comes a moment too early would be put off again.
func retryInSeconds(f *Faults, _ Case) answer {
	seconds := (f.RetryAfter + time.Second - 1) / time.Second
	return f.throttle(strconv.Itoa(int(seconds)))
}

// retryAtDate adds a second, which the format cuts off again.
func retryAtDate(f *Faults, _ Case) answer {
	at := time.Now().Add(f.RetryAfter + time.Second)
	return f.throttle(at.UTC().Format(http.TimeFormat))
}

// throttle asks for a pause.
func (f *Faults) throttle(retryAfter string) answer {
	a := f.style().refused(throttled)
	a.header = map[string]string{"Retry-After": retryAfter}
	return a
}

// gatewayPage is what a proxy says if PHP doesn't answer.
func gatewayPage(*Faults, Case) answer {
	return answer{status: http.StatusBadGateway, header: map[string]string{"Content-Type": "text/html"},
		body: []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")}
}

// truncated is cut in the middle, with the length of what is left: no error of the connection
// gives it away.
func truncated(f *Faults, k Case) answer {
	a := success(f, k)
	a.body = a.body[:len(a.body)/2]
	return a
}

// warning has what PHP prints before the JSON, with display_errors on.
func warning(f *Faults, k Case) answer {
	a := success(f, k)
	const text = "<br />\n<b>Warning</b>:  Undefined array key \"form\" " +
		"in <b>insertAttach.php</b> on line <b>212</b><br />\n"
	a.body = append([]byte(text), a.body...)
	return a
}

// sameID answers with the first case's ids, as it were.
func sameID(f *Faults, k Case) answer {
	prefix := strings.TrimSuffix(k.Prefix, k.number())
	return f.style().created(map[string]string{"wolkvox_id": "5f0000000000000000000001", "idPrefijo": prefix + "1"})
}

// failures are the statuses that take turns if an answer contradicts itself.
var failures = []refusal{missingParameters, unknownContact, noSolution, throttled, quotaSpent, simultaneous,
	serverError}

// codeAndID says in one answer that the case was refused and which one it is.
func codeAndID(f *Faults, k Case) answer {
	a := f.style().refusedWith(failures[k.turn()%len(failures)], k.ids())
	a.status = http.StatusOK
	return a
}

// statusAndID has a success in the body and a failure in the HTTP status.
func statusAndID(f *Faults, k Case) answer {
	a := success(f, k)
	a.status = failures[k.turn()%len(failures)].status
	return a
}
