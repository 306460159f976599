package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

var states = []ledger.State{ledger.Unknown, ledger.Pending, ledger.Sending, ledger.Created, ledger.Rejected, ledger.Invalid, ledger.InDoubt, ledger.Ignored}

// become brings a key into a state, by what is done to keys.
func become(t *testing.T, l *sqlite.Ledger, n int, s ledger.State) {
	t.Helper()
	var err error
	if s == ledger.Invalid {
		if err = l.Refuse(claim(n), ledger.Record{Row: n, Outcome: []byte("{}")}); err == nil {
			err = l.Flush()
		}
	} else if s != ledger.Unknown {
		err = l.Claim(claim(n))
	}
	switch s {
	case ledger.Pending:
		err = errors.Join(err, l.Release(id(n), "not sent"))
	case ledger.Created, ledger.Rejected, ledger.InDoubt:
		settle(t, l, n, s)
	case ledger.Ignored:
		settle(t, l, n, ledger.InDoubt)
		err = errors.Join(err, l.Resolve(ledger.Resolution{ID: id(n), From: ledger.InDoubt, To: ledger.Ignored}))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := state(t, l, n); got != s {
		t.Fatalf("it is %q, wanted %q", got, s)
	}
}

func TestClaimsTakeWhatMayBeSentAndNothingElse(t *testing.T) {
	l := open(t, file(t))
	for n, s := range states {
		become(t, l, n, s)
		if err := l.Claim(claim(n)); (err == nil) != claimable[s] || err != nil && !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("claim of a key that is %q: %v", s, err)
		}
	}
}

func TestOnlyTheseResolutionsAreTaken(t *testing.T) {
	allowed := map[string]bool{
		"in_doubt created": true, "in_doubt pending": true, "in_doubt ignored": true, "pending ignored": true,
		"rejected ignored": true, "invalid ignored": true, "created pending": true, "ignored pending": true,
	}
	l := open(t, file(t))
	n := 0
	for _, from := range states[1:] {
		for _, to := range states {
			n++
			become(t, l, n, from)
			err := l.Resolve(ledger.Resolution{ID: id(n), From: from, To: to})
			if want := allowed[string(from)+" "+string(to)]; (err == nil) != want {
				t.Errorf("from %s to %q: %v", from, to, err)
			}
			if err != nil && state(t, l, n) != from {
				t.Errorf("what was refused from %s to %q made it %q", from, to, state(t, l, n))
			}
		}
	}
}

// doubts makes keys that are in doubt, and what resolves them.
func doubts(t *testing.T, l *sqlite.Ledger, n int) (list []ledger.Resolution) {
	t.Helper()
	for i := range n {
		become(t, l, i, ledger.InDoubt)
		list = append(list, ledger.Resolution{ID: id(i), From: ledger.InDoubt, To: ledger.Created, WolkvoxID: fmt.Sprint("w", i), Evidence: "a person"})
	}
	return list
}

// When one of many resolutions fails, those before it are undone, and what shares the commit
// with them is not.
func TestManyResolutionsAreTakenWholeOrNotAtAll(t *testing.T) {
	l := open(t, file(t))
	list := doubts(t, l, 9)
	if err := l.Resolve(ledger.Resolution{ID: id(7), From: ledger.InDoubt, To: ledger.Ignored}); err != nil {
		t.Fatal(err)
	}
	claimed := make(chan error)
	go func() { claimed <- l.Claim(claim(99)) }()
	err := l.Resolve(list...)
	if !errors.Is(err, ledger.ErrNotClaimable) || !strings.Contains(err.Error(), "8 of 9") {
		t.Errorf("got %v", err)
	}
	if err := <-claimed; err != nil || state(t, l, 99) != ledger.Sending {
		t.Errorf("the claim beside it: %q, %v", state(t, l, 99), err)
	}
	if counts, err := l.Counts(); err != nil || counts[ledger.InDoubt] != 8 || counts[ledger.Created] != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	if found, err := l.Doubts(0); err != nil || len(found) != 8 || found[0].Evidence == "a person" {
		t.Errorf("%+v, %v", found, err)
	}
	if err := l.Resolve(append(list[:7:7], list[8])...); err != nil {
		t.Error(err)
	}
	if counts, err := l.Counts(); err != nil || counts[ledger.InDoubt] != 0 || counts[ledger.Created] != 8 {
		t.Errorf("%v, %v", counts, err)
	}
}

