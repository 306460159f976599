package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// full refuses a case that there is no room for.
func full(cases int, bytes int64) refusal {
	const text = "THE SANDBOX IS FULL: IT KEEPS AT MOST %d CASES WITH %d BYTES OF FIELDS; " +
		"START IT ANEW OR WITH LARGER BOUNDS"
	return refusal{"full", http.StatusRequestEntityTooLarge, fmt.Sprintf(text, cases, bytes)}
}

// store keeps the cases. What it holds is bounded, since a rehearsal may run for days: a further
// case is refused, and never dropped in silence.
type store struct {
	prefix   string // of the readable ids
	machine  uint64 // the part of the ids that tells this CRM from others
	maxCases int
	maxKept  int64     // bytes of fields
	log      io.Writer // gets each case before it is kept; nil: none
	storage  Storage
	agents   Agents
	dice     *dice

	mu    sync.Mutex
	cases []Case // only ever appended to
	held  int64  // bytes of their fields
}

// create keeps a case and gives it its ids. A case that can't be logged is not created, so that
// the log never lacks one. The log is written within the lock: its lines are in the order of the
// cases' numbers.
//
// An id begins with the time, as eight hexadecimal digits, as MongoDB's do and the real CRM's seem
// to. answer is the name of what the client will be told.
func (s *store) create(token, answer string, b body) (Case, error) {
	delete(b.fields, "attachments")
	k := Case{Token: TokenID(token), Fields: b.fields, Attachments: b.attachments, Answer: answer,
		description: description{stored: s.storage.keep(b.text("description"))}}
	if k.Attachments == nil {
		k.Attachments = []Attachment{} // [] in JSON
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cases) >= s.maxCases || s.held+b.size > s.maxKept {
		return Case{}, full(s.maxCases, s.maxKept)
	}
	n := len(s.cases) + 1
	k.At = time.Now().UTC()
	k.ID = fmt.Sprintf("%08x%010x%06x", uint32(k.At.Unix()), s.machine, n)
	k.Prefix = fmt.Sprintf("%s-%d", s.prefix, n)
	s.agents.work(&k, s.dice)
	if s.log != nil {
		if err := json.NewEncoder(s.log).Encode(k); err != nil { // one line, in one write
			return Case{}, logFailed
		}
	}
	s.cases = append(s.cases, k)
	s.held += b.size
	return k, nil
}

// kept returns the cases without copying them: none is changed once it is there, and appending to
// what is returned makes a copy.
func (s *store) kept() []Case {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cases[:len(s.cases):len(s.cases)]
}

// counts are how many cases were created, and how many of them agents have deleted by then.
func (s *store) counts(now time.Time) (created, deleted int) {
	cases := s.kept()
	for _, k := range cases {
		if k.IsDeleted(now) {
			deleted++
		}
	}
	return len(cases), deleted
}
