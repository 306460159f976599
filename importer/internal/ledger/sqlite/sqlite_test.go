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
