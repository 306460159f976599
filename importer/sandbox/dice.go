package sandbox

import (
	"math/rand/v2"
	"sync"
)

// dice decide what is left to chance, by the seed of the [Config]. All parts of a CRM share them:
// the same requests, one by one, meet the same fate.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

// newDice begins anew with each CRM: two with the same seed do the same.
func newDice(seed uint64) *dice { return &dice{random: rand.New(rand.NewPCG(seed, 0))} }

// happens tells whether something of that probability does. What never happens takes no number:
// a fault that nobody asked for doesn't change which requests meet the others.
func (d *dice) happens(p float64) bool {
	if !(p > 0) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Float64() < p
}

// number is a number between 0 and n, n excluded.
func (d *dice) number(n uint64) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Uint64N(n)
}
