package ahead_test

import (
	"iter"
	"slices"
	"sync/atomic"
	"testing"

	"wolkvox-import/importer/internal/ahead"
)

// upTo yields the numbers below n, and tells when it has ended and how many it has made.
func upTo(n int, made *atomic.Int64, ended *atomic.Bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer ended.Store(true)
		for i := range n {
			made.Add(1)
			if !yield(i) {
				return
			}
		}
	}
}

func TestValuesComeInTheirOrderAndAllOfThem(t *testing.T) {
	for _, n := range []int{0, 1, ahead.Depth, ahead.Depth + 1, 1000} {
		var made atomic.Int64
		var ended atomic.Bool
		got := slices.Collect(ahead.Of(upTo(n, &made, &ended)))
		if len(got) != n || !slices.IsSorted(got) || !ended.Load() {
			t.Errorf("%d: %v", n, got)
		}
	}
}

func TestTheProducerHasEndedWhenTheLoopIsLeft(t *testing.T) {
	for _, after := range []int{1, 2, ahead.Depth + 3} {
		var made atomic.Int64
		var ended atomic.Bool
		n := 0
		for range ahead.Of(upTo(1_000_000, &made, &ended)) {
			if n++; n == after {
				break
			}
		}
		if !ended.Load() {
			t.Errorf("left after %d: it goes on", after)
		}
		// One is being made, and Depth wait: memory for two more than Depth is enough.
		if most := int64(after + ahead.Depth + 1); made.Load() > most {
			t.Errorf("left after %d: %d values were made, at most %d may", after, made.Load(), most)
		}
	}
}

func TestTheProducerIsNeverFurtherAheadThanItsMemory(t *testing.T) {
	var made atomic.Int64
	var ended atomic.Bool
	used := int64(0)
	for range ahead.Of(upTo(10_000, &made, &ended)) {
		used++ // this one is in use
		if made.Load()-used > ahead.Depth+1 {
			t.Fatalf("%d were made when %d were used", made.Load(), used)
		}
	}
}
