package proof

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/stop"
)

// Settler settles rows in doubt.
// It is for one goroutine, and for one Settle at a time.
type Settler struct {
	Ledger ledger.Ledger
	Sender *pace.Sender
	Clock  clock.Clock
	Log    *slog.Logger

	// Margin is how long nothing of a request can have left before "there is no such case" may be
	// believed; 0 is no time.
	Margin time.Duration

	began time.Time // by a clock that stands still while the computer sleeps
}

// Settled is what came of a row in doubt.
type Settled struct {
	Key       string
	State     string // created, pending (there is no case), or in_doubt still
	WolkvoxID string
	Why       string

	similar bool // a case that no row owns may be its
}

// Settle goes through the rows in doubt, in the order in which their requests left. When ctx ends,
// the rows that were not asked for stay in doubt and say so; that is no error.
//
// A case that can't be told from a row's becomes another row's when that one is found, so the
// unclear ones are asked for again while any row was found.
func (s *Settler) Settle(ctx context.Context) ([]Settled, error) {
	s.began = time.Now()
	doubts, err := s.Ledger.Doubts(0)
	if err != nil {
		return nil, err
	}
	// All have an end from the start, so that an interruption leaves none unsaid.
	all, next := make([]Settled, len(doubts)), make([]int, len(doubts))
	for i, d := range doubts {
		all[i], next[i] = Settled{Key: d.Key, State: string(ledger.InDoubt), Why: "not asked for"}, i
	}
	for found := true; found; {
		var again []int
		found = false
		for n, i := range next {
			end, err := s.one(ctx, doubts[i], len(next)-n)
			switch {
			// What was settled so far is written; the rest says that it was not asked for.
			case err != nil && ctx.Err() != nil:
				return all, nil
			case err != nil:
				return all, err
			}
			s.Log.Info(end.Key+": "+end.State, "why", end.Why)
			all[i] = end
			found = found || end.State == string(ledger.Created)
			if end.similar {
				again = append(again, i)
			}
		}
		next = again
	}
	return all, nil
}

// one settles one row, as far as there is proof. On the way it says how many are left.
func (s *Settler) one(ctx context.Context, d ledger.Doubt, left int) (Settled, error) {
	end := Settled{Key: d.Key, State: string(ledger.InDoubt)}
	if d.Marker == "" {
		end.Why = "it was sent without a marker; look at the CRM and say what is there"
		return end, nil
	}
	// The wait comes before the questions: a case that is made between the two would be missed.
	if err := s.waitOut(ctx, d, left); err != nil {
		return end, err
	}
	p, by, err := s.prove(ctx, d)
	switch {
	case err != nil:
		return end, err
	case len(p.found) > 0:
		return s.present(d, by, p.found)
	case len(p.lookalikes) > 0:
		end.similar = true
		end.Why = p.lookalikes[0]
		if n := len(p.lookalikes) - 1; n > 0 {
			end.Why += fmt.Sprintf(" (and %d more like it)", n)
		}
		end.Why += "; look at it at the CRM, then say --created ID or --absent"
		return end, nil
	case len(p.gaps) > 0:
		end.Why = fmt.Sprintf("not found, which proves nothing: %s; "+
			"look at the CRM for %s of %s, then say --created ID or --absent",
			strings.Join(p.gaps, "; "), d.Marker, d.Contact)
		return end, nil
	}
	end.State, end.Why = string(ledger.Pending), "the CRM has no such case, asked by description and by contact"
	return end, s.Ledger.Resolve(ledger.Resolution{ID: d.ID, From: ledger.InDoubt, To: ledger.Pending,
		Evidence: fmt.Sprintf("resolve --auto: %s, %v after its request could leave", end.Why, s.Margin)})
}

// waitOut waits until the row's request can't make a case any more. How long that has been so, a
// moment noted by another process tells if it is certain; otherwise it is since this one began.
func (s *Settler) waitOut(ctx context.Context, d ledger.Doubt, left int) error {
	for said := false; ; {
		// Nothing left since this process began, as it holds the ledger and sends nothing itself.
		rest := s.Margin - max(s.Clock.Now().Since(d.Last), time.Since(s.began))
		if rest <= 0 {
			return nil
		}
		if rest > time.Second && !said {
			s.Log.Info(fmt.Sprintf("waiting %v, until the CRM can't make the case any more", rest.Round(time.Second)),
				"rows left", left)
			said = true
		}
		if err := stop.Sleep(ctx, min(rest, stop.LookEvery)); err != nil {
			return err
		}
	}
}

// present records the case that was found. Of two, the older one is the row's; that
// there are two is said.
func (s *Settler) present(d ledger.Doubt, field string, hits []crm.Found) (Settled, error) {
	slices.SortFunc(hits, func(a, b crm.Found) int { // ids begin with their time
		return cmp.Compare(a.WolkvoxID, b.WolkvoxID)
	})
	hit := hits[0]
	end := Settled{Key: d.Key, State: string(ledger.InDoubt), WolkvoxID: hit.WolkvoxID}
	owner, taken, err := s.Ledger.Owner(hit.WolkvoxID)
	if err != nil {
		return end, err
	}
	// Two rows with one marker, or one that an agent has copied: a person has to look.
	if taken {
		end.WolkvoxID = ""
		end.Why = fmt.Sprintf("the case %s has its marker and belongs to the row %q; look at the CRM",
			hit.WolkvoxID, owner)
		return end, nil
	}
	longer, err := s.Ledger.Longer(d.Marker)
	if err != nil {
		return end, err
	}
	// T-1's marker may be what is left of T-10's.
	if longer != "" {
		end.WolkvoxID = ""
		end.Why = fmt.Sprintf("the case %s has its marker, which may be %q of another row in doubt, cut; "+
			"look at the CRM", hit.WolkvoxID, longer)
		return end, nil
	}
	end.Why = fmt.Sprintf("found by %s", field)
	if len(hits) > 1 {
		end.Why += fmt.Sprintf("; THERE ARE %d CASES OF IT, the next one is %s", len(hits), hits[1].WolkvoxID)
		s.Log.Warn("a row has more than one case at the CRM",
			"key", d.Key, "first", hit.WolkvoxID, "second", hits[1].WolkvoxID)
	}
	end.State = string(ledger.Created)
	return end, s.Ledger.Resolve(ledger.Resolution{
		ID: d.ID, From: ledger.InDoubt, To: ledger.Created,
		WolkvoxID: hit.WolkvoxID, IDPrefijo: hit.IDPrefijo, Evidence: "resolve --auto: " + end.Why,
	})
}
