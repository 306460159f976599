package pace_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/pace"
)

// traffic sends requests through lanes on a clock that is not real.
type traffic struct {
	t     *testing.T
	lanes *pace.Lanes

	mu     sync.Mutex
	flying map[string]int
	peak   map[string]int
}

func newTraffic(t *testing.T, tokens []string, workers int) *traffic {
	return &traffic{t: t, lanes: pace.NewLanes(tokens, workers), flying: map[string]int{}, peak: map[string]int{}}
}

// one is a request that takes so long. answer, where it is not nil, hears how many of its
// token were in flight when it arrived.
func (tr *traffic) one(ctx context.Context, took time.Duration, answer func(pace.Slot, int)) error {
	place, err := tr.lanes.Enter(ctx)
	if err != nil {
		return err
	}
	name := place.Lane()
	tr.mu.Lock()
	tr.flying[name]++
	n := tr.flying[name]
	tr.peak[name] = max(tr.peak[name], n)
	tr.mu.Unlock()
	time.Sleep(took)
	if answer != nil {
		answer(place, n)
	} else {
		place.Answered()
	}
	tr.mu.Lock()
	tr.flying[name]--
	tr.mu.Unlock()
	place.Leave(true)
	return nil
}

// peaks forgets the peaks, lets workers send for so long, and returns the new ones.
func (tr *traffic) peaks(workers int, d time.Duration) map[string]int {
	tr.mu.Lock()
	clear(tr.peak)
	tr.mu.Unlock()
	ctx, cancel := context.WithTimeout(tr.t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for tr.one(ctx, 50*time.Millisecond, nil) == nil {
			}
		})
	}
	all.Wait()
	return tr.peak
}

func TestTwoLanesNeverHoldMoreThanTheirWidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTraffic(t, []string{"a", "b"}, 4)
		for name, peak := range tr.peaks(32, time.Minute) {
			if peak != 2 {
				t.Errorf("%s had %d in flight", name, peak)
			}
		}
		if len(tr.peak) != 2 {
			t.Errorf("%v", tr.peak)
		}
	})
}

// The CRM bears two of a token at once, and the person has asked for eight. How often it
// has to say so is counted.
func TestWindowFindsTheTokensLimitAndRarelyTriesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTraffic(t, []string{"a"}, 8)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var mu sync.Mutex
		sent, refused, late := 0, 0, 0
		began := time.Now()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for ctx.Err() == nil {
					_ = tr.one(ctx, 50*time.Millisecond, func(p pace.Slot, n int) {
						mu.Lock()
						defer mu.Unlock()
						sent++
						if n <= 2 {
							p.Answered()
							return
						}
						p.TooMany()
						if refused++; time.Since(began) > 10*time.Second {
							late++
						}
					})
				}
			})
		}
		all.Wait()
		if most := sent / 100; refused > most || late > 20 || sent < 20_000 {
			t.Errorf("%d of %d requests were refused, %d of them after ten seconds", refused, sent, late)
		}
	})
}

func TestThrottledLanesNarrowAndWidenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTraffic(t, []string{"a", "b"}, 16)
		tr.peaks(16, time.Second)
		p, err := tr.lanes.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		old, _ := tr.lanes.Enter(t.Context())
		if !p.Throttled() || old.Throttled() {
			t.Error("one burst of refusals counts once")
		}
		p.Leave(false)
		old.Leave(false)
		for _, c := range []struct {
			after time.Duration
			most  int
		}{{900 * time.Millisecond, 4}, {time.Second, 5}, {5 * time.Second, 8}} {
			for name, peak := range tr.peaks(16, c.after) {
				if peak > c.most || c.most == 8 && peak != 8 {
					t.Errorf("%s has %d in flight, %v after a throttled answer and not %d", name, peak, c.after, c.most)
				}
			}
		}
	})
}

func TestLaneRestsUntilItsQuotaIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTraffic(t, []string{"a"}, 1)
		var until []time.Time
		spent := func(p pace.Slot, _ int) { p.Out(&crm.Error{Class: crm.TokenSpent}) }
		if err := tr.one(t.Context(), 0, spent); err != nil {
			t.Fatal(err)
		}
		if err := tr.one(t.Context(), 0, nil); class(t, err) != crm.TokenSpent {
			t.Errorf("%v", err)
		}
		tr.lanes.WaitForQuota = func(at time.Time, _ bool) { until = append(until, at) }
		began := time.Now()
		if err := tr.one(t.Context(), 0, nil); err != nil || len(until) != 1 || time.Since(began) != until[0].Sub(began) || time.Since(began) < 10*time.Minute {
			t.Errorf("%v, slept %v until %v", err, time.Since(began), until)
		}
		if err := tr.one(t.Context(), 0, spent); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("morning"))
		defer cancel()
		if err := tr.one(ctx, 0, nil); err == nil || err.Error() != "morning" {
			t.Errorf("a sleep is ended: %v", err)
		}
		bad := func(p pace.Slot, _ int) { p.Out(&crm.Error{Class: crm.TokenBad, Message: "no good"}) }
		if err := tr.one(t.Context(), 0, bad); err != nil {
			t.Fatal(err)
		}
		if err := tr.one(t.Context(), 0, nil); err == nil || !strings.Contains(err.Error(), "none of the tokens") || !strings.Contains(err.Error(), "no good") {
			t.Errorf("nobody waits for a token that is refused: %v", err)
		}
	})
}

// A place that nobody takes any more, since the one who waited has gone, is not lost, and
// costs nothing of the quota.
func TestPlaceOfOneWhoGaveUpIsFreeAgain(t *testing.T) {
	for i := range 2000 {
		lanes := pace.NewLanes([]string{"a"}, 1)
		lanes.Know(crm.Quota{Limit: 100, Available: 100})
		left := int64(lanes.Left())
		p, err := lanes.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		var sent atomic.Int64
		both.Go(func() {
			if q, err := lanes.Enter(ctx); err == nil {
				sent.Add(1)
				q.Leave(true)
			}
		})
		both.Go(cancel)
		p.Leave(true)
		both.Wait()
		soon, end := context.WithTimeoutCause(t.Context(), 5*time.Second, fmt.Errorf("round %d: the place is lost", i))
		if q, err := lanes.Enter(soon); err != nil {
			t.Fatal(err)
		} else {
			q.Leave(true)
		}
		if end(); int64(lanes.Left()) != left-2-sent.Load() {
			t.Fatalf("round %d: %d left of %d after %d requests", i, lanes.Left(), left, 2+sent.Load())
		}
	}
}
