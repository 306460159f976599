package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// call is a request to the API while it is in flight.
type call struct {
	*http.Request
	token   string
	abreast int // requests of its token in flight when it arrived, itself included
}

// arrive counts a request in.
func (c *CRM) arrive(r *http.Request) *call {
	token := r.Header.Get("Wolkvox-Token")
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == insertPath {
		c.stats.Requests++
	}
	c.inFlight++
	c.flying[token]++
	abreast := c.flying[token]
	c.stats.PeakInFlight = max(c.stats.PeakInFlight, c.inFlight)
	if id := TokenID(token); token != "" && room(c.stats.PeakPerToken, id, mostTokens) {
		c.stats.PeakPerToken[id] = max(c.stats.PeakPerToken[id], abreast)
	}
	return &call{Request: r, token: token, abreast: abreast}
}

// leave counts a request out, under the name of its answer.
func (c *CRM) leave(q *call, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	if c.flying[q.token]--; c.flying[q.token] == 0 {
		delete(c.flying, q.token)
	}
	if q.URL.Path == insertPath {
		c.stats.Answers[a.name]++
	} else if path := q.URL.Path; room(c.stats.Others, path, mostPaths) {
		c.stats.Others[path]++
	} else {
		c.stats.Others[otherPaths]++
	}
}

// admit applies the rules that need no more than the header.
func (c *CRM) admit(q *call) error {
	switch limit := c.config.PerToken; {
	case q.token == "":
		return tokenMissing
	case len(q.token) > mostToken || !c.tokens.knows(q.token):
		return tokenInvalid
	case limit > 0 && q.abreast > limit:
		return simultaneous
	case q.Method == http.MethodPost && !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json"):
		return wrongType
	}
	return nil
}

// charge takes a request from the quota of its token and lets the latency pass.
// What is refused before it costs nothing.
func (c *CRM) charge(q *call) error {
	if !c.spend(q.token) {
		return quotaSpent
	}
	time.Sleep(c.config.Latency)
	return nil
}

func (c *CRM) spend(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renew(time.Now())
	if quota := c.config.Quota; quota > 0 && c.used[token] >= quota || !room(c.used, token, mostTokens) {
		return false
	}
	c.used[token]++
	return true
}

// renew gives every token its quota again, once a day.
func (c *CRM) renew(now time.Time) {
	for !c.renewal.IsZero() && !now.Before(c.renewal) {
		clear(c.used)
		c.renewal = c.renewal.AddDate(0, 0, 1)
	}
}
