// Package duplicates tells which rows of a run's inputs have a key that an earlier row had.
//
// It is about the inputs at hand and not about what is kept: nothing of it outlives the run. An
// input has a key in every row and hardly ever one twice, so remembering has to be cheap and
// finding need not be:
//
//	row ──► filter: certainly new? ──► spill: a file that is appended to
//	          │ no                        ▲ looked through, front to back
//	          └───────────────────────────┤
//	            from many searches on     ▼
//	                                    index: a table on disk, by key
//
// Its rules:
//
//   - Memory doesn't grow with the input: the filter has a fixed size, and all else is on disk.
//   - The filter only ever errs by taking a new key for an old one. What it doubts is looked up,
//     so every answer is exact.
//   - What can't be noted is an error, and never a row that hasn't been seen.
//   - Keys are personal data. Their files have no name as soon as they are open, if the system
//     can do that, so that they end with the process, however that ends.
package duplicates

import "errors"

// mostSearches is how often the spill is looked through before an index pays.
const mostSearches = 128

// Keys are the keys that were met so far. They belong to one reader of one input at a time.
type Keys struct {
	path  string // of the spill
	spill *spill // nil until the first key, and again once there is an index
	index *index // nil until it pays
}

// New remembers no key yet. The spill gets this path, until it is open; an index gets a file in
// the same folder. The path must be this process's alone: what stands there is a dead process's,
// and is removed.
func New(path string) *Keys { return &Keys{path: path} }

// Seen notes rows, in their order, and returns for each what had been met under its key before.
func (k *Keys) Seen(batch []Sighting) ([]Seen, error) {
	if err := k.makeRoom(); err != nil {
		return nil, err
	}
	before := make([]Seen, len(batch))
	met := map[[16]byte]Seen{}
	if k.index != nil {
		if err := k.index.lookUp(batch, met); err != nil {
			return nil, noted(err)
		}
		for i, row := range batch {
			before[i] = met[row.ID]
			met[row.ID] = before[i].and(row)
		}
		if err := k.index.put(met); err != nil {
			return nil, noted(err)
		}
		return before, nil
	}
	if err := k.suspect(batch, met); err != nil {
		return nil, err
	}
	for i, row := range batch {
		if seen, ok := met[row.ID]; ok {
			before[i] = seen
			met[row.ID] = seen.and(row)
		}
	}
	return before, nil
}

// makeRoom opens the spill for the first key, and puts an index in its place when that pays.
func (k *Keys) makeRoom() (err error) {
	if k.spill == nil && k.index == nil {
		k.spill, err = openSpill(k.path)
		return err
	}
	if k.spill == nil || k.spill.searches < mostSearches {
		return nil
	}
	if k.index, err = newIndex(k.path, k.spill); err != nil {
		return noted(err)
	}
	err = k.spill.close() // the index has it all, and the filter's memory is free again
	k.spill = nil
	return err
}

// suspect notes the batch and finds what was met before of those of its keys that may not be new.
func (k *Keys) suspect(batch []Sighting, met map[[16]byte]Seen) error {
	rows := k.spill.rows
	for _, row := range batch {
		maybe, err := k.spill.add(row)
		if err != nil {
			return err
		}
		if maybe {
			met[row.ID] = Seen{}
		}
	}
	if len(met) == 0 {
		return nil
	}
	return k.spill.search(rows, met)
}

// Forget starts anew: what was met before doesn't count any more.
func (k *Keys) Forget() error {
	var errs []error
	if k.spill != nil {
		errs = append(errs, k.spill.close())
	}
	if k.index != nil {
		errs = append(errs, k.index.close())
	}
	k.spill, k.index = nil, nil
	return noted(errors.Join(errs...))
}

// Close removes whatever is left on the disk.
func (k *Keys) Close() error { return k.Forget() }