// A process that is killed while it resolves has resolved all or nothing.
func TestResolutionsOfAKilledProcessAreWholeOrNone(t *testing.T) {
	path := file(t)
	const n = 3000
	l := open(t, path)
	doubts(t, l, n)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for patience := 2 * time.Millisecond; ; patience += patience / 2 {
		victim := exec.Command(os.Args[0], "-test.run=^TestVictimThatResolves$")
		victim.Env = append(os.Environ(), "LEDGER_RESOLVES="+path)
		ready, err := victim.StdoutPipe()
		if err == nil {
			err = victim.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		ready.Read(make([]byte, 1))
		time.Sleep(patience) // a moment of its work, not a wait for something
		victim.Process.Kill()
		victim.Wait()
		view, err := sqlite.Look(path)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := view.Counts()
		view.Close()
		if err != nil || counts[ledger.InDoubt] != 0 && counts[ledger.InDoubt] != n {
			t.Fatalf("killed after %v: %v, %v", patience, counts, err)
		}
		if counts[ledger.Created] == n {
			return
		}
	}
}

// TestVictimThatResolves is run by the test above in a process of its own.
func TestVictimThatResolves(t *testing.T) {
	path := os.Getenv("LEDGER_RESOLVES")
	if path == "" {
		t.Skip("only for the test of killed processes")
	}
	l := open(t, path)
	var list []ledger.Resolution
	for i := range 3000 {
		list = append(list, ledger.Resolution{ID: id(i), From: ledger.InDoubt, To: ledger.Created})
	}
	fmt.Println("ready")
	if err := l.Resolve(list...); err != nil {
		t.Fatal(err)
	}
}

// What is asked about a row in doubt is what its last claim sent.
func TestSecondClaimIsRememberedAsItWasSent(t *testing.T) {
	path := file(t)
	l := open(t, path)
	become(t, l, 1, ledger.Rejected)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "UPDATE entries SET claimed_at = 1000, settled_at = 1000")
	l = open(t, path)
	c := ledger.Claim{ID: id(1), Key: "T-1", Template: "{{other}}", Columns: 5, Content: [16]byte{9}, Marker: "ref 1", Contact: "c@d", Length: 77}
	if err := l.Claim(c); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Entries([]ledger.ID{id(1)}); err != nil || e[id(1)] != (ledger.Entry{State: ledger.Sending, Template: "{{other}}", Columns: 5, Content: [16]byte{9}, WolkvoxID: "w"}) {
		t.Errorf("%+v, %v", e, err)
	}
	if err := l.Close(); err != nil { // before it is settled: in doubt since it was claimed
		t.Fatal(err)
	}
	found, err := open(t, path).Doubts(0)
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	if d := found[0]; d.Marker != "ref 1" || d.Contact != "c@d" || d.Length != 77 || time.Since(d.Since) > time.Hour {
		t.Errorf("%+v", d)
	}
}

