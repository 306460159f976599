package sqlite_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

var real = ledger.Binding{Operation: "op", Server: "crm.example", Rehearsal: "loopback"}

func open(t *testing.T, path string) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(path, real)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := l.Begin(1234, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	return l
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "l #1?%.db") }

func claim(n int) ledger.Claim {
	return ledger.Claim{ID: id(n), Key: fmt.Sprint("T-", n), Template: "{{id}}", Content: [16]byte{1}, Marker: "[ref]", Contact: "a@b"}
}

func id(n int) ledger.ID { return ledger.ID{byte(n >> 8), byte(n)} }

// conclude settles and waits until that is durable.
func conclude(l *sqlite.Ledger, s ledger.Settlement, r ledger.Record) error {
	done := make(chan error, 1)
	l.Settle(s, r, func(err error) { done <- err })
	return <-done
}

func settle(t *testing.T, l *sqlite.Ledger, n int, s ledger.State) {
	t.Helper()
	if err := conclude(l, ledger.Settlement{ID: id(n), State: s, WolkvoxID: "w"}, ledger.Record{Row: n, Outcome: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
}

func state(t *testing.T, l *sqlite.Ledger, n int) ledger.State {
	t.Helper()
	entries, err := l.Entries([]ledger.ID{id(n)})
	if err != nil {
		t.Fatal(err)
	}
	return entries[id(n)].State
}

func TestOnlyFreeKeysCanBeClaimed(t *testing.T) {
	l := open(t, file(t))
	for n, c := range []struct {
		after ledger.State
		free  bool
	}{{ledger.Created, false}, {ledger.InDoubt, false}, {ledger.Rejected, true}, {ledger.Pending, true}} {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
		if err := l.Claim(claim(n)); !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("a key that is being sent was claimed: %v", err)
		}
		settle(t, l, n, c.after)
		if got := state(t, l, n); got != c.after {
			t.Errorf("%q, wanted %q", got, c.after)
		}
		if err := l.Claim(claim(n)); (err == nil) != c.free || err != nil && !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("claim after %s: %v", c.after, err)
		}
	}
}

