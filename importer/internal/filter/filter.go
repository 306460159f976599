// Package filter remembers things in little memory: a Bloom filter. It has all that were added, and
// takes a few others for them, so what it has must be looked up; what it lacks was never added.
package filter

import (
	"encoding/binary"
	"iter"
)

// Filter holds a million things in 4 MB, and then takes some twenty in a million for them.
type Filter []uint64

// The size is a compromise: 4 MB for an input of any length. From some millions of things on the
// filter takes many for others, and whoever asks it has to look more and more of them up.
const (
	size = 1 << 25 // bits
	keys = 6       // bits a thing
)

// New is an empty filter.
func New() Filter { return make(Filter, size/64) }

// Add notes a thing, by a hash of it, and tells whether it may have been there before.
func (f Filter) Add(hash [16]byte) (maybe bool) {
	maybe = true
	for bit := range places(hash) {
		if f[bit/64]&(1<<(bit%64)) == 0 {
			maybe = false
			f[bit/64] |= 1 << (bit % 64)
		}
	}
	return maybe
}

// Has tells whether a thing may have been added.
func (f Filter) Has(hash [16]byte) bool {
	for bit := range places(hash) {
		if f[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// places are a thing's bits. A hash is as good as random, so two halves of it make all of them.
func places(hash [16]byte) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		at, step := binary.LittleEndian.Uint64(hash[:8]), binary.LittleEndian.Uint64(hash[8:])|1
		for range keys {
			if !yield(at % size) {
				return
			}
			at += step
		}
	}
}
