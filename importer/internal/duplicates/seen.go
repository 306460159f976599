package duplicates

import "fmt"

// Sighting is a row's key as it is met in an input.
type Sighting struct {
	ID      [16]byte // a hash of the key
	Input   int      // number of the input within the run
	Row     int      // below 1<<40
	Content [16]byte // a hash of the row's cells
}

// Seen is what was met before under the same key.
type Seen struct {
	Times   int // 0: this is the first
	Input   int // the first one's
	Row     int // the first one's
	Content [16]byte
}

// and counts one more row of the key.
func (seen Seen) and(row Sighting) Seen {
	if seen.Times == 0 {
		seen.Input, seen.Row, seen.Content = row.Input, row.Row, row.Content
	}
	seen.Times++
	return seen
}

// rowBits are the bits of a packed place that are the row's; the input's are above them.
const rowBits = 40

// pack makes one number of an input and a row of it.
func pack(input, row int) int64 { return int64(input)<<rowBits + int64(row) }

// unpack is the input and the row of a packed place.
func unpack(place int64) (input, row int) {
	return int(place >> rowBits), int(place & (1<<rowBits - 1))
}

// noted says what an error is about, if there is one.
func noted(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the keys of the input can't be noted: %w", err)
}
