package filter_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"wolkvox-import/importer/internal/filter"
)

func hash(n int) [16]byte {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	return [16]byte(sum[:16])
}

func TestFilterHasAllThatWereAddedAndFewOthers(t *testing.T) {
	const many = 200_000
	f := filter.New()
	taken := 0
	for n := range many {
		if f.Add(hash(n)) {
			taken++
		}
	}
	for n := range many {
		if !f.Has(hash(n)) || !f.Add(hash(n)) {
			t.Fatalf("%d was added, and isn't there", n)
		}
	}
	for n := range many {
		if f.Has(hash(many + n)) {
			taken++
		}
	}
	if taken > 5 {
		t.Errorf("%d that were not there were taken for others", taken)
	}
}
