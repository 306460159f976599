package ledgertest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// entry is what the ledger should have of a claim that was settled so, or not at all.
func entry(n int, s ledger.State) ledger.Entry {
	c := claim(n)
	e := ledger.Entry{State: s, Template: c.Template, Columns: c.Columns, Content: c.Content}
	if s == ledger.Created {
		e.WolkvoxID, e.IDPrefijo = fmt.Sprint("w", n), fmt.Sprint("p", n)
	}
	return e
}

// testEntries: a key that isn't found is sent. In whatever order keys are asked for, the ledger
// answers as if it looked up each of them. They are claimed by many workers, so their order is not
// quite that of the input.
func testEntries(t *testing.T, f *fixture) {
	const n = 3000
	f.open()
	for from := 0; from < n; from += 100 {
		var all sync.WaitGroup
		for i := from; i < from+100; i++ {
			all.Go(func() {
				if err := f.Claim(claim(i)); err != nil {
					t.Error(err)
				} else if i%3 == 0 {
					f.Settle(settlement(i, ledger.Created), record(i), func(error) {})
				}
			})
		}
		all.Wait()
	}
	f.do(f.Flush())
	for name, order := range map[string]func(i int) int{
		"in order":      func(i int) int { return i },
		"backwards":     func(i int) int { return n - 1 - i },
		"shuffled":      func(i int) int { return i * 1009 % n },
		"new ones":      func(i int) int { return i + 100*(i/300) }, // beyond n there are none
		"gone ones":     func(i int) int { return i + 7*(i/3) },
		"older, newer":  func(i int) int { return (i + i/500%2*1500) % n },
		"one in a many": func(i int) int { return i * 13 },
	} {
		for from := 0; from < n; from += 250 {
			var ids []ledger.ID
			want := map[ledger.ID]ledger.Entry{}
			for i := from; i < from+250; i++ {
				k := order(i)
				ids = append(ids, id(k))
				if k < n && k%3 == 0 {
					want[id(k)] = entry(k, ledger.Created)
				} else if k < n {
					want[id(k)] = entry(k, ledger.Sending)
				}
			}
			entries, err := f.Entries(ids)
			if err != nil || !maps.Equal(entries, want) {
				t.Fatalf("%s: from %d on, %d entries are not the %d wanted, %v",
					name, from, len(entries), len(want), err)
			}
		}
	}
}

// testEntriesAreNew: whatever is read ahead, a key that is asked for again and the next pass are
// told what has become of keys since.
func testEntriesAreNew(t *testing.T, f *fixture) {
	const n = 200
	f.open()
	var ids []ledger.ID
	for i := range n {
		ids = append(ids, id(i))
		f.do(f.Claim(claim(i)))
	}
	become := func(from int, s, to ledger.State) {
		for i := from; i < n; i++ {
			if s == ledger.Sending {
				f.do(f.settle(settlement(i, to), record(i)))
			} else {
				f.do(f.Resolve(ledger.Resolution{ID: id(i), From: s, To: to}))
			}
		}
	}
	all := func(what string, ids []ledger.ID, want ledger.State) {
		t.Helper()
		entries, err := f.Entries(ids)
		if err != nil || len(entries) != len(ids) {
			t.Fatalf("%s: %d entries of %d, %v", what, len(entries), len(ids), err)
		}
		for id, e := range entries {
			if e.State != want {
				t.Fatalf("%s: %x is %s, wanted %s", what, id, e.State, want)
			}
		}
	}
	all("at first", ids[:n/2], ledger.Sending) // those behind them may be read ahead
	become(n/2, ledger.Sending, ledger.InDoubt)
	f.NextInput()
	all("in the next pass", ids[n/2:], ledger.InDoubt)
	become(n/2, ledger.InDoubt, ledger.Pending)
	all("asked for again", ids[n/2:], ledger.Pending)
}