func TestInvalidRowsDoNotTouchKeysThatWereSent(t *testing.T) {
	l := open(t, file(t))
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	settle(t, l, 1, ledger.Created)
	for n := 1; n <= 2; n++ {
		if err := l.Refuse(claim(n), ledger.Record{Row: n, Outcome: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if a, b := state(t, l, 1), state(t, l, 2); a != ledger.Created || b != ledger.Invalid {
		t.Errorf("%q, %q", a, b)
	}
	if err := l.Claim(claim(2)); err != nil {
		t.Errorf("a mended row can't be claimed: %v", err)
	}
}

func TestSettlingWhatWasNotClaimedFails(t *testing.T) {
	l := open(t, file(t))
	err := conclude(l, ledger.Settlement{ID: id(9), State: ledger.Created}, ledger.Record{Outcome: []byte(`{}`)})
	if !errors.Is(err, ledger.ErrNotClaimable) {
		t.Errorf("%v", err)
	}
	for r, err := range l.Records(0) {
		t.Errorf("a record was left: %v %v", r, err)
	}
}

func TestWhatADeadProcessWasSendingIsInDoubt(t *testing.T) {
	path := file(t)
	l := open(t, path)
	for n := range 3 {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, l, 2, ledger.Created)
	for _, held := range []bool{true, false} { // who only looks sees it too
		view, err := sqlite.Look(path)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := view.Counts()
		doubts, err2 := view.Doubts(0)
		want := map[bool]map[ledger.State]int{true: {ledger.Created: 1, ledger.Sending: 2}, false: {ledger.Created: 1, ledger.InDoubt: 2}}[held]
		if err != nil || err2 != nil || !maps.Equal(counts, want) || len(doubts) != want[ledger.InDoubt] {
			t.Errorf("held %v: %v, %+v, %v, %v", held, counts, doubts, err, err2)
		}
		if !held && (!strings.Contains(doubts[0].Evidence, "ended before") || time.Since(doubts[0].Since) > time.Hour) {
			t.Errorf("%+v", doubts[0])
		}
		view.Close()
		l.Close()
	}
	l = open(t, path)
	if l.Opening().Fresh || l.Opening().Recovered != 2 || state(t, l, 0) != ledger.InDoubt || state(t, l, 2) != ledger.Created {
		t.Errorf("fresh %v, recovered %d, states %s, %s", l.Opening().Fresh, l.Opening().Recovered, state(t, l, 0), state(t, l, 2))
	}
	doubts, err := l.Doubts(10)
	if err != nil || len(doubts) != 2 || doubts[0].Marker != "[ref]" || doubts[0].Contact != "a@b" || !strings.Contains(doubts[0].Evidence, "ended before") {
		t.Errorf("%+v, %v", doubts, err)
	}
	l.Close()
	if l = open(t, path); l.Opening().Recovered != 0 {
		t.Errorf("recovered %d once more", l.Opening().Recovered)
	}
}

func TestManyWorkersClaimAndSettleWhatTheyWrote(t *testing.T) {
	path := file(t)
	l := open(t, path)
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			for i := range 20 {
				n := w*20 + i
				if err := l.Claim(claim(n)); err != nil {
					t.Error(err)
				}
				if err := conclude(l, ledger.Settlement{ID: id(n), State: ledger.Created}, ledger.Record{Row: n + 1, Outcome: fmt.Appendf(nil, "%d", n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n := 0
	for r, err := range l.Records(0) {
		if err != nil || r.Row != n+1 || string(r.Outcome) != fmt.Sprint(n) {
			t.Fatalf("record %d is %v, %v", n, r, err)
		}
		n++
	}
	counts, err := l.Counts()
	if err != nil || n != 320 || counts[ledger.Created] != 320 {
		t.Errorf("%d records, counts %v, %v", n, counts, err)
	}
}

func TestSecondProcessIsRefusedAndToldWho(t *testing.T) {
	path := file(t)
	open(t, path)
	_, err := sqlite.Open(path, real)
	var busy *ledger.BusyError
	if !errors.As(err, &busy) || busy.PID != 1234 || time.Since(busy.Started) > time.Minute {
		t.Errorf("%v", err)
	}
	if held, err := sqlite.Held(path); !held || err != nil {
		t.Errorf("held %v, %v", held, err)
	}
}

func TestLedgerCanBeReadWhileItIsWritten(t *testing.T) {
	path := file(t)
	l := open(t, path)
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	v, err := sqlite.Look(path)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	counts, err := v.Counts()
	if err != nil || counts[ledger.Sending] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	settle(t, l, 1, ledger.Rejected)
	if counts, err = v.Counts(); err != nil || counts[ledger.Rejected] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
}

func TestClosedLedgerCanBeRead(t *testing.T) {
	path := file(t)
	l := open(t, path)
	if err := l.End([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := sqlite.Look(path)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	run, err := v.LastRun()
	if err != nil || run.PID != 1234 || run.Ended.IsZero() || string(run.About) != `{"a":1}` {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestLedgerBelongsToItsOperationAndServer(t *testing.T) {
	path := file(t)
	open(t, path).Close()
	for _, c := range []struct {
		b  ledger.Binding
		ok bool
	}{
		{ledger.Binding{Operation: "other", Server: "crm.example", Rehearsal: "loopback"}, false},
		{ledger.Binding{Operation: "op", Server: "crm2.example", Rehearsal: "loopback"}, false},
		{ledger.Binding{Operation: "op", Server: "loopback", Rehearsal: "loopback", Moved: true}, false},
		{ledger.Binding{Operation: "op", Server: "crm2.example", Rehearsal: "loopback", Moved: true}, true},
		{real, false}, // it has moved
	} {
		l, err := sqlite.Open(path, c.b)
		if wrong := new(ledger.BindingError); (err == nil) != c.ok || err != nil && !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", c.b, err)
		}
		if err == nil {
			l.Close()
		}
	}
}

func TestRehearsalNeverBecomesTheRealThing(t *testing.T) {
	path := file(t)
	l, err := sqlite.Open(path, ledger.Binding{Operation: "op", Server: "loopback", Rehearsal: "loopback"})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	moved := real
	moved.Moved = true
	if _, err := sqlite.Open(path, moved); err == nil {
		t.Error("a rehearsal's ledger was taken over for a real server")
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	if os.Getenv("OS") == "Windows_NT" {
		t.Skip("Windows has no such permissions")
	}
	path := file(t)
	l := open(t, path)
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info.Mode(), err)
		}
	}
}

func TestFilesThatAreNoLedgers(t *testing.T) {
	path := file(t)
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(path, real); err == nil || !strings.Contains(err.Error(), "is not a ledger") {
		t.Errorf("%v", err)
	}
	if _, err := sqlite.Look(filepath.Join(t.TempDir(), "none.db")); err == nil || !strings.Contains(err.Error(), "there is no ledger") {
		t.Errorf("%v", err)
	}
}

func TestNewRunForgetsTheLastOnesRecords(t *testing.T) {
	path := file(t)
	l := open(t, path)
	if err := l.Note([]ledger.Record{{Row: 1, Outcome: []byte(`1`)}, {Row: 2, Outcome: []byte(`2`)}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l = open(t, path)
	for r := range l.Records(0) {
		t.Errorf("still there: %v", r)
	}
}

func TestColumnSetsAreNumberedOnce(t *testing.T) {
	l := open(t, file(t))
	a, _ := l.ColumnSet(`["a"]`)
	b, _ := l.ColumnSet(`["a","b"]`)
	again, err := l.ColumnSet(`["a"]`)
	if err != nil || a == b || a != again {
		t.Errorf("%d, %d, %d, %v", a, b, again, err)
	}
	if sets, err := l.ColumnSets(); err != nil || sets[b] != `["a","b"]` {
		t.Errorf("%v, %v", sets, err)
	}
}

func TestHistoryCannotBeRewritten(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("no sqlite3 shell here")
	}
	path := filepath.Join(t.TempDir(), "l.db")
	l := open(t, path)
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	settle(t, l, 1, ledger.Rejected)
	l.Close()
	for _, sql := range []string{"DELETE FROM history", "UPDATE history SET evidence = 'x'"} {
		if out, err := exec.Command("sqlite3", path, sql).CombinedOutput(); err == nil {
			t.Errorf("%s: %s", sql, out)
		}
	}
}

func BenchmarkClaimAndSettle(b *testing.B) {
	l, err := sqlite.Open(filepath.Join(b.TempDir(), "l.db"), real)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if err := l.Begin(1, nil); err != nil {
		b.Fatal(err)
	}
	next := make(chan int)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for n := range next {
				c := claim(n)
				c.ID = ledger.ID{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
				if err := l.Claim(c); err != nil {
					b.Error(err)
				}
				if err := conclude(l, ledger.Settlement{ID: c.ID, State: ledger.Created}, ledger.Record{Row: n, Outcome: []byte(`{}`)}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for n := range b.N {
		next <- n
	}
	close(next)
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSettleThenClaim is one worker at a time: what became of a row, and the claim
// of the next, in one commit.
func BenchmarkSettleThenClaim(b *testing.B) {
	l, err := sqlite.Open(filepath.Join(b.TempDir(), "l.db"), real)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if err := l.Begin(1, nil); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		c := claim(n)
		c.ID = ledger.ID{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		if err := l.Claim(c); err != nil {
			b.Error(err)
		}
		l.Settle(ledger.Settlement{ID: c.ID, State: ledger.Created}, ledger.Record{Row: n, Outcome: []byte(`{}`)}, func(err error) {
			if err != nil {
				b.Error(err)
			}
		})
		n++
	}
}

// A disk that refuses to keep what was written leaves nobody with the word that it is kept,
// neither those whose change was committed meanwhile nor anybody who comes later.
func TestFailedSyncFailsAllThatWaitForIt(t *testing.T) {
	l := open(t, file(t))
	broken := errors.New("the disk is gone")
	begun := sqlite.FailSync(broken)
	var errs [5]error
	var all sync.WaitGroup
	all.Go(func() { errs[0] = l.Claim(claim(1)) })
	<-begun
	all.Go(func() { errs[1] = l.Claim(claim(2)) })
	all.Wait()
	errs[2], errs[3] = l.Claim(claim(3)), conclude(l, ledger.Settlement{ID: id(1), State: ledger.Created}, ledger.Record{})
	errs[4] = l.Flush()
	for n, err := range errs {
		if !errors.Is(err, broken) {
			t.Errorf("%d: %v", n, err)
		}
	}
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("closing says %v", err)
	}
}

// Entries reads on behind what it has found. In whatever order keys are asked for, it must
// answer as if it looked up each of them.
func TestEntriesAreFoundInAnyOrder(t *testing.T) {
	l := open(t, file(t))
	const n = 3000
	for from := 0; from < n; from += 100 {
		var all sync.WaitGroup
		for i := from; i < from+100; i++ {
			all.Go(func() {
				if err := l.Claim(distinctClaim(i)); err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					conclude(l, ledger.Settlement{ID: id(i), State: ledger.Created, WolkvoxID: fmt.Sprint("w", i), IDPrefijo: fmt.Sprint("p", i)}, ledger.Record{Row: i, Outcome: []byte(`{}`)})
				}
			})
		}
		all.Wait()
	}
	orders := map[string]func(i int) int{
		"in order":      func(i int) int { return i },
		"backwards":     func(i int) int { return n - 1 - i },
		"shuffled":      func(i int) int { return i * 1009 % n },
		"new ones":      func(i int) int { return i + 100*(i/300) }, // beyond n there are none
		"gone ones":     func(i int) int { return i + 7*(i/3) },
		"older, newer":  func(i int) int { return (i + i/500%2*1500) % n },
		"one in a many": func(i int) int { return i * 13 },
	}
	for name, order := range orders {
		for from := 0; from < n; from += 250 {
			var ids []ledger.ID
			want := map[ledger.ID]ledger.Entry{}
			for i := from; i < from+250; i++ {
				k := order(i)
				ids = append(ids, id(k))
				if k >= n {
					continue
				}
				c := distinctClaim(k)
				e := ledger.Entry{State: ledger.Sending, Template: c.Template, Columns: c.Columns, Content: c.Content}
				if k%3 == 0 {
					e.State, e.WolkvoxID, e.IDPrefijo = ledger.Created, fmt.Sprint("w", k), fmt.Sprint("p", k)
				}
				want[id(k)] = e
			}
			entries, err := l.Entries(ids)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(entries, want) {
				t.Fatalf("%s: from %d on, %d entries are not the %d wanted", name, from, len(entries), len(want))
			}
		}
	}
}

// distinctClaim is a claim in which nothing is as in another.
func distinctClaim(n int) ledger.Claim {
	c := claim(n)
	c.Template, c.Columns, c.Content, c.Length = fmt.Sprint("{{id}}", n), int64(n), [16]byte{byte(n), byte(n >> 8)}, n
	c.Marker, c.Contact = fmt.Sprintf("[ref:%d]", n), fmt.Sprintf("%d@b", n)
	return c
}

// Inputs of a run don't get into each other's records, however long they are.
func TestRecordsOfInputsAreApart(t *testing.T) {
	l := open(t, file(t))
	for _, r := range []ledger.Record{{Input: 0, Row: 2}, {Input: 0, Row: 3_000_000_000}, {Input: 1, Row: 2}} {
		r.Outcome = fmt.Appendf(nil, `{"input":%d,"row":%d}`, r.Input, r.Row)
		if err := l.Note([]ledger.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	for input, want := range []string{`2 {"input":0,"row":2} 3000000000 {"input":0,"row":3000000000} `, `2 {"input":1,"row":2} `, ""} {
		got := ""
		for r, err := range l.Records(input) {
			if err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprintf("%d %s ", r.Row, r.Outcome)
		}
		if got != want {
			t.Errorf("input %d: %s", input, got)
		}
	}
}

// What was read ahead for one input is not what the next one is told: its rows have become
// something else since.
func TestNextInputIsToldWhatHasBecomeOfRows(t *testing.T) {
	l := open(t, file(t))
	const n = 300
	ids := make([]ledger.ID, n)
	for i := range ids {
		ids[i] = id(i)
		if err := l.Claim(claim(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Entries(ids[:n/2]); err != nil { // and those behind them are read ahead
		t.Fatal(err)
	}
	for i := n / 2; i < n; i++ {
		settle(t, l, i, ledger.Created)
	}
	l.NextInput()
	entries, err := l.Entries(ids[n/2:])
	if err != nil || len(entries) != n/2 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for id, e := range entries {
		if e.State != ledger.Created {
			t.Fatalf("%x is %s", id, e.State)
		}
	}
}
