package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// Resolver settles rows in doubt, by proof or by a person's word.
type Resolver struct {
	Ledger string // file

	// What asking the CRM needs; Decide needs none of it.
	Server      string
	ServerMoved bool
	Tokens      []string
	Margin      time.Duration // since nothing of a request can leave any more, before "no such case" may be believed; 0 is none
	Timeout     time.Duration
	Version     string
	Log         *slog.Logger

	// Dial connects to the server; nil is the network. Clock is nil for the system's. Tests put
	// others in their places.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Clock clock.Clock
}

// Settled is what came of a row in doubt.
type Settled struct {
	Key       string
	State     string // created, pending (there is no case), or in_doubt still
	WolkvoxID string
	Why       string

	similar bool // a case that no row owns may be its
}

// Auto asks the CRM for the case of every row in doubt, by the row's marker and by its contact.
// What it needs to call a row present or absent is in proof.go. When ctx ends, the rows that were
// not asked for stay in doubt, and say so; that is no error.
func (v *Resolver) Auto(ctx context.Context) ([]Settled, error) {
	r, err := v.open()
	if err != nil {
		return nil, err
	}
	defer r.ledger.Close()
	return r.settle(ctx)
}

// resolving is a Resolver at work.
type resolving struct {
	*Resolver
	ledger ledger.Ledger
	sender *crm.Sender
	began  time.Time // by a clock that stands still while the computer sleeps
}

func (v *Resolver) open() (*resolving, error) {
	if v.Log == nil {
		v.Log = slog.New(slog.DiscardHandler)
	}
	server, err := crm.ParseServer(v.Server)
	if err != nil {
		return nil, &UsageError{err}
	}
	tokens := distinct(v.Tokens)
	if len(tokens) == 0 {
		return nil, usage("there is no token: put it into the environment variable WOLKVOX_TOKEN, or into a file for --token-file")
	}
	operation, _, err := bindingOf(v.Ledger)
	if err != nil {
		return nil, err
	}
	l, err := sqlite.Open(v.Ledger, ledger.Binding{Operation: operation, Server: server.Identity(), Rehearsal: crm.Loopback, Moved: v.ServerMoved})
	if wrong := new(ledger.BindingError); errors.As(err, &wrong) {
		return nil, &UsageError{err}
	} else if err != nil {
		return nil, err
	}
	sender := &crm.Sender{
		Client: crm.New(crm.Config{Server: server, Workers: len(tokens), Timeout: cmp.Or(v.Timeout, time.Minute), UserAgent: "wolkvox-import/" + v.Version, Dial: v.Dial}),
		Lanes:  crm.NewLanes(tokens, len(tokens)),
		Log:    v.Log,

		Operation: operation,
	}
	return &resolving{Resolver: v, ledger: l, sender: sender, began: time.Now()}, nil
}

// resolve settles what is in doubt before the run begins, if the job asks for it. It goes by the
// run's own lanes and pauses. If the run is stopped meanwhile, it says why.
func (r *run) resolve() (*Halt, error) {
	if !r.job.Resolve {
		return nil, nil
	}
	v := &Resolver{Tokens: r.job.Tokens, Margin: r.job.Margin, Log: r.job.Log, Clock: r.job.Clock}
	asking := &resolving{Resolver: v, ledger: r.ledger, sender: r.sender, began: time.Now()}
	settled, err := asking.settle(r.stop)
	if e := new(crm.Error); errors.As(err, &e) && e.Verdict == crm.TokenSpent {
		r.end(&Halt{StatusPaused, e.Message, e.Hint})
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("rows in doubt could not be settled: %w", err)
	}
	if len(settled) > 0 {
		left := slices.DeleteFunc(slices.Clone(settled), func(s Settled) bool { return s.State != string(ledger.InDoubt) })
		r.job.Log.Info(fmt.Sprintf("rows in doubt: %d, of which %d still are", len(settled), len(left)))
	}
	return r.halt(), nil
}

// bindingOf reads whom an existing ledger is for.
func bindingOf(path string) (operation, server string, err error) {
	if operation, server, err = sqlite.BindingOf(path); err != nil {
		err = &UsageError{err}
	}
	return operation, server, err
}

// settle goes through the rows in doubt, in the order in which their requests left. A case that
// can't be told from a row's becomes another row's when that one is found, so the unclear ones are
// asked for again while any row was found.
func (r *resolving) settle(ctx context.Context) ([]Settled, error) {
	doubts, err := r.ledger.Doubts(0)
	if err != nil {
		return nil, err
	}
	all, next := make([]Settled, len(doubts)), make([]int, len(doubts))
	for i, d := range doubts {
		all[i], next[i] = Settled{Key: d.Key, State: string(ledger.InDoubt), Why: "not asked for"}, i
	}
	for found := true; found; {
		var again []int
		found = false
		for n, i := range next {
			s, err := r.one(ctx, doubts[i], len(next)-n)
			switch {
			case err != nil && ctx.Err() != nil:
				return all, nil
			case err != nil:
				return all, err
			}
			r.Log.Info(s.Key+": "+s.State, "why", s.Why)
			all[i] = s
			found = found || s.State == string(ledger.Created)
			if s.similar {
				again = append(again, i)
			}
		}
		next = again
	}
	return all, nil
}

