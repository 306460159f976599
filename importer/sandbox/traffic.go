package sandbox

import (
	"maps"
	"net/http"
	"sync"
)

const (
	api        = "/server/API/v2/"
	insertPath = api + "cases/insertAttach.php"

	// otherPaths is the name under which all further paths are counted.
	otherPaths = "others"

	mostTokens = 10_000 // that are told apart
	mostPaths  = 100    // that are counted one by one
)

// room tells whether a count can be kept by that name.
func room(counts map[string]int, name string, most int) bool {
	_, known := counts[name]
	return known || len(counts) < most
}

// Stats counts what happened so far.
type Stats struct {
	Requests int `json:"requests"` // to insert, whatever became of them
	Created  int `json:"created"`  // also those that were deleted
	Deleted  int `json:"deleted"`  // by agents

	// Answers are those to inserts, by name: created, a refusal or a fault. With none in flight
	// they add up to Requests.
	Answers map[string]int `json:"answers"`

	Others       map[string]int `json:"others"`         // requests to other paths of the API, by path
	PeakInFlight int            `json:"peak_in_flight"` // requests to any path of the API
	PeakPerToken map[string]int `json:"peak_per_token"` // the same by TokenID
}

// call is a request to the API while it is in flight.
type call struct {
	*http.Request
	token   string
	abreast int // requests of its token in flight when it arrived, itself included
}

// inserts tells whether the request is to create a case.
func (q *call) inserts() bool { return q.URL.Path == insertPath }

// traffic counts the requests to the API, those that are refused too. A request is in flight until
// its answer is decided, and not until it is written: see CRM.serve.
type traffic struct {
	mu       sync.Mutex
	inFlight int
	flying   map[string]int // requests in flight by token
	stats    Stats          // without what the store knows
}

func newTraffic() *traffic {
	return &traffic{flying: map[string]int{},
		stats: Stats{Answers: map[string]int{}, Others: map[string]int{}, PeakPerToken: map[string]int{}}}
}

// arrive counts a request in.
func (t *traffic) arrive(r *http.Request) *call {
	q := &call{Request: r, token: r.Header.Get("Wolkvox-Token")}
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.inserts() {
		t.stats.Requests++
	}
	t.inFlight++
	t.flying[q.token]++
	q.abreast = t.flying[q.token]
	t.stats.PeakInFlight = max(t.stats.PeakInFlight, t.inFlight)
	if id := TokenID(q.token); q.token != "" && room(t.stats.PeakPerToken, id, mostTokens) {
		t.stats.PeakPerToken[id] = max(t.stats.PeakPerToken[id], q.abreast)
	}
	return q
}

// leave counts a request out, under the name of its answer.
func (t *traffic) leave(q *call, answer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight--
	if t.flying[q.token]--; t.flying[q.token] == 0 {
		delete(t.flying, q.token)
	}
	if q.inserts() {
		t.stats.Answers[answer]++
	} else if path := q.URL.Path; room(t.stats.Others, path, mostPaths) {
		t.stats.Others[path]++
	} else {
		t.stats.Others[otherPaths]++
	}
}

// counts are the counts so far, as a copy.
func (t *traffic) counts() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.stats
	s.Answers, s.Others, s.PeakPerToken = maps.Clone(s.Answers), maps.Clone(s.Others), maps.Clone(s.PeakPerToken)
	return s
}
