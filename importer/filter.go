package importer

import "encoding/binary"

// filter remembers a million things in 4 MB. It has all that were added, and takes a few others
// for them: what it has must be looked up.
type filter []uint64

const (
	filterBits = 1 << 25
	filterKeys = 6 // bits a thing
)

func newFilter() filter { return make(filter, filterBits/64) }

func (f filter) add(id [16]byte) {
	for bit := range filterPlaces(id) {
		f[bit/64] |= 1 << (bit % 64)
	}
}

func (f filter) has(id [16]byte) bool {
	for bit := range filterPlaces(id) {
		if f[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

func filterPlaces(id [16]byte) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		at, step := binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:])|1
		for range filterKeys {
			if !yield(at % filterBits) {
				return
			}
			at += step
		}
	}
}
