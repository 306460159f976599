// Package ahead lets one part of a pipeline work while the next one is busy with what it has got.
//
//	sequence ──producer's goroutine──► up to Depth values wait ──► the loop
//
// Its rules:
//
//   - Values come in their order, and none is lost.
//   - The producer never outlives the loop over it: whoever left the loop may close what the
//     producer reads.
package ahead

import (
	"iter"
	"sync"
)

// Depth is how many values wait between the two parts. Whoever produces values in memory that is
// used again needs two more: one is being made, and one is being used.
const Depth = 4

// Of runs a sequence in a goroutine of its own, which has ended when the loop over it ends.
func Of[T any](seq iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		values, stop := make(chan T, Depth), make(chan struct{})
		var producer sync.WaitGroup
		producer.Go(func() {
			defer close(values)
			for v := range seq {
				select {
				case values <- v:
				case <-stop:
					return
				}
			}
		})
		// Deferred calls run from the last: stop is closed first, or a producer that has a value to
		// hand on would be waited for forever.
		defer producer.Wait()
		defer close(stop)
		for v := range values {
			if !yield(v) {
				return
			}
		}
	}
}
