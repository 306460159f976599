package pace_test

import (
	"fmt"
	"testing"
	"time"

	"wolkvox-import/importer/internal/pace"
)

// An outage is given up after so long and so many rounds; what ends it begins both anew.
func TestOutage(t *testing.T) {
	const patience = 10 * time.Second
	type step struct {
		at             time.Duration // since the beginning; negative ends the outage
		first, patient bool
	}
	ends := step{at: -1}
	for name, c := range map[string]struct {
		notBefore time.Duration
		steps     []step
	}{
		"lasts":                    {0, []step{{0, true, true}, {5 * time.Second, false, true}, {10 * time.Second, false, false}}},
		"one moment is one round":  {0, []step{{0, true, true}, {500 * time.Millisecond, false, true}, {11 * time.Second, false, true}, {12 * time.Second, false, false}}},
		"ends, and another begins": {0, []step{{0, true, true}, {5 * time.Second, false, true}, ends, {12 * time.Second, true, true}, {14 * time.Second, false, true}}},
		"its rounds end with it":   {0, []step{{0, true, true}, {2 * time.Second, false, true}, ends, {20 * time.Second, true, true}, {31 * time.Second, false, true}, {33 * time.Second, false, false}}},
		"a rest is no part of it":  {time.Minute, []step{{0, true, true}, {62 * time.Second, false, true}, {64 * time.Second, false, true}, {70 * time.Second, false, false}}},
	} {
		t.Run(name, func(t *testing.T) {
			var o pace.Outage
			began := time.Unix(1_000_000, 0)
			for i, s := range c.steps {
				if s.at < 0 {
					o.Ends()
					continue
				}
				first, patient := o.Fails(began.Add(s.at), began.Add(c.notBefore), patience)
				if first != s.first || patient != s.patient {
					t.Errorf("step %d: first %v, patient %v", i, first, patient)
				}
			}
		})
	}
}

// Hashes of tokens would give them away, since tokens are made of words that can be guessed.
func TestTokensAreNumbers(t *testing.T) {
	if got := fmt.Sprint(pace.NewLanes([]string{"secret"}, 1).Names()); got != "[the token]" {
		t.Error(got)
	}
	if got := fmt.Sprint(pace.NewLanes([]string{"a", "b"}, 2).Names()); got != "[token 1 of 2 token 2 of 2]" {
		t.Error(got)
	}
}
