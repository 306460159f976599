package sandbox

import (
	"net/http"
	"strings"
	"time"
)

const mostToken = 256 // bytes of a token

// gate lets requests in: by their tokens, by how many a token has in flight, by its quota.
type gate struct {
	tokens   set           // that are valid; empty: any that is not blank
	perToken int           // requests in flight a token may have; 0: any number
	latency  time.Duration // that each request takes that was let in
	firewall firewall
	quotas   *quotas
}

// newGate is closed to tokens that are not listed, if any are.
func newGate(c Config) *gate {
	return &gate{tokens: newSet(c.Tokens), perToken: c.PerToken, latency: c.Latency,
		firewall: firewall{c.Firewall}, quotas: newQuotas(c.Quota, c.HoursToReset)}
}

// admit applies the rules that need no more than the header. They come before the body is read: a
// client learns that its token is wrong without the server having taken its files.
//
// The order is invented. What a request is refused for here costs nothing of the quota.
func (g *gate) admit(q *call) error {
	switch {
	case q.token == "":
		return tokenMissing
	case len(q.token) > mostToken || !g.tokens.knows(q.token):
		return tokenInvalid
	case g.perToken > 0 && q.abreast > g.perToken:
		return simultaneous
	case q.Method == http.MethodPost && !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json"):
		return wrongType
	}
	return nil
}

// charge takes a request from the quota of its token and lets the latency pass. What is refused
// before it costs nothing.
func (g *gate) charge(q *call) error {
	if !g.quotas.spend(q.token) {
		return quotaSpent
	}
	time.Sleep(g.latency)
	return nil
}

// pass lets what was sent pass the firewall, or refuses it.
func (g *gate) pass(value any) error { return g.firewall.check(value) }

// quota is what a token may do, what it has done of that, and the whole hours until that is renewed.
func (g *gate) quota(token string) (limit, used, hours int) { return g.quotas.of(token) }
