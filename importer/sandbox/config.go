package sandbox

import (
	"cmp"
	"io"
	"regexp"
	"time"
)

// Config says what the simulated CRM knows and how it behaves. Its zero value is a CRM without
// limits and faults that takes every well-formed case.
//
// Its fields are flat, since tests and flags name them one by one. Within the package each part
// has only its own of them: [New] hands them out.
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
	MaxCases     int       // that are kept; 0: 1,000,000. A further one is refused
	MaxKept      int64     // bytes of fields that are kept; 0: 512 MiB
	Log          io.Writer // gets each accepted case as a line of JSON before it is answered; nil: none

	// Firewall stands before the CRM: a request with a text that matches gets an HTML 403. Nil:
	// there is none.
	Firewall *regexp.Regexp
}

// withDefaults has the numbers that a zero stands for.
func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, "C")
	c.MaxBody = cmp.Or(c.MaxBody, 1<<30)
	c.MaxCases, c.MaxKept = cmp.Or(c.MaxCases, 1_000_000), cmp.Or(c.MaxKept, 512<<20)
	c.Queries, c.Faults = c.Queries.withDefaults(), c.Faults.withDefaults()
	return c
}
