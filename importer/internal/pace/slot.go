package pace

import (
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Slot is the right to one request in flight. Whoever has one must Leave it, once, after having told
// all that the answer says of the lane: the next request may leave at that moment.
type Slot struct {
	lanes *Lanes
	lane  *lane
	cuts  int // of the lane's window when the slot was given
}

// Lane names the slot's lane without giving its token away.
func (s Slot) Lane() string { return s.lane.name }

// open tells whether its lane is still in use.
func (s Slot) open() bool {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	return s.lane.inUse()
}

// Leave gives the slot back. counted tells whether a request left that the quota may have been
// charged for.
func (s Slot) Leave(counted bool) {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	s.lane.flying--
	if !counted {
		s.lane.restore()
	}
	s.lanes.serve()
}

// Asks counts a question that is asked from the slot beside its request.
func (s Slot) Asks() {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	s.lane.charge()
}

// Answered opens the lane's other slots, since the CRM has worked on a case.
func (s Slot) Answered() {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	s.lane.proven, s.lane.fresh = true, false
	s.lanes.serve()
}

// TooMany narrows the lane: the CRM has refused a request as one too many of its token. It tells
// whether that is news. A request that left before the last cut tells nothing new: one burst of
// refusals counts once.
func (s Slot) TooMany() bool {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	if s.cuts != s.lane.window.cuts {
		return false
	}
	s.lane.window.refused(time.Now())
	return true
}

// Throttled narrows all lanes: the CRM has refused a request as one too many of all. It tells
// whether that is news, as TooMany does.
func (s Slot) Throttled() bool {
	s.lanes.mu.Lock()
	defer s.lanes.mu.Unlock()
	if s.cuts != s.lane.window.cuts {
		return false
	}
	for _, lane := range s.lanes.lanes {
		lane.window.cut(time.Now())
	}
	return true
}

// Out takes the slot's lane out of use, for the given reason. It tells whether that is news.
func (s Slot) Out(why *crm.Error) bool { return s.lanes.out(s.lane, why) }