// A run settles its own claims only.
func TestClaimOfAnotherRunIsNotSettled(t *testing.T) {
	l := open(t, file(t))
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(1, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := conclude(l, ledger.Settlement{ID: id(1), State: ledger.Created}, ledger.Record{Outcome: []byte("{}")}); !errors.Is(err, ledger.ErrNotClaimable) {
		t.Errorf("settled: %v", err)
	}
	if s := state(t, l, 1); s != ledger.Sending {
		t.Errorf("it is %s", s)
	}
}

func TestPurgedKeyIsNamedAgain(t *testing.T) {
	l := open(t, file(t))
	for n := range 2 {
		become(t, l, n, ledger.Rejected)
	}
	if n, err := l.Purge(time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	c := claim(1)
	c.Template = "{{new}}"
	if err := l.Refuse(c, ledger.Record{Row: 1, Outcome: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Claim(claim(0)); err != nil {
		t.Fatal(err)
	}
	settle(t, l, 0, ledger.InDoubt)
	if d, err := l.Doubts(0); err != nil || len(d) != 1 || d[0].Key != "T-0" {
		t.Errorf("%+v, %v", d, err)
	}
	if e, err := l.Entries([]ledger.ID{id(1)}); err != nil || e[id(1)].Template != "{{new}}" {
		t.Errorf("%+v, %v", e, err)
	}
	if n, err := l.Purge(time.Now().Add(time.Hour)); n != 1 || err != nil { // it had a name to purge
		t.Errorf("%d purged, %v", n, err)
	}
}

func TestPurgeKeepsTheEvidenceOfRowsInDoubt(t *testing.T) {
	l := open(t, file(t))
	for n, s := range []ledger.State{ledger.InDoubt, ledger.Rejected} {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
		if err := conclude(l, ledger.Settlement{ID: id(n), State: s, Evidence: "a timeout"}, ledger.Record{Row: n, Outcome: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Purge(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d, err := l.Doubts(0); err != nil || len(d) != 1 || d[0].Evidence != "a timeout" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestOnlyWhatMayHaveACaseCountsAsSent(t *testing.T) {
	for n, s := range states {
		l := open(t, file(t))
		become(t, l, n, s)
		want := s == ledger.Created || s == ledger.InDoubt || s == ledger.Sending
		other, found, err := l.OtherKey([][16]byte{{1}}, "{{other}}")
		if found != want || err != nil || want && other != "{{id}}" {
			t.Errorf("%q has another key: %t, %q, %v", s, found, other, err)
		}
		l.Close()
	}
}

// What was read ahead is told once: who asks again, as for a row that is there twice, is told
// what has become of it.
func TestKeyThatIsAskedForAgainIsLookedUpAgain(t *testing.T) {
	l := open(t, file(t))
	const n = 200
	var ids []ledger.ID
	for i := range n {
		ids = append(ids, id(i))
		if err := l.Claim(claim(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, some := range [][]ledger.ID{ids[:n/2], ids[n/2:]} { // the second half has been read with the first
		if _, err := l.Entries(some); err != nil {
			t.Fatal(err)
		}
	}
	for i := n / 2; i < n; i++ {
		settle(t, l, i, ledger.Created)
	}
	entries, err := l.Entries(ids[n/2:])
	if err != nil {
		t.Fatal(err)
	}
	for id, e := range entries {
		if e.State != ledger.Created {
			t.Fatalf("%x is %s", id, e.State)
		}
	}
}

// A sync that was interrupted is tried again, but not for ever.
func TestInterruptedSyncIsTriedAgain(t *testing.T) {
	for _, interrupted := range []error{syscall.EINTR, syscall.EAGAIN} {
		t.Run(interrupted.Error(), func(t *testing.T) {
			l := open(t, file(t))
			syncs := sqlite.Interrupt(t, 3, &os.PathError{Op: "sync", Path: "wal", Err: interrupted})
			if err := l.Claim(claim(1)); err != nil || syncs.Load() != 4 {
				t.Errorf("after %d syncs %v", syncs.Load(), err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDiskThatInterruptsEverySyncIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, file(t))
		sqlite.Interrupt(t, 1<<40, syscall.EINTR)
		began := time.Now()
		err := l.Claim(claim(1))
		if !errors.Is(err, syscall.EINTR) || !strings.Contains(err.Error(), "interrupted 100 times") || time.Since(began) > 10*time.Second {
			t.Errorf("after %v %v", time.Since(began), err)
		}
		if err := l.Claim(claim(2)); !errors.Is(err, syscall.EINTR) {
			t.Errorf("another says %v", err)
		}
		l.Close()
	})
}

// Who has a case is found among few and among many.
func TestOwnersOfManyCases(t *testing.T) {
	l := open(t, file(t))
	const n = 300
	var ids []string
	for i := range n {
		if err := l.Claim(claim(i)); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, fmt.Sprint("w", i))
		if err := conclude(l, ledger.Settlement{ID: id(i), State: ledger.Created, WolkvoxID: ids[i]}, ledger.Record{Row: i, Outcome: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, some := range []int{0, 5, 200, n} {
		owners, err := l.Owners(append(ids[:some:some], "nobody's"))
		if err != nil || len(owners) != some {
			t.Errorf("%d owners of %d cases, %v", len(owners), some, err)
		}
		for id, k := range owners {
			if k.Key == "" || k.WolkvoxID != id || k.Claimed.IsZero() || k.Settled.IsZero() {
				t.Fatalf("%s: %+v", id, k)
			}
		}
	}
}
