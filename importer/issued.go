package importer

import (
	"fmt"
	"hash/maphash"
	"sync"

	"wolkvox-import/importer/internal/crm"
)

// issued knows ids that the CRM has given to rows. A cache or a canned answer gives one to
// many, and none of these rows has a case.
//
// It must cost next to nothing a row, and no memory that grows with the input: it is a table
// of 2 MB, in which an id is forgotten only when another one falls into its place, on average
// after 260,000 others. What repeats an id does so sooner. Of earlier runs it takes in the
// newest ids; and the first id of each run is looked for among all that the ledger has, since
// an answer that is the same for every row shows with the first one. Its zero value is ready.
type issued struct {
	mu    sync.Mutex
	seed  maphash.Seed
	slots []uint64 // hashes of ids, each at the place that its last bits say; nil before the first
}

const (
	issuedSlots = 1 << 18
	issuedSeen  = 1 << 14 // ids of earlier runs that are taken in; they are read in some 20 ms
)

// again takes in an id and tells whether it has been given before.
func (s *issued) again(id string) bool {
	hash := maphash.String(s.seed, id) | 1<<63 // never the zero of an empty place
	slot := &s.slots[hash%issuedSlots]
	if *slot == hash {
		return true
	}
	*slot = hash
	return false
}

// distinct fails where the CRM has given the id to another row, in this run or an earlier one.
func (r *run) distinct(id string) error {
	s := &r.issued
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := false
	if s.slots == nil {
		s.seed, s.slots = maphash.MakeSeed(), make([]uint64, issuedSlots)
		var err error
		if taken, err = r.recall(id); err != nil {
			r.fail(fmt.Errorf("whether the CRM has given an id twice can't be looked up: %w", err))
		}
	}
	if !s.again(id) && !taken {
		return nil
	}
	const hint = "a cache or a page before the CRM may answer in its place: check --server; look at the CRM which rows have a case, and settle them by resolve"
	r.end(&Halt{StatusStopped, fmt.Sprintf("wrong server: the CRM answered two rows with the same id %q", id), hint})
	return &crm.Error{Verdict: crm.InDoubt, Reason: "same_id", Message: "the CRM answered with an id that it had given to another row", Hint: hint, WolkvoxID: id}
}

// recall takes in the newest ids of earlier runs, and looks for one among all of them.
func (r *run) recall(id string) (taken bool, err error) {
	newest, err := r.ledger.NewestIDs(issuedSeen)
	for _, old := range newest {
		r.issued.again(old)
	}
	if err != nil {
		return false, err
	}
	_, taken, err = r.ledger.Owner(id)
	return taken, err
}
