package mapping_test

import (
	"testing"

	"wolkvox-import/mapping"
)

// A limit that is misread would let through what it was to keep back, so it is refused.
func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"20MB": 20_000_000, "20MiB": 20 << 20, "1.5 GB": 1_500_000_000, "7": 7, "0": 0,
		"1,5MB": -1, "": -1, "-1": -1, "much": -1, "99999999999999999999": -1, "9999999999999GB": -1,
	} {
		got, err := mapping.ParseSize(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
