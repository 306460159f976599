package pace

import (
	"strings"
	"testing"
)

// The breaker's table: answers are . for a row whose fate is known, x for a doubt.
func TestBreaker(t *testing.T) {
	times := strings.Repeat
	for name, c := range map[string]struct {
		answers string
		trips   int // each is reset at once
		wornOut bool
	}{
		"none":                               {times(".", 100), 0, false},
		"two in a row":                       {"xx.xx.", 0, false},
		"three in a row":                     {".xxx", 1, false},
		"after a trip it counts anew":        {"xxxxx", 1, false},
		"nine of thirty":                     {times("x..", 9) + "...", 0, false},
		"ten of thirty":                      {times("x..", 9) + "x", 1, false},
		"ten of thirty-one":                  {"x" + times("...x", 9)[1:] + times("...x", 3), 0, false},
		"two of three":                       {times("xx.", 5), 1, false},
		"the window is emptied by a trip":    {times("xx.", 5) + times("x..", 9), 1, false},
		"too many trips":                     {times("xxx", 4), 4, true},
		"few good rows don't make up for it": {times(times(".", 74)+"xxx", 4), 4, true},
		"many good rows do":                  {times(times(".", 300)+"xxx", 10), 10, false},
		"the good rows need not be in a row": {"xxx" + times(times(".", 30)+"x", 10) + "xxx" + "xxx", 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			var b Breaker
			trips := 0
			for _, answer := range c.answers {
				if why := b.Note(answer == 'x'); why != "" {
					trips++
					if b.Held() == nil || b.Note(true) != "" {
						t.Fatal("rows may be claimed, or another has to look after the CRM too")
					}
					b.Reset()
				}
			}
			if trips != c.trips || b.WornOut() != c.wornOut || b.Held() != nil {
				t.Errorf("%d trips, worn out: %v", trips, b.WornOut())
			}
		})
	}
}

// Those who wait are let go on by a reset.
func TestBreakerLetsGoOn(t *testing.T) {
	var b Breaker
	for range doubtsInRow {
		b.Note(true)
	}
	held := b.Held()
	select {
	case <-held:
		t.Fatal("not held")
	default:
	}
	b.Reset()
	<-held
}
