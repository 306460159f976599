package ledgertest

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// testRecords: the records of a run's inputs are apart, however long the inputs are, and come in
// the order of their rows. They outlive the process once they are flushed, and the next run
// forgets them.
func testRecords(t *testing.T, f *fixture) {
	f.open()
	var list []ledger.Record
	for _, r := range []ledger.Record{{Input: 1, Row: 2}, {Input: 0, Row: 1<<40 - 1}, {Input: 0, Row: 2}} {
		r.Outcome = fmt.Appendf(nil, "%d/%d", r.Input, r.Row)
		list = append(list, r)
	}
	f.do(f.Note(list[:2]))
	f.do(f.Note(list[2:]))
	f.do(f.Flush())
	if f.place.Kill != nil {
		f.place.Kill(f.Ledger)
	} else {
		f.do(f.Close())
	}
	f.look(func(v ledger.View) {
		for input, want := range []string{"2 0/2, 1099511627775 0/1099511627775", "2 1/2", ""} {
			if got := strings.Join(f.records(v, input), ", "); got != want {
				t.Errorf("input %d: %q, wanted %q", input, got, want)
			}
		}
		for range v.Records(0) {
			break // who stops early doesn't hold the view
		}
		if run, err := v.LastRun(); err != nil || !run.Ended.IsZero() {
			t.Errorf("the run that was killed: %+v, %v", run, err)
		}
	})
	f.open()
	f.hasRecords(0)
	f.hasRecords(1)
}

// testOrder: changes take effect in the order in which they were asked for, whoever waits for
// them.
func testOrder(t *testing.T, f *fixture) {
	f.open()
	say := func(row int, what string) ledger.Record { return ledger.Record{Row: row, Outcome: []byte(what)} }
	told := make(chan error, 1)
	f.do(f.Claim(claim(1)))
	f.do(f.Claim(claim(2)))
	f.do(f.Note([]ledger.Record{say(1, "noted first")}))
	f.Settle(settlement(1, ledger.Created), say(1, "settled last"), func(err error) { told <- err })
	f.do(<-told)
	f.Settle(settlement(2, ledger.Created), say(2, "settled first"), func(err error) { told <- err })
	f.do(f.Note([]ledger.Record{say(2, "noted last")}))
	f.do(<-told)
	f.do(f.Refuse(claim(3), say(3, "refused first")))
	f.do(f.Claim(claim(3)))
	f.do(f.Refuse(claim(3), say(4, "refused while it is being sent")))
	f.do(f.Flush())
	f.is(3, ledger.Sending)
	f.hasRecords(0, "1 settled last", "2 noted last", "3 refused first", "4 refused while it is being sent")
}

// testRuns: the last run is told as it began and as it ended.
func testRuns(t *testing.T, f *fixture) {
	l, err := f.place.Open(owner)
	f.do(err)
	f.Ledger = l
	if _, err := l.LastRun(); !errors.Is(err, ledger.ErrNoRun) {
		t.Errorf("before any run: %v", err)
	}
	for round := range 2 {
		f.do(l.Begin(1234+round, []byte(`{"begun":1}`)))
		run, err := l.LastRun()
		if err != nil || run.PID != 1234+round || !run.Ended.IsZero() || string(run.About) != `{"begun":1}` ||
			time.Since(run.Started).Abs() > time.Minute {
			t.Errorf("begun: %+v, %v", run, err)
		}
		f.do(l.End([]byte(`{"ended":1}`)))
		ended, err := l.LastRun()
		if err != nil || ended.ID != run.ID || time.Since(ended.Ended).Abs() > time.Minute ||
			string(ended.About) != `{"ended":1}` {
			t.Errorf("ended: %+v, %v", ended, err)
		}
	}
	f.do(l.Close())
	f.look(func(v ledger.View) {
		run, err := v.LastRun()
		if err != nil || run.PID != 1235 || run.Ended.IsZero() || string(run.About) != `{"ended":1}` {
			t.Errorf("after the ledger was closed: %+v, %v", run, err)
		}
		if operation, server, err := v.Binding(); operation != "op" || server != "crm.example" || err != nil {
			t.Errorf("it belongs to %q, %q, %v", operation, server, err)
		}
	})
}

// testViews: a ledger can be read while it is written, and by nobody else be written. What is
// being sent counts as such while the ledger is held, and is in doubt when its process is dead.
func testViews(t *testing.T, f *fixture) {
	f.open()
	f.do(f.Claim(claim(1)))
	f.settled(2, ledger.Created)
	if _, err := f.place.Open(owner); true {
		busy, is := errors.AsType[*ledger.BusyError](err)
		if !is || busy.PID != 1234 || time.Since(busy.Started).Abs() > time.Minute {
			t.Errorf("a second one: %v", err)
		}
	}
	shows := func(want map[ledger.State]int) func(ledger.View) {
		return func(v ledger.View) {
			counts, err := v.Counts()
			doubts, err2 := v.Doubts(0)
			if err != nil || err2 != nil || !maps.Equal(counts, want) || len(doubts) != want[ledger.InDoubt] {
				t.Errorf("it shows %v and %d doubts, %v, %v; wanted %v", counts, len(doubts), err, err2, want)
			}
		}
	}
	f.look(func(v ledger.View) {
		shows(map[ledger.State]int{ledger.Created: 1, ledger.Sending: 1})(v)
		f.settled(3, ledger.Rejected)
		shows(map[ledger.State]int{ledger.Created: 1, ledger.Sending: 1, ledger.Rejected: 1})(v)
	})
	if f.place.Kill != nil {
		f.place.Kill(f.Ledger)
	} else {
		f.do(f.Close())
	}
	dead := map[ledger.State]int{ledger.Created: 1, ledger.InDoubt: 1, ledger.Rejected: 1}
	f.look(shows(dead))
	f.open()
	f.look(shows(dead))
}
