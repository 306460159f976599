package ledgertest

import (
	"fmt"
	"slices"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/ledger"
)

// owner is whom the suite's ledgers are for.
var owner = ledger.Binding{Operation: "op", Server: "crm.example", Rehearsal: "loopback"}

// states are all of them.
var states = []ledger.State{ledger.Unknown, ledger.Pending, ledger.Sending, ledger.Created,
	ledger.Rejected, ledger.Invalid, ledger.InDoubt, ledger.Ignored}

// fixture is a place and the ledger that is open there. Its methods end the test on any error.
type fixture struct {
	TB
	place Place
	ledger.Ledger
}

// open opens the ledger and begins a run.
func (f *fixture) open() {
	f.Helper()
	l, err := f.place.Open(owner)
	if err != nil {
		f.Fatalf("opening: %v", err)
	}
	f.Ledger = l
	f.TB.Cleanup(func() { l.Close() })
	f.do(l.Begin(1234, []byte(`{}`)))
}

// reopen closes the ledger in order and opens it again.
func (f *fixture) reopen() {
	f.Helper()
	f.do(f.Close())
	f.open()
}

// die kills the ledger's process, if the place can do that, and opens the ledger again.
func (f *fixture) die() {
	f.Helper()
	if f.place.Kill == nil {
		f.reopen()
		return
	}
	f.place.Kill(f.Ledger)
	f.open()
}

// do ends the test if something that has to succeed fails.
func (f *fixture) do(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// id is the n-th key's. Those of neighbours are neighbours, unlike real ones.
func id(n int) ledger.ID { return ledger.ID{byte(n >> 8), byte(n)} }

// claim is a claim in which nothing is as in another.
func claim(n int) ledger.Claim {
	return ledger.Claim{
		ID: id(n), Key: fmt.Sprint("T-", n), Template: "{{id}}", Columns: int64(n),
		Content: [16]byte{byte(n), byte(n >> 8)}, Marker: fmt.Sprintf("[ref:%d]", n),
		Contact: fmt.Sprintf("c%d@x", n), Length: n, Bytes: 2 * n,
	}
}

// record is what the suite says of the row of a key.
func record(n int) ledger.Record {
	return ledger.Record{Row: n, Outcome: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// settle settles a claim and waits until that is durable.
func (f *fixture) settle(s ledger.Settlement, r ledger.Record) error {
	done := make(chan error, 1)
	f.Settle(s, r, func(err error) { done <- err })
	return <-done
}

// settled claims a key and settles it.
func (f *fixture) settled(n int, s ledger.State) {
	f.Helper()
	f.do(f.Claim(claim(n)))
	f.do(f.settle(settlement(n, s), record(n)))
}

// settlement is how the claim of a key ends. Only a created one has a case, and so ids; every one has a
// time of its own, and evidence.
func settlement(n int, s ledger.State) ledger.Settlement {
	st := ledger.Settlement{ID: id(n), State: s, Evidence: fmt.Sprint("evidence ", n), At: clock.Clock(nil).Now()}
	if s == ledger.Created {
		st.WolkvoxID, st.IDPrefijo = fmt.Sprint("w", n), fmt.Sprint("p", n)
	}
	return st
}

// become brings a key that is unknown into a state, by what may be done to keys.
func (f *fixture) become(n int, s ledger.State) {
	f.Helper()
	switch s {
	case ledger.Unknown:
	case ledger.Invalid:
		f.do(f.Refuse(claim(n), record(n)))
		f.do(f.Flush())
	case ledger.Sending:
		f.do(f.Claim(claim(n)))
	case ledger.Pending:
		f.do(f.Claim(claim(n)))
		f.do(f.Release(id(n), "not sent"))
	case ledger.Ignored:
		f.settled(n, ledger.InDoubt)
		f.do(f.Resolve(ledger.Resolution{ID: id(n), From: ledger.InDoubt, To: ledger.Ignored}))
	default:
		f.settled(n, s)
	}
	f.is(n, s)
}

// is holds a key's state against the one that it should have.
func (f *fixture) is(n int, want ledger.State) {
	f.Helper()
	if got := f.state(n); got != want {
		f.Errorf("%d is %q, wanted %q", n, got, want)
	}
}

// state is a key's; all that tell it have to agree. What was read ahead must not be told here: most
// tests ask right after a change.
func (f *fixture) state(n int) ledger.State {
	f.Helper()
	f.NextInput()
	entries, err := f.Entries([]ledger.ID{id(n)})
	f.do(err)
	found, _, err := f.Find(id(n))
	f.do(err)
	if e := entries[id(n)]; e.State != found {
		f.Errorf("%d is %q as an entry, and %q when it is looked for", n, e.State, found)
	}
	return found
}

// records are what the last run did with an input's rows, as one text a row.
func (f *fixture) records(v ledger.Reports, input int) (list []string) {
	f.Helper()
	for r, err := range v.Records(input) {
		f.do(err)
		if r.Input != input {
			f.Errorf("a record of input %d among those of %d", r.Input, input)
		}
		list = append(list, fmt.Sprintf("%d %s", r.Row, r.Outcome))
	}
	return list
}

// hasRecords holds an input's records against those that there should be, and no other.
func (f *fixture) hasRecords(input int, want ...string) {
	f.Helper()
	if got := f.records(f, input); !slices.Equal(got, want) {
		f.Errorf("the records of input %d are %q, wanted %q", input, got, want)
	}
}

// look looks at the ledger as another process does.
func (f *fixture) look(take func(ledger.View)) {
	f.Helper()
	v, err := f.place.Look()
	f.do(err)
	take(v)
	f.do(v.Close())
}
