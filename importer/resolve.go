package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
)

// Resolver settles rows in doubt, by proof or by a person's word.
type Resolver struct {
	Ledger string // file

	// What asking the CRM needs; Decide needs none of it.
	Server      string
	ServerMoved bool
	Tokens      []string
	Margin      time.Duration // since a request left, before "no such case" may be believed; the zero value is none
	Timeout     time.Duration
	Version     string
	Log         *slog.Logger

	// Dial connects to the server; nil is the network. Tests put another in its place.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Settled is what came of a row in doubt.
type Settled struct {
	Key       string
	State     string // created, pending (there is no case), or in_doubt still
	WolkvoxID string
	Why       string
}

// Auto asks the CRM for the case of every row in doubt, by the row's marker. One case
// with that marker is presence. None is absence only where the margin has passed and
// the CRM does show, asked in the same way, a case that is known to exist, with a
// description at least as long. Everything else stays in doubt.
func (v *Resolver) Auto(ctx context.Context) ([]Settled, error) {
	r, err := v.open()
	if err != nil {
		return nil, err
	}
	defer r.ledger.Close()
	doubts, err := r.ledger.Doubts(0)
	if err != nil {
		return nil, err
	}
	return r.settle(ctx, doubts)
}

// resolving is a Resolver at work.
type resolving struct {
	*Resolver
	ledger    *ledger.Ledger
	client    *crm.Client
	operation string
	controls  map[control]error // nil: the CRM shows it
}

type control struct{ field, id string }

func (v *Resolver) open() (*resolving, error) {
	if v.Log == nil {
		v.Log = slog.New(slog.DiscardHandler)
	}
	server, err := crm.ParseServer(v.Server)
	if err != nil {
		return nil, &UsageError{err}
	}
	if len(v.Tokens) == 0 {
		return nil, usage("there is no token: put it into the environment variable WOLKVOX_TOKEN, or into a file for --token-file")
	}
	operation, _, err := bindingOf(v.Ledger)
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(v.Ledger, ledger.Binding{Operation: operation, Server: server.Identity(), Rehearsal: crm.Loopback, Moved: v.ServerMoved})
	if wrong := new(ledger.BindingError); errors.As(err, &wrong) {
		return nil, &UsageError{err}
	} else if err != nil {
		return nil, err
	}
	client := crm.New(crm.Config{Server: server, Workers: 1, Timeout: cmp.Or(v.Timeout, time.Minute), UserAgent: "wolkvox-import/" + v.Version, Dial: v.Dial})
	return &resolving{Resolver: v, ledger: l, client: client, operation: operation, controls: map[control]error{}}, nil
}

// resolve settles what is in doubt before the run begins, where the job asks for it.
func (r *run) resolve() error {
	if !r.job.Resolve {
		return nil
	}
	doubts, err := r.ledger.Doubts(0)
	if err != nil {
		return err
	}
	v := &Resolver{Tokens: r.job.Tokens, Margin: r.job.Margin, Log: r.job.Log}
	asking := &resolving{Resolver: v, ledger: r.ledger, client: r.sender.Client, operation: r.mapping.Operation, controls: map[control]error{}}
	settled, err := asking.settle(r.stop, doubts)
	if err != nil {
		return fmt.Errorf("rows in doubt could not be settled: %w", err)
	}
	if len(settled) > 0 {
		left := slices.DeleteFunc(settled, func(s Settled) bool { return s.State != string(ledger.InDoubt) })
		r.job.Log.Info(fmt.Sprintf("rows in doubt: %d, of which %d still are", len(doubts), len(left)))
	}
	return nil
}

// bindingOf reads whom an existing ledger is for.
func bindingOf(path string) (operation, server string, err error) {
	view, err := ledger.Look(path)
	if err != nil {
		return "", "", &UsageError{err}
	}
	defer view.Close()
	return view.Binding()
}

// settle goes through the rows in the order in which their requests left.
func (r *resolving) settle(ctx context.Context, doubts []ledger.Doubt) ([]Settled, error) {
	var all []Settled
	for i, d := range doubts {
		if d.Marker != "" {
			if err := r.waitOut(ctx, d.Since, len(doubts)-i); err != nil {
				return all, err
			}
		}
		s, err := r.one(ctx, d)
		if err != nil {
			return all, err
		}
		r.Log.Info(s.Key+": "+s.State, "why", s.Why)
		all = append(all, s)
	}
	return all, nil
}

// waitOut waits until a request that left at that time can't make a case any more.
func (r *resolving) waitOut(ctx context.Context, since time.Time, left int) error {
	d := time.Until(since.Add(r.Margin))
	if d <= 0 {
		return nil
	}
	if d > time.Second {
		r.Log.Info(fmt.Sprintf("waiting %v, until the CRM can't make the case any more", d.Round(time.Second)), "rows left", left)
	}
	return sleep(ctx, d)
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

// one settles one row, as far as there is proof.
func (r *resolving) one(ctx context.Context, d ledger.Doubt) (Settled, error) {
	s := Settled{Key: d.Key, State: string(ledger.InDoubt)}
	if d.Marker == "" {
		s.Why = "it was sent without a marker; look at the CRM and say what is there"
		return s, nil
	}
	for _, by := range []struct{ field, value string }{{crm.ByDescription, d.Marker}, {crm.ByContact, d.Contact}} {
		if by.value == "" {
			continue
		}
		hits, err := r.hits(ctx, by.field, by.value, d.Marker)
		switch {
		case stops(err):
			return s, err
		case err != nil:
			s.Why = fmt.Sprintf("the CRM can't be asked by %s: %v", by.field, err)
		case len(hits) > 0:
			return r.present(d, by.field, hits)
		default:
			if s.Why, err = r.absent(ctx, d, by.field); err != nil || s.Why == "" {
				s.State, s.Why = string(ledger.Pending), fmt.Sprintf("the CRM has no such case, asked by %s", by.field)
				return s, err
			}
		}
	}
	return s, nil
}

// hits are the cases whose last line is the marker.
func (r *resolving) hits(ctx context.Context, field, value, marker string) ([]crm.Found, error) {
	found, err := r.ask(ctx, field, value)
	return slices.DeleteFunc(found, func(f crm.Found) bool { return !f.Marked(marker) }), err
}

// ask repeats a query that gets no answer: unlike an insert, it may.
func (r *resolving) ask(ctx context.Context, field, value string) (found []crm.Found, err error) {
	for try := range 4 {
		if try > 0 {
			e := new(crm.Error)
			errors.As(err, &e)
			if err := sleep(ctx, max(time.Duration(try)*200*time.Millisecond, e.RetryAfter)); err != nil {
				return nil, err
			}
		}
		found, err = r.client.Query(ctx, r.Tokens[0], r.operation, field, value)
		if e := new(crm.Error); err == nil || errors.As(err, &e) && (e.Verdict == crm.Refused || e.Verdict == crm.TokenBad || e.Verdict == crm.TokenSpent || e.Verdict == crm.Misdirected || e.Verdict == crm.Redirected) {
			break
		}
	}
	return found, err
}

// stops tells errors after which asking on makes no sense.
func stops(err error) bool {
	e := new(crm.Error)
	if errors.Is(err, errInterrupted) {
		return true
	}
	return errors.As(err, &e) && e.Verdict != crm.Refused && e.Verdict != crm.InDoubt
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
	s.Why = fmt.Sprintf("found by %s", field)
	if len(hits) > 1 {
		s.Why += fmt.Sprintf("; THERE ARE %d CASES OF IT, the next one is %s", len(hits), hits[1].WolkvoxID)
		r.Log.Warn("a row has more than one case at the CRM", "key", d.Key, "first", hit.WolkvoxID, "second", hits[1].WolkvoxID)
	}
	s.State = string(ledger.Created)
	return s, r.ledger.Resolve(ledger.Resolution{ID: d.ID, From: ledger.InDoubt, To: ledger.Created, WolkvoxID: hit.WolkvoxID, IDPrefijo: hit.IDPrefijo, Evidence: "resolve --auto: " + s.Why})
}

// absent records that there is no case, if that is proven; else it says what is
// missing for the proof.
func (r *resolving) absent(ctx context.Context, d ledger.Doubt, field string) (missing string, err error) {
	c, ok, err := r.ledger.Control(d.Length)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "not found, which proves nothing: the ledger has no created case with so long a description to try the query by", nil
	}
	shown, err := r.shows(ctx, c, field)
	switch {
	case stops(err):
		return "", err
	case err != nil:
		return fmt.Sprintf("not found, which proves nothing: %v", err), nil
	case !shown:
		return fmt.Sprintf("not found by %s, which proves nothing: the CRM doesn't show the case %s in this way either", field, c.WolkvoxID), nil
	}
	return "", r.ledger.Resolve(ledger.Resolution{ID: d.ID, From: ledger.InDoubt, To: ledger.Pending,
		Evidence: fmt.Sprintf("resolve --auto: not found by %s after %v; the case %s was", field, r.Margin, c.WolkvoxID)})
}

// shows asks the CRM for the control.
func (r *resolving) shows(ctx context.Context, c ledger.Control, field string) (bool, error) {
	key := control{field, c.WolkvoxID}
	if err, ok := r.controls[key]; ok {
		return err == nil, nil
	}
	value := c.Marker
	if field == crm.ByContact {
		value = c.Contact
	}
	if value == "" {
		return false, nil
	}
	hits, err := r.hits(ctx, field, value, c.Marker)
	if err != nil {
		return false, err
	}
	shown := slices.ContainsFunc(hits, func(f crm.Found) bool { return f.WolkvoxID == c.WolkvoxID })
	r.controls[key] = nil
	if !shown {
		r.controls[key] = errors.New("the control isn't shown")
	}
	return shown, nil
}
