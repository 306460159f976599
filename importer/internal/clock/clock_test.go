package clock_test

import (
	"runtime"
	"testing"
	"time"

	"wolkvox-import/importer/internal/clock"
)

func TestOnlyCertainTimeHasPassed(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	then := clock.Moment{Wall: noon, Boot: "a", Uptime: time.Hour}
	for name, c := range map[string]struct {
		now, then clock.Moment
		want      time.Duration
	}{
		"by the same start":                          {clock.Moment{noon.Add(time.Minute), "a", time.Hour + time.Minute}, then, time.Minute},
		"a wall clock that jumped forward":           {clock.Moment{noon.Add(24 * time.Hour), "a", time.Hour + time.Second}, then, time.Second},
		"a wall clock that jumped back":              {clock.Moment{noon.Add(-24 * time.Hour), "a", time.Hour + time.Minute}, then, time.Minute},
		"a restart":                                  {clock.Moment{noon.Add(time.Minute), "b", 20 * time.Second}, then, 20 * time.Second},
		"a restart and a jump forward":               {clock.Moment{noon.Add(24 * time.Hour), "b", 20 * time.Second}, then, 20 * time.Second},
		"a restart and a jump back":                  {clock.Moment{noon.Add(-time.Hour), "b", 20 * time.Second}, then, 0},
		"another computer, which runs for long":      {clock.Moment{noon.Add(time.Minute), "b", 9000 * time.Hour}, then, time.Minute},
		"no word on starts":                          {clock.Moment{noon.Add(time.Hour), "", 0}, then, 0},
		"no word on starts in what was noted":        {clock.Moment{noon.Add(time.Hour), "a", 9 * time.Hour}, clock.Moment{Wall: noon}, 0},
		"the same start, and less time since (none)": {clock.Moment{noon, "a", time.Minute}, then, 0},
	} {
		if got := c.now.Since(c.then); got != c.want {
			t.Errorf("%s: %v, wanted %v", name, got, c.want)
		}
	}
}

func TestSystemsClockGoesForward(t *testing.T) {
	var c clock.Clock
	a := c.Now()
	if a.Boot == "" {
		t.Skipf("%s doesn't tell one start from another", runtime.GOOS)
	}
	time.Sleep(2 * time.Millisecond)
	if d := c.Now().Since(a); d < 2*time.Millisecond || d > time.Minute {
		t.Errorf("%v have passed", d)
	}
}
