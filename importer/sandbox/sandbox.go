// Package sandbox is a simulated Wolkvox CRM, for rehearsals without an account and
// for tests. It is an [http.Handler] that answers as the real one is known to, keeps
// what it accepted, and goes wrong on purpose where it is asked to.
//
//	request ─► token, limits ─► body ─► quota ─► rules ─► case kept ─► answer
//	      │                        │                           │
//	  reset-before     throttled, gateway, error-before…    reset-after, truncated…
//
// Its rules:
//
//   - It shares no code with the client that is tried against it, so that a mistake
//     in one is not repeated in the other.
//   - A case that it accepted is kept, whatever became of the answer: [CRM.Cases]
//     and [CRM.Stats] say what happened at the CRM, not what the client was told.
//   - Attachments are hashed as they pass and are never held; all else that it holds is
//     bounded (bounds.go).
//   - A request meets one fault at most, and the faults are one table (faults.go).
//     What happens to cases and answers to questions apart from that are groups of the
//     [Config]: how questions are answered (queries.go), what is kept of a description and
//     what agents do to it (storage.go).
//   - Where the vendor's documentation is silent, the wording is invented and a
//     comment says so (refusals.go).
//
// Two paths lie outside the API, for programs that check what arrived:
// /sandbox/stats answers the [Stats] as JSON and /sandbox/cases each [Case] as a
// line of JSON. They cost nothing and are not counted.
package sandbox

import (
	"cmp"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Config says what the simulated CRM knows and how it behaves. Its zero value is a
// CRM without limits and faults that takes every well-formed case.
type Config struct {
	Tokens       []string      // valid tokens; empty: any that is not blank
	Operation    string        // that the tokens belong to; empty: any
	Contacts     []string      // e-mail addresses of the contacts; empty: every contact exists
	Users        []string      // that can be responsible or owner; empty: every user exists
	Statuses     []string      // empty: every status exists
	Closed       []string      // statuses that require a solution; empty: none
	PerToken     int           // requests in flight a token may have; 0: any number, the real CRM has 2
	Quota        int           // requests a token may make; 0: any number
	HoursToReset int           // until the quota is renewed, and then each day; 0: it never is
	Prefix       string        // of the readable ids, as in C-7; empty: C
	MaxBody      int64         // bytes; 0: 1 GiB. A longer body is answered 413
	Latency      time.Duration // that each admitted request takes
	Seed         uint64        // of the faults: the same requests one by one meet the same faults
	Faults       Faults
	Queries      Queries
	Storage      Storage
	Agents       Agents
	Firewall     *regexp.Regexp // a request with a text that matches gets an HTML 403 from before the CRM; nil: there is none
	MaxCases     int            // that are kept; 0: 1,000,000. A further one is refused
	MaxKept      int64          // bytes of fields that are kept; 0: 512 MiB
	Log          io.Writer      // gets each accepted case as a line of JSON before it is answered; nil: none
}

// CRM is the simulated CRM. It is safe for concurrent use.
type CRM struct {
	config                          Config
	contacts                        addresses
	tokens, users, statuses, closed set

	mu        sync.Mutex // guards the rest
	random    *rand.Rand
	machine   uint64 // the part of the ids that tells this CRM from others
	cases     []Case // only ever appended to
	held      int64  // bytes of their fields
	questions int    // for cases
	used      map[string]int
	renewal   time.Time // of the quotas; zero: never
	inFlight  int
	flying    map[string]int // requests in flight by token
	stats     Stats          // Created is filled in when asked for
}

// New returns a CRM that holds no cases yet.
func New(c Config) *CRM {
	c.Prefix = cmp.Or(c.Prefix, "C")
	c.MaxBody = cmp.Or(c.MaxBody, 1<<30)
	c.MaxCases, c.MaxKept = cmp.Or(c.MaxCases, 1_000_000), cmp.Or(c.MaxKept, 512<<20)
	c.Queries = c.Queries.withDefaults()
	c.Faults = c.Faults.withDefaults()
	random := rand.New(rand.NewPCG(c.Seed, 0))
	var renewal time.Time
	if c.HoursToReset > 0 {
		renewal = time.Now().Add(time.Duration(c.HoursToReset) * time.Hour)
	}
	return &CRM{
		renewal:  renewal,
		config:   c,
		tokens:   newSet(c.Tokens),
		contacts: newAddresses(c.Contacts),
		users:    newSet(c.Users),
		statuses: newSet(c.Statuses),
		closed:   newSet(c.Closed),
		random:   random,
		machine:  random.Uint64N(1 << 40),
		used:     map[string]int{},
		flying:   map[string]int{},
		stats:    newStats(),
	}
}

const (
	api        = "/server/API/v2/"
	insertPath = api + "cases/insertAttach.php"
)

// endpoints is the API as far as it is simulated.
var endpoints = map[string]struct {
	method string
	serve  func(*CRM, *call) (answer, error)
}{
	insertPath:                         {http.MethodPost, (*CRM).insert},
	api + "cases/queryCases.php":       {http.MethodPost, (*CRM).queryCases},
	api + "custom/query.php":           {http.MethodPost, (*CRM).queryContacts},
	api + "token/tokenInformation.php": {http.MethodGet, (*CRM).tokenInformation},
}

// ServeHTTP answers a request to the API, or to one of the sandbox's own two paths.
func (c *CRM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sandbox/stats":
		writeLines(w, "application/json", c.Stats())
	case "/sandbox/cases":
		writeLines(w, "application/x-ndjson", c.kept()...)
	default:
		c.serve(w, r)
	}
}

// serve brings a request to its endpoint and the answer back. The request has left
// before the answer goes out: a client that has its answer and sends the next
// request must not be counted twice.
func (c *CRM) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, c.config.MaxBody)
	q := c.arrive(r)
	a, err := c.route(q)
	if err != nil {
		a = c.refuse(err)
	}
	if !a.reset {
		io.Copy(io.Discard, r.Body) // a client that is still sending would miss its answer
	}
	c.leave(q, a)
	a.write(w)
}

func (c *CRM) route(q *call) (answer, error) {
	if c.config.Faults.RedirectTo != "" {
		return c.redirect(), nil
	}
	e, ok := endpoints[q.URL.Path]
	switch {
	case !ok:
		return answer{}, noSuchAPI
	case q.Method != e.method:
		return answer{}, wrongMethod
	}
	return e.serve(c, q)
}

// set is a list of names that are known; where it is empty, every name is.
type set map[string]bool

func newSet(names []string) set {
	s := set{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

func (s set) knows(name string) bool { return len(s) == 0 || s[name] }

// addresses is a set of e-mail addresses, which are the same in capitals.
type addresses struct{ set }

func newAddresses(list []string) addresses {
	a := addresses{set{}}
	for _, address := range list {
		a.set[strings.ToLower(address)] = true
	}
	return a
}

func (a addresses) knows(address string) bool { return a.set.knows(strings.ToLower(address)) }
