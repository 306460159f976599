package pace_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

// What is said before the first request, by what is known then.
func TestForecastSaysWhatIsKnown(t *testing.T) {
	now := time.Date(2026, 3, 30, 22, 0, 0, 0, time.UTC)
	allowance := func(requests, limit, available int) pace.Allowance {
		return pace.Allowance{Requests: requests, Quota: crm.Quota{Limit: limit, Available: available}}
	}
	unknown := pace.Allowance{Requests: 2, Err: errors.New("no answer")}
	out := pace.Allowance{Requests: 2, Out: true, Err: errors.New("refused")}
	for name, c := range map[string]struct {
		f          pace.Forecast
		allowances []pace.Allowance
		want       string
	}{
		"nothing but the rows": {pace.Forecast{Rows: 1, Requests: 1}, nil, "to send: at most 1 row, 1 request at once"},
		"by the rate": {pace.Forecast{Rows: 90, Requests: 2, Rate: 0.5}, nil,
			"to send: at most 90 rows, 2 requests at once; expected: at least 3 minutes"},
		"the slower of rate and answers": {pace.Forecast{Rows: 90, Requests: 2, Rate: 100, Answer: time.Second}, nil,
			"to send: at most 90 rows, 2 requests at once; expected: at least 45 seconds"},
		"hours": {pace.Forecast{Rows: 9000, Requests: 1, Answer: time.Second}, nil,
			"to send: at most 9000 rows, 1 request at once; expected: at least 3 hours"},
		"until a time": {pace.Forecast{Rows: 90, Requests: 2, Answer: time.Second, Until: now.Add(20 * time.Second)}, nil,
			"to send: at most 90 rows, 2 requests at once; expected: at least 45 seconds; 2 nights more will be needed, until 2026-04-01"},
		"a quota": {pace.Forecast{Rows: 300}, []pace.Allowance{allowance(2, 100, 99)},
			"to send: at most 300 rows, 2 requests at once; quota of 1 token: 98 left today, of 100 a day, and 1 kept for resolve; 3 nights more will be needed, until 2026-04-02"},
		"two quotas that suffice": {pace.Forecast{Rows: 196}, []pace.Allowance{allowance(2, 100, 99), allowance(1, 100, 99)},
			"to send: at most 196 rows, 3 requests at once; quota of 2 tokens: 196 left today, of 200 a day, and 2 kept for resolve; all of it fits into this run"},
		"one row more than they allow": {pace.Forecast{Rows: 197}, []pace.Allowance{allowance(2, 100, 99), allowance(1, 100, 99)},
			"to send: at most 197 rows, 3 requests at once; quota of 2 tokens: 196 left today, of 200 a day, and 2 kept for resolve; 1 night more will be needed, until 2026-03-31"},
		"a quota that is used": {pace.Forecast{Rows: 5}, []pace.Allowance{allowance(1, 1, 0)},
			"to send: at most 5 rows, 1 request at once; quota of 1 token: 0 left today, of 1 a day, and 0 kept for resolve; the quota allows nothing"},
		"a token that says nothing": {pace.Forecast{Rows: 5}, []pace.Allowance{allowance(1, 100, 99), unknown},
			"to send: at most 5 rows, 3 requests at once; the CRM doesn't say what 1 token may still do"},
		"a token that is out": {pace.Forecast{Rows: 5}, []pace.Allowance{out, allowance(1, 100, 50)},
			"to send: at most 5 rows, 1 request at once; quota of 1 token: 49 left today, of 100 a day, and 1 kept for resolve; all of it fits into this run"},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.f
			f.Now = now
			if c.allowances != nil {
				f.Count(c.allowances)
			}
			if got := f.String(); got != c.want {
				t.Errorf("%s\nnot %s", got, strings.TrimSpace(c.want))
			}
		})
	}
}

// A hundredth of a day's quota is left alone, 50 requests at most, and never none.
func TestReserve(t *testing.T) {
	for limit, want := range map[int]int{0: 0, 1: 1, 100: 1, 101: 2, 1000: 10, 4800: 48, 5000: 50, 100_000: 50} {
		if got := pace.Reserve(crm.Quota{Limit: limit}); got != want {
			t.Errorf("%d of %d, not %d", got, limit, want)
		}
	}
}
