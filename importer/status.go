package importer

import (
	"errors"
	"time"

	"wolkvox-import/importer/internal/account"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/usage"
)

// State is what a ledger says at a glance.
type State struct {
	Operation string         `json:"operation"`
	Server    string         `json:"server"`
	Keys      map[string]int `json:"keys"` // by state
	Running   bool           `json:"running"`
	PID       int            `json:"pid,omitempty"` // of the last run
	Started   time.Time      `json:"started,omitzero"`
	Ended     time.Time      `json:"ended,omitzero"` // zero if it runs or was killed
	Stopped   string         `json:"stopped,omitempty"`
	Doubts    []Doubt        `json:"in_doubt,omitempty"` // the oldest ones
}

// Doubt is a row in doubt.
type Doubt struct {
	Key      string    `json:"key"`
	Marker   string    `json:"marker,omitempty"`
	Contact  string    `json:"contact,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Since    time.Time `json:"since"`
}

// mostDoubts bounds a State's list; its counts say how many there are.
const mostDoubts = 20

// Status looks at a ledger, also while a run holds it.
// It changes nothing.
func Status(path string) (State, error) {
	var s State
	view, err := sqlite.Look(path)
	if err != nil {
		return s, usage.Of(err)
	}
	defer view.Close()
	if s.Operation, s.Server, err = view.Binding(); err != nil {
		return s, err
	}
	if s.Running, err = sqlite.Held(path); err != nil {
		return s, err
	}
	counts, err := view.Counts()
	if err != nil {
		return s, err
	}
	s.Keys = map[string]int{}
	for state, n := range counts {
		s.Keys[string(state)] = n
	}
	doubts, err := view.Doubts(mostDoubts)
	if err != nil {
		return s, err
	}
	for _, d := range doubts {
		s.Doubts = append(s.Doubts, doubtOf(d))
	}
	return s, s.lastRun(view)
}

// Doubts lists the rows in doubt, the oldest first; also while a run holds the ledger.
func Doubts(path string) ([]Doubt, error) {
	view, err := sqlite.Look(path)
	if err != nil {
		return nil, usage.Of(err)
	}
	defer view.Close()
	found, err := view.Doubts(0)
	list := make([]Doubt, len(found))
	for i, d := range found {
		list[i] = doubtOf(d)
	}
	return list, err
}

// doubtOf leaves out what only a proof needs.
func doubtOf(d ledger.Doubt) Doubt {
	return Doubt{Key: d.Key, Marker: d.Marker, Contact: d.Contact, Evidence: d.Evidence, Since: d.Since}
}

// lastRun fills in what the last run said of itself. A ledger without a run has nothing to say.
func (s *State) lastRun(view ledger.View) error {
	last, a, err := account.Last(view)
	if errors.Is(err, ledger.ErrNoRun) {
		return nil
	}
	if err != nil {
		return err
	}
	s.PID, s.Started, s.Ended = last.PID, last.Started, last.Ended
	s.Stopped = a.About.Ended
	return nil
}
