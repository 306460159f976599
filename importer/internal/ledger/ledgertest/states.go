package ledgertest

import (
	"errors"
	"testing"

	"wolkvox-import/importer/internal/ledger"
)

// testBinding: a ledger belongs to its operation and server, a moved server takes it over, and a
// rehearsal never becomes the real thing.
func testBinding(t *testing.T, f *fixture) {
	moved := func(server string) ledger.Binding {
		return ledger.Binding{Operation: "op", Server: server, Rehearsal: "loopback", Moved: true}
	}
	f.open()
	if !f.Opening().Fresh {
		t.Error("a new ledger is not a fresh one")
	}
	f.do(f.Close())
	for _, c := range []struct {
		name string
		b    ledger.Binding
		ok   bool
	}{
		{"another operation", ledger.Binding{Operation: "other", Server: "crm.example", Rehearsal: "loopback"}, false},
		{"another server", ledger.Binding{Operation: "op", Server: "crm2.example", Rehearsal: "loopback"}, false},
		{"a rehearsal", moved("loopback"), false},
		{"a moved server", moved("crm2.example"), true},
		{"the server before it moved", owner, false},
		{"the moved server", ledger.Binding{Operation: "op", Server: "crm2.example"}, true},
	} {
		l, err := f.place.Open(c.b)
		if (err == nil) != c.ok || err != nil && !errors.As(err, new(*ledger.BindingError)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		if _, server, err := l.Binding(); server != c.b.Server || err != nil || l.Opening().Fresh {
			t.Errorf("%s: it belongs to %q, %v", c.name, server, err)
		}
		f.do(l.Close())
	}
}

// testClaim: a claim of what has a case would be a second one. So a claim takes what may be sent
// and nothing else, and keeps what was sent.
func testClaim(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
		again := claim(n)
		again.Template, again.Columns, again.Content = "{{other}}", 77, [16]byte{9}
		err := f.Claim(again)
		if (err == nil) != s.Claimable() || err != nil && !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("claim of a key that is %q: %v", s, err)
		}
		if !s.Claimable() {
			f.is(n, s)
			continue
		}
		f.is(n, ledger.Sending)
		f.NextInput()
		entries, err := f.Entries([]ledger.ID{id(n)})
		e := entries[id(n)]
		if err != nil || e.Template != again.Template || e.Columns != 77 || e.Content != again.Content {
			t.Errorf("claimed again after %q, it is %+v, %v", s, e, err)
		}
		if err := f.Claim(claim(n)); !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("a key that is being sent was claimed: %v", err)
		}
	}
}

// testSettle: a settlement needs a claim. An answer that comes for anything else is one that nobody can
// account for. Without one nothing is kept, not even the record.
func testSettle(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
		before := len(f.records(f, 0))
		err := f.settle(settlement(n, ledger.Created), ledger.Record{Row: 100 + n, Outcome: []byte("{}")})
		if s == ledger.Sending {
			f.do(err)
			f.is(n, ledger.Created)
			continue
		}
		if !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("settlement of a key that is %q: %v", s, err)
		}
		f.is(n, s)
		if left := f.records(f, 0); len(left) != before {
			t.Errorf("a settlement of a key that is %q left a record: %q", s, left)
		}
	}
	for i, s := range []ledger.State{ledger.Created, ledger.Rejected, ledger.InDoubt} {
		f.settled(200+i, s)
		f.is(200+i, s)
	}
}

// testRefuse: what could not become a case is invalid, and whatever may have a case stays what it
// is: a bad row in today's file must not hide that an older one was sent. The row's record is kept in
// any case.
func testRefuse(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
		f.do(f.Refuse(claim(n), ledger.Record{Input: 1, Row: n, Outcome: []byte("refused")}))
		f.do(f.Flush())
		if s.Claimable() {
			f.is(n, ledger.Invalid)
		} else {
			f.is(n, s)
		}
	}
	if got := f.records(f, 1); len(got) != len(states) {
		t.Errorf("%d rows were refused, and the records are %q", len(states), got)
	}
	if err := f.Claim(claim(0)); err != nil {
		t.Errorf("a mended row can't be claimed: %v", err)
	}
}

// testRelease: what was claimed and not sent is free again; nothing else is released.
func testRelease(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
		err := f.Release(id(n), "not sent")
		if s == ledger.Sending {
			f.do(err)
			f.is(n, ledger.Pending)
			continue
		}
		if !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("release of a key that is %q: %v", s, err)
		}
		f.is(n, s)
	}
}

// testClaimsOfAnotherRun: a run settles and releases its own claims only. The answer to a request of
// a run that ended must not settle what has been claimed since.
func testClaimsOfAnotherRun(t *testing.T, f *fixture) {
	f.open()
	f.do(f.Claim(claim(1)))
	f.do(f.Begin(1, []byte("{}")))
	if err := f.settle(settlement(1, ledger.Created), record(1)); !errors.Is(err, ledger.ErrNotClaimable) {
		t.Errorf("settled: %v", err)
	}
	if err := f.Release(id(1), ""); !errors.Is(err, ledger.ErrNotClaimable) {
		t.Errorf("released: %v", err)
	}
	f.is(1, ledger.Sending)
}

// testResolve: from each state to each, only what a resolution may change is changed, and only if
// the key is in the state that the resolution was made for: what a person has read on a screen may be
// old.
func testResolve(t *testing.T, f *fixture) {
	f.open()
	n := 0
	for _, is := range states {
		for _, to := range states {
			n++
			f.become(n, is)
			for _, from := range states {
				r := ledger.Resolution{ID: id(n), From: from, To: to, Evidence: "a person"}
				if err := f.Resolve(r); err == nil && (from != is || r.Check() != nil) {
					t.Errorf("%q to %q, of a key that is %q: it was taken", from, to, is)
				} else if err != nil && from == is && r.Check() == nil {
					t.Errorf("%q to %q: %v", from, to, err)
				} else if err == nil {
					f.is(n, to)
					break
				}
				f.is(n, is)
			}
		}
	}
}

// testResolveMany: when one of many resolutions fails, those before it are undone, and what
// happens at the same time is not.
func testResolveMany(t *testing.T, f *fixture) {
	f.open()
	var list []ledger.Resolution
	for n := range 9 {
		f.become(n, ledger.InDoubt)
		list = append(list, ledger.Resolution{ID: id(n), From: ledger.InDoubt, To: ledger.Created, WolkvoxID: "w"})
	}
	f.do(f.Resolve(ledger.Resolution{ID: id(7), From: ledger.InDoubt, To: ledger.Ignored}))
	claimed := make(chan error, 1)
	go func() { claimed <- f.Claim(claim(99)) }()
	if err := f.Resolve(list...); !errors.Is(err, ledger.ErrNotClaimable) {
		t.Errorf("one of them is ignored: %v", err)
	}
	never := ledger.Resolution{ID: id(8), From: ledger.Created, To: ledger.Ignored}
	if err := f.Resolve(append(list[:3:3], never)...); err == nil {
		t.Error("one of them may not be made, and all were taken")
	}
	f.do(<-claimed)
	f.is(99, ledger.Sending)
	f.die()
	for n := range 9 {
		if n != 7 {
			f.is(n, ledger.InDoubt)
		}
	}
	f.do(f.Resolve(append(list[:7:7], list[8])...))
	f.die()
	for n := range 9 {
		if n != 7 {
			f.is(n, ledger.Created)
		}
	}
}
