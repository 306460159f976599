package ledgertest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// testReopen: all states outlive the process, in order and killed. What it was sending is in doubt
// from then on, which is said once.
func testReopen(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
	}
	for round, end := range []func(){f.reopen, f.die, f.die} {
		end()
		if o := f.Opening(); o.Fresh || o.Recovered != map[int]int{0: 1}[round] {
			t.Errorf("round %d: opening found %+v", round, o)
		}
		for n, s := range states {
			if s == ledger.Sending {
				s = ledger.InDoubt
			}
			f.is(n, s)
		}
	}
}

// testClaimLasts: when Claim has returned, no end of the process loses the claim. Between two
// claims nothing is waited for.
func testClaimLasts(t *testing.T, f *fixture) {
	f.open()
	for n := range 8 {
		f.do(f.Claim(claim(n)))
		f.die()
		f.is(n, ledger.InDoubt)
		if err := f.Claim(claim(n)); !errors.Is(err, ledger.ErrNotClaimable) {
			t.Fatalf("a row whose request may have left can be sent again: %v", err)
		}
	}
}

// testSettlementLasts: a settlement that is lost leaves a row in doubt whose case is known to
// exist, and somebody has to look for it. What is settled is durable before any later claim
// returns, though nobody waits for it, and so are releases and resolutions when they return.
func testSettlementLasts(t *testing.T, f *fixture) {
	f.open()
	f.do(f.Claim(claim(0)))
	for n := range 8 {
		var told atomic.Bool
		f.Settle(settlement(n, ledger.Created), record(n), func(err error) { told.Store(err == nil) })
		f.do(f.Claim(claim(n + 1)))
		if !told.Load() {
			t.Errorf("a later claim returned before anybody was told of settlement %d", n)
		}
		f.die()
		f.is(n, ledger.Created)
		f.is(n+1, ledger.InDoubt)
		f.do(f.Resolve(ledger.Resolution{ID: id(n + 1), From: ledger.InDoubt, To: ledger.Pending}))
		f.die()
		f.is(n+1, ledger.Pending)
		f.do(f.Claim(claim(n + 1)))
		f.do(f.Release(id(n+1), "not sent"))
		f.die()
		f.is(n+1, ledger.Pending)
		f.do(f.Claim(claim(n + 1)))
	}
}

// testClaimsRace: two winners are two requests, and two cases. Of many who claim one key at the
// same time, one wins; also after it was given back.
func testClaimsRace(t *testing.T, f *fixture) {
	f.open()
	for n := range 30 {
		for round := range 2 {
			var won atomic.Int32
			var all sync.WaitGroup
			start := make(chan struct{})
			for range 8 {
				all.Go(func() {
					<-start
					if err := f.Claim(claim(n)); err == nil {
						won.Add(1)
					} else if !errors.Is(err, ledger.ErrNotClaimable) {
						t.Error(err)
					}
				})
			}
			close(start)
			all.Wait()
			if won.Load() != 1 {
				t.Fatalf("key %d, round %d: %d workers have its claim", n, round, won.Load())
			}
			if round == 0 {
				f.do(f.Release(id(n), "not sent"))
			}
		}
	}
}

// testManyWorkers: what many workers claim and settle at the same time is all there.
func testManyWorkers(t *testing.T, f *fixture) {
	f.open()
	const workers, each = 16, 20
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := w * each; n < (w+1)*each; n++ {
				if err := f.Claim(claim(n)); err != nil {
					t.Error(err)
				}
				if err := f.settle(settlement(n, ledger.Created), record(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	f.look(func(v ledger.View) {
		counts, err := v.Counts()
		if err != nil || len(counts) != 1 || counts[ledger.Created] != workers*each {
			t.Errorf("counts are %v, %v", counts, err)
		}
		if got := f.records(v, 0); len(got) != workers*each || got[7] != `7 {"n":7}` {
			t.Errorf("there are %d records", len(got))
		}
	})
}

// testFullDisk: an outcome that can't be recorded is a row in doubt for want of some bytes. A disk
// that fills up all at once, with many requests in flight. What becomes of
// them is recorded, nothing new is claimed, and what is dropped is said.
func testFullDisk(t *testing.T, f *fixture, disk Disk) {
	const inFlight = 32
	f.open()
	for n := range inFlight {
		f.do(f.Claim(claim(n)))
	}
	disk.Fill()
	for n := range inFlight {
		f.do(f.settle(settlement(n, ledger.Created), record(n)))
	}
	if err := f.Claim(claim(inFlight)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a claim on a full disk: %v", err)
	}
	f.do(f.Note([]ledger.Record{{Row: 99, Outcome: []byte(`{}`)}}))
	if err := f.Flush(); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a note was dropped in silence: %v", err)
	}
	disk.Free()
	time.Sleep(300 * time.Millisecond) // room may be looked at so often
	if err := f.Claim(claim(inFlight)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a run that has stopped claiming begins again: %v", err)
	}
	f.reopen()
	for n := range inFlight {
		f.is(n, ledger.Created)
	}
	f.do(f.Claim(claim(inFlight)))
}