// testDoubts: of a row in doubt, all is kept that is needed to look for its case, as its last
// claim sent it. The oldest come first.
func testDoubts(t *testing.T, f *fixture) {
	f.open()
	f.settled(5, ledger.Rejected)
	time.Sleep(2 * time.Millisecond)
	var at [8]ledger.Settlement
	for _, n := range []int{7, 6, 5} {
		f.do(f.Claim(claim(n)))
		at[n] = settlement(n, ledger.InDoubt)
		at[n].WolkvoxID = "doubtful"
		f.do(f.settle(at[n], record(n)))
		time.Sleep(2 * time.Millisecond) // times are kept in milliseconds
	}
	f.die()
	doubts, err := f.Doubts(0)
	if err != nil || len(doubts) != 3 {
		t.Fatalf("%+v, %v", doubts, err)
	}
	for i, n := range []int{7, 6, 5} {
		d, c, last := doubts[i], claim(n), at[n].At
		want := ledger.Doubt{ID: c.ID, Key: c.Key, Marker: c.Marker, Contact: c.Contact,
			Length: c.Length, Bytes: c.Bytes,
			Evidence: at[n].Evidence, WolkvoxID: "doubtful", Claimed: d.Claimed, Since: d.Since, Last: d.Last}
		if d != want || d.Since.Before(d.Claimed) || time.Since(d.Claimed).Abs() > time.Minute {
			t.Errorf("%+v, wanted %+v", d, want)
		}
		if d.Last.Boot != last.Boot || !d.Last.Wall.Equal(last.Wall.Truncate(time.Millisecond)) ||
			d.Last.Uptime != last.Uptime.Truncate(time.Millisecond) {
			t.Errorf("its last byte left at %+v, and not at %+v", last, d.Last)
		}
	}
	if some, err := f.Doubts(2); err != nil || len(some) != 2 || some[0] != doubts[0] {
		t.Errorf("the first two: %+v, %v", some, err)
	}
	f.do(f.Claim(claim(8)))
	f.die()
	doubts, err = f.Doubts(0)
	if err != nil || len(doubts) != 4 || doubts[3].Key != "T-8" || doubts[3].Evidence == "" ||
		doubts[3].Last.Wall.IsZero() {
		t.Errorf("of a dead process: %+v, %v", doubts, err)
	}
}

// testColumnSets: sets are numbered once and for ever. Under another number, every row would seem to
// have changed since its import.
func testColumnSets(t *testing.T, f *fixture) {
	f.open()
	number := func(names string) int64 {
		n, err := f.ColumnSet(names)
		f.do(err)
		return n
	}
	a, b := number(`["a"]`), number(`["a","b"]`)
	f.die()
	again, first := number(`["a","b"]`), number(`["a"]`) // in another order: they are not numbered anew
	if a == b || first != a || again != b {
		t.Errorf("numbers %d, %d, then %d, %d", a, b, first, again)
	}
	if sets, err := f.ColumnSets(); err != nil || len(sets) != 2 || sets[b] != `["a","b"]` {
		t.Errorf("%v, %v", sets, err)
	}
}

// testKeys: free keys and templates are those of the keys in the right states.
func testKeys(t *testing.T, f *fixture) {
	f.open()
	var free []string
	for n, s := range states {
		f.become(n, s)
		if s.Claimable() && s != ledger.Unknown {
			free = append(free, fmt.Sprint("T-", n))
		}
	}
	c := claim(50)
	c.Template = "{{other}}"
	f.do(f.Claim(c))
	var got []string
	for key, err := range f.FreeKeys() {
		f.do(err)
		got = append(got, key)
	}
	for range f.FreeKeys() {
		break // who stops early doesn't hold the ledger
	}
	if slices.Sort(got); !slices.Equal(got, free) {
		t.Errorf("free are %q, wanted %q", got, free)
	}
	templates, err := f.Templates()
	if slices.Sort(templates); err != nil || !slices.Equal(templates, []string{"{{id}}", "{{other}}"}) {
		t.Errorf("templates are %q, %v", templates, err)
	}
	for n, s := range states {
		state, wolkvoxID, err := f.Find(id(n))
		want := map[ledger.State]string{ledger.Created: fmt.Sprint("w", n)}[s]
		if state != s || wolkvoxID != want || err != nil {
			t.Errorf("found %q with %q, %v; wanted %q", state, wolkvoxID, err, s)
		}
	}
}

// testOtherKeys: a mapping whose key was changed makes every row a new one. What has, or may have, a
// case counts as imported under another key, and nothing else does: it is free to be sent.
func testOtherKeys(t *testing.T, f *fixture) {
	f.open()
	var contents [][16]byte
	for n, s := range states {
		f.become(n, s)
		contents = append(contents, claim(n).Content)
		other, found, err := f.OtherKey(contents[n:], "{{other}}")
		if found != s.MayHaveCase() || err != nil || found && other != "{{id}}" {
			t.Errorf("%q has another key: %t, %q, %v", s, found, other, err)
		}
		if _, found, err := f.OtherKey(contents, "{{id}}"); found || err != nil {
			t.Errorf("%q has another key of the same template, %v", s, err)
		}
	}
	for range 300 {
		contents = append([][16]byte{{15: 1}}, contents...)
	}
	if _, found, err := f.OtherKey(contents, "{{other}}"); !found || err != nil {
		t.Errorf("among many there is none, %v", err)
	}
	got := map[[16]byte]bool{}
	for content, err := range f.OtherContents("{{other}}") {
		f.do(err)
		got[content] = true
	}
	for n, s := range states {
		if got[claim(n).Content] != s.MayHaveCase() {
			t.Errorf("%q is among other contents: %t", s, !s.MayHaveCase())
		}
	}
	for content := range f.OtherContents("{{id}}") {
		t.Errorf("%x has the same template", content)
	}
}
