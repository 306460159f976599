package sandbox

import (
	"math"
	"sync"
	"time"
)

// unlimited is what tokenInformation calls the quota if there is none.
const unlimited = 1_000_000

// quotas are what the tokens have used of theirs. All are renewed at the same time of day, as far
// as the vendor says.
type quotas struct {
	limit int // requests a token may make; 0: any number

	mu      sync.Mutex
	used    map[string]int
	renewal time.Time // zero: never
}

// newQuotas renews the quotas so many hours from now, and then each day.
func newQuotas(limit, hoursToReset int) *quotas {
	q := &quotas{limit: limit, used: map[string]int{}}
	if hoursToReset > 0 {
		q.renewal = time.Now().Add(time.Duration(hoursToReset) * time.Hour)
	}
	return q
}

// spend takes a request from the quota of its token. It fails if that is spent, or if there are
// more tokens than the sandbox can tell apart.
func (q *quotas) spend(token string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.renew(time.Now())
	if q.limit > 0 && q.used[token] >= q.limit || !room(q.used, token, mostTokens) {
		return false
	}
	q.used[token]++
	return true
}

// renew gives every token its quota again, once a day. It is called locked, by whoever looks: no
// timer runs, so that a CRM that is thrown away leaves nothing behind.
func (q *quotas) renew(now time.Time) {
	for !q.renewal.IsZero() && !now.Before(q.renewal) {
		clear(q.used)
		q.renewal = q.renewal.AddDate(0, 0, 1)
	}
}

// of is a token's quota, what it has used of it, and the whole hours until it is renewed.
func (q *quotas) of(token string) (limit, used, hours int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.renewal.IsZero() {
		hours = int(math.Ceil(time.Until(q.renewal).Hours()))
	}
	if q.limit == 0 {
		return unlimited, q.used[token], hours
	}
	return q.limit, q.used[token], hours
}
