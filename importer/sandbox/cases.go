package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Case is a case that the CRM created.
type Case struct {
	ID          string         `json:"wolkvox_id"` // 24 hexadecimal digits
	Prefix      string         `json:"idPrefijo"`  // such as C-7, counted from 1
	Token       string         `json:"token"`      // TokenID of the token that it came with
	At          time.Time      `json:"at"`
	Fields      map[string]any `json:"fields"` // as sent, without attachments; numbers are json.Number. Not to be changed
	Attachments []Attachment   `json:"attachments"`
	Answer      string         `json:"answer"`           // the name in Stats.Answers of what the client was told
	Deleted     time.Time      `json:"deleted,omitzero"` // when an agent deletes it; zero: never

	stored, edited string // description as the CRM keeps it, and as agents leave it
	editedAt       time.Time
}

// Attachment is what is kept of an attachment.
type Attachment struct {
	Size   int64  `json:"size"` // bytes, decoded
	SHA256 string `json:"sha256"`
}

// Stats counts what happened so far.
type Stats struct {
	Requests     int            `json:"requests"`       // to insert, whatever became of them
	Created      int            `json:"created"`        // also those that were deleted
	Deleted      int            `json:"deleted"`        // by agents
	Answers      map[string]int `json:"answers"`        // to inserts by name: created, a refusal or a fault; with none in flight they add up to Requests
	Others       map[string]int `json:"others"`         // requests to other paths of the API, by path
	PeakInFlight int            `json:"peak_in_flight"` // requests to any path of the API
	PeakPerToken map[string]int `json:"peak_per_token"` // the same by TokenID
}

func newStats() Stats {
	return Stats{Answers: map[string]int{}, Others: map[string]int{}, PeakPerToken: map[string]int{}}
}

// TokenID is how records name a token: told apart by it, not given away.
func TokenID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}

// Cases returns the cases in the order of their creation, those that agents deleted too.
func (c *CRM) Cases() []Case { return slices.Clone(c.kept()) }

// kept returns the cases without copying them: none is changed once it is there.
func (c *CRM) kept() []Case {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cases[:len(c.cases):len(c.cases)]
}

// Stats returns the counts so far.
func (c *CRM) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Created = len(c.cases)
	for _, k := range c.cases {
		if k.IsDeleted(time.Now()) {
			s.Deleted++
		}
	}
	s.Answers = maps.Clone(s.Answers)
	s.Others = maps.Clone(s.Others)
	s.PeakPerToken = maps.Clone(s.PeakPerToken)
	return s
}

// create keeps a case and gives it its ids. A case that can't be logged is not
// created, so that the log never lacks one.
func (c *CRM) create(token, answer string, b body) (Case, error) {
	delete(b.fields, "attachments")
	k := Case{Token: TokenID(token), Fields: b.fields, Attachments: b.attachments, Answer: answer, stored: c.config.Storage.keep(b.text("description"))}
	if k.Attachments == nil {
		k.Attachments = []Attachment{} // [] in JSON
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.cases) >= c.config.MaxCases || c.held+b.size > c.config.MaxKept {
		return Case{}, full(c.config.MaxCases, c.config.MaxKept)
	}
	n := len(c.cases) + 1
	k.At = time.Now().UTC()
	k.ID = fmt.Sprintf("%08x%010x%06x", uint32(k.At.Unix()), c.machine, n)
	k.Prefix = fmt.Sprintf("%s-%d", c.config.Prefix, n)
	c.work(&k)
	if c.config.Log != nil {
		if _, err := c.config.Log.Write(append(encode(k), '\n')); err != nil {
			return Case{}, logFailed
		}
	}
	c.cases = append(c.cases, k)
	c.held += b.size
	return k, nil
}
