// Package sandbox is a simulated Wolkvox CRM, for rehearsals without an account and for tests. It
// is an [http.Handler] that answers as the real one is known to, keeps what it accepted, and goes
// wrong on purpose if it is asked to.
//
//	request ─► traffic ─► gate: token, limits ─► body ─► firewall ─► quota ─► world: rules ─► store ─► answer
//	               │                                │                                           │
//	         reset-before              throttled, gateway, error-before…             reset-after, truncated…
//
// Its rules:
//
//   - It shares no code with the client that is tried against it, so that a mistake in one is not
//     repeated in the other.
//   - A case that it accepted is kept, whatever became of the answer: [CRM.Cases] and [CRM.Stats]
//     say what happened at the CRM, not what the client was told.
//   - Attachments are hashed as they pass and are never held. All else that it holds is bounded:
//     a body by splitter.go, the cases by store.go, tokens and paths by traffic.go.
//   - A request meets one fault at most. What happens to cases, and how questions are answered,
//     are groups of the [Config] apart from that (storage.go, queries.go).
//   - If the vendor's documentation is silent, the wording is invented and a comment says so
//     (refusals.go).
//   - By the same seed, the same requests one by one meet the same fate (dice.go).
//
// # Adding a fault
//
// A fault is one field of [Faults], a probability, and one line in the table of faults.go: the
// name of its flag, a usage, when it strikes, the field, and the function that answers. The
// command's flags, the names in [Stats] and the drawing of faults follow from the table. If none
// of the moments fits, add one, and let inserts.insert heed it.
//
// # Looking at what arrived
//
// Two paths lie outside the API, for programs that check what arrived: /sandbox/stats answers the
// [Stats] as JSON and /sandbox/cases each [Case] as a line of JSON. They cost nothing and are not
// counted.
package sandbox

import (
	"io"
	"net/http"
	"slices"
	"time"
)

// CRM is the simulated CRM. It is safe for concurrent use. It lives as long as its process: nothing
// of it is kept on disk but the log, if there is one.
type CRM struct {
	maxBody   int64
	faults    *Faults
	traffic   *traffic
	store     *store
	endpoints map[string]endpoint // the API as far as it is simulated, by path
}

// endpoint answers one path. Its error is a refusal, a page of something before the CRM, or that
// of reading a body that broke off.
type endpoint struct {
	method string
	serve  func(*call) (answer, error)
}

// New returns a CRM that holds no cases yet. All its parts share the gate, the store and the dice:
// a question is let in, and costs of the quota, as an insert does.
func New(c Config) *CRM {
	c = c.withDefaults()
	dice, gate := newDice(c.Seed), newGate(c)
	world := &world{operation: c.Operation, contacts: newAddresses(c.Contacts), users: newSet(c.Users),
		statuses: newSet(c.Statuses), closed: newSet(c.Closed)}
	store := &store{prefix: c.Prefix, machine: dice.number(1 << 40), maxCases: c.MaxCases, maxKept: c.MaxKept,
		log: c.Log, storage: c.Storage, agents: c.Agents, dice: dice}
	insert := &inserts{faults: &misfortunes{c.Faults, dice}, gate: gate, world: world, store: store}
	look := &lookups{queries: c.Queries, gate: gate, world: world, store: store}
	endpoints := map[string]endpoint{
		insertPath:                         {http.MethodPost, insert.insert},
		api + "cases/queryCases.php":       {http.MethodPost, look.cases},
		api + "custom/query.php":           {http.MethodPost, look.contacts},
		api + "token/tokenInformation.php": {http.MethodGet, look.token},
	}
	return &CRM{maxBody: c.MaxBody, faults: &c.Faults, traffic: newTraffic(), store: store, endpoints: endpoints}
}

// Cases returns the cases in the order of their creation, those that agents deleted too.
func (c *CRM) Cases() []Case { return slices.Clone(c.store.kept()) }

// Stats returns the counts so far.
func (c *CRM) Stats() Stats {
	s := c.traffic.counts() // before those of the store: what was answered as created is there
	s.Created, s.Deleted = c.store.counts(time.Now())
	return s
}

// ServeHTTP answers a request to the API, or to one of the sandbox's own two paths.
func (c *CRM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sandbox/stats":
		writeLines(w, "application/json", c.Stats())
	case "/sandbox/cases":
		writeLines(w, "application/x-ndjson", c.store.kept()...)
	default:
		c.serve(w, r)
	}
}

// serve brings a request to its endpoint and the answer back. The request has left before the
// answer goes out: a client that has its answer and sends the next request must not be counted
// twice.
func (c *CRM) serve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, c.maxBody)
	q := c.traffic.arrive(r)
	a, err := c.route(q)
	if err != nil {
		a = c.faults.style().failed(err)
	}
	if !a.reset {
		io.Copy(io.Discard, r.Body) // a client that is still sending would miss its answer
	}
	c.traffic.leave(q, a.name)
	a.write(w)
}

// route finds the endpoint. A redirect comes first, as a proxy's would.
func (c *CRM) route(q *call) (answer, error) {
	if a, redirected := c.faults.redirect(); redirected {
		return a, nil
	}
	e, ok := c.endpoints[q.URL.Path]
	switch {
	case !ok:
		return answer{}, noSuchAPI
	case q.Method != e.method:
		return answer{}, wrongMethod
	}
	return e.serve(q)
}
