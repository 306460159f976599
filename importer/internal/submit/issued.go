package submit

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/stop"
)

// issued knows ids that the CRM has given to rows. A cache or a canned answer gives one to
// many, and all but one of these rows have no case.
//
// It must cost next to nothing a row, and no memory that grows with the input: it is a table
// of half a megabyte, in which an id is forgotten only when another one falls into its place,
// on average after 65,000 others. What repeats an id does so sooner. Of earlier runs it takes in the
// newest ids. Among all that the ledger has an id is looked for only if it isn't new by
// its own word, as that of a canned answer, and only a few in a run: the ledger has no index
// of them, and a look takes a second for each million of entries. Its zero value is ready.
type issued struct {
	mu      sync.Mutex
	seed    maphash.Seed
	slots   []uint64 // hashes of ids, each at the place that its last bits say; nil before the first
	lookups int
}

const (
	issuedSlots = 1 << 16
	issuedSeen  = 1 << 13 // ids of earlier runs that are taken in; they are read in some 20 ms
	mostLookups = 3
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

// distinct fails if the CRM has given the id to another row, in this run or an earlier one. It also
// stops the run: an answer that repeats an id comes from a cache, and so would the next ones. The
// row stays in doubt, since its request did leave.
func (s *Submitter) distinct(id string) error {
	known := &s.issued
	known.mu.Lock()
	defer known.mu.Unlock()
	err := s.recall()
	taken := known.again(id)
	if err == nil && !taken && known.lookups < mostLookups && !newID(id, time.Now()) {
		known.lookups++
		_, taken, err = s.Ledger.Owner(id)
	}
	if err != nil {
		err = fmt.Errorf("whether the CRM has given an id twice can't be looked up: %w", err)
		s.Halt.Fail(err)
		return &crm.Error{Class: crm.InDoubt, Reason: "id_not_looked_up", Reply: crm.Reply{WolkvoxID: id}, Err: err,
			Message: err.Error(), Hint: "look at the case at the CRM; resolve --auto settles the row by its marker"}
	}
	if !taken {
		return nil
	}
	const hint = "a cache or a page before the CRM may answer in its place: check --server; " +
		"look at the CRM which rows have a case, and settle them by resolve"
	why := fmt.Sprintf("wrong server: the CRM answered two rows with the same id %q", id)
	s.Halt.Stop(&stop.Halt{Status: stop.Stopped, Why: why, Hint: hint})
	return &crm.Error{Class: crm.InDoubt, Reason: "same_id", Hint: hint, Reply: crm.Reply{WolkvoxID: id},
		Message: "the CRM answered with an id that it had given to another row"}
}

// recall takes in the newest ids of earlier runs, before the first of this one.
func (s *Submitter) recall() error {
	known := &s.issued
	if known.slots != nil {
		return nil
	}
	known.seed, known.slots = maphash.MakeSeed(), make([]uint64, issuedSlots)
	newest, err := s.Ledger.NewestIDs(issuedSeen)
	for _, id := range slices.Backward(newest) { // the newest of them last, or others would take its place
		known.again(id)
	}
	return err
}

// newID tells whether an id says that it was made just now, by the time that ids begin with. The hour
// is for clocks that go wrong.
func newID(id string, now time.Time) bool {
	made, ok := crm.MadeAt(id)
	return ok && now.Sub(made).Abs() < time.Hour
}