// one settles one row, as far as there is proof. On the way it says how many are left.
func (r *resolving) one(ctx context.Context, d ledger.Doubt, left int) (Settled, error) {
	s := Settled{Key: d.Key, State: string(ledger.InDoubt)}
	if d.Marker == "" {
		s.Why = "it was sent without a marker; look at the CRM and say what is there"
		return s, nil
	}
	if err := r.waitOut(ctx, d, left); err != nil {
		return s, err
	}
	p, by, err := r.prove(ctx, d)
	switch {
	case err != nil:
		return s, err
	case len(p.ours) > 0:
		return r.present(d, by, p.ours)
	case len(p.like) > 0:
		s.similar = true
		s.Why = p.like[0]
		if n := len(p.like) - 1; n > 0 {
			s.Why += fmt.Sprintf(" (and %d more like it)", n)
		}
		s.Why += "; look at it at the CRM, then say --created ID or --absent"
		return s, nil
	case len(p.gaps) > 0:
		s.Why = fmt.Sprintf("not found, which proves nothing: %s; look at the CRM for %s of %s, then say --created ID or --absent",
			strings.Join(p.gaps, "; "), d.Marker, d.Contact)
		return s, nil
	}
	s.State, s.Why = string(ledger.Pending), "the CRM has no such case, asked by description and by contact"
	return s, r.ledger.Resolve(ledger.Resolution{ID: d.ID, From: ledger.InDoubt, To: ledger.Pending,
		Evidence: fmt.Sprintf("resolve --auto: %s, %v after its request could leave", s.Why, r.Margin)})
}

// lookEvery is how often a sleep looks at the clock: timers stand still while a computer sleeps.
const lookEvery = 10 * time.Second

// waitOut waits until the row's request can't make a case any more. How long that has been so, a
// moment noted by another process tells if it is certain; otherwise it is since this one began.
func (r *resolving) waitOut(ctx context.Context, d ledger.Doubt, left int) error {
	for said := false; ; {
		rest := r.Margin - max(r.Clock.Now().Since(d.Last), time.Since(r.began))
		if rest <= 0 {
			return nil
		}
		if rest > time.Second && !said {
			r.Log.Info(fmt.Sprintf("waiting %v, until the CRM can't make the case any more", rest.Round(time.Second)), "rows left", left)
			said = true
		}
		if err := sleep(ctx, min(rest, lookEvery)); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}

// present records the case that was found. Of two, the older one is the row's; that
// there are two is said.
func (r *resolving) present(d ledger.Doubt, field string, hits []crm.Found) (Settled, error) {
	slices.SortFunc(hits, func(a, b crm.Found) int { return cmp.Compare(a.WolkvoxID, b.WolkvoxID) }) // ids begin with their time
	hit := hits[0]
	s := Settled{Key: d.Key, State: string(ledger.InDoubt), WolkvoxID: hit.WolkvoxID}
	owner, taken, err := r.ledger.Owner(hit.WolkvoxID)
	if err != nil {
		return s, err
	}
	if taken {
		s.WolkvoxID, s.Why = "", fmt.Sprintf("the case %s has its marker and belongs to the row %q; look at the CRM", hit.WolkvoxID, owner)
		return s, nil
	}
	longer, err := r.ledger.Longer(d.Marker)
	if err != nil {
		return s, err
	}
	if longer != "" {
		s.WolkvoxID, s.Why = "", fmt.Sprintf("the case %s has its marker, which may be %q of another row in doubt, cut; look at the CRM", hit.WolkvoxID, longer)
		return s, nil
	}
	s.Why = fmt.Sprintf("found by %s", field)
	if len(hits) > 1 {
		s.Why += fmt.Sprintf("; THERE ARE %d CASES OF IT, the next one is %s", len(hits), hits[1].WolkvoxID)
		r.Log.Warn("a row has more than one case at the CRM", "key", d.Key, "first", hit.WolkvoxID, "second", hits[1].WolkvoxID)
	}
	s.State = string(ledger.Created)
	return s, r.ledger.Resolve(ledger.Resolution{ID: d.ID, From: ledger.InDoubt, To: ledger.Created, WolkvoxID: hit.WolkvoxID, IDPrefijo: hit.IDPrefijo, Evidence: "resolve --auto: " + s.Why})
}
