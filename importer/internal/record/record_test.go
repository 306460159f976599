package record_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/record"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// fakeLedger takes in what is recorded, or fails.
type fakeLedger struct {
	ledger.Ledger // what isn't here must not be called
	fails         error
	noted         [][]ledger.Record
	refused       []ledger.Record
	settled       []ledger.Record
	flushed       int
}

func (f *fakeLedger) Note(list []ledger.Record) error {
	f.noted = append(f.noted, list)
	return f.fails
}

func (f *fakeLedger) Refuse(_ ledger.Claim, r ledger.Record) error {
	f.refused = append(f.refused, r)
	return f.fails
}

func (f *fakeLedger) Settle(_ ledger.Settlement, r ledger.Record, done func(error)) {
	f.settled = append(f.settled, r)
	done(f.fails)
}

func (f *fakeLedger) Flush() error { f.flushed++; return f.fails }

// begin makes a recorder for two inputs.
func begin(t *testing.T, f *fakeLedger, maxFailures int) (*record.Recorder, *stop.Switch, *record.Meter) {
	halt, meter := stop.New(t.Context(), slog.New(slog.DiscardHandler)), new(record.Meter)
	t.Cleanup(halt.Close)
	return record.New(f, halt, meter, 2, maxFailures), halt, meter
}

func outcome(row int, s reports.Status) reports.Outcome {
	return reports.Outcome{Origin: reports.Origin{Row: row}, Status: s, Sending: reports.Sending{Attempts: 1, SentBytes: 10}}
}

func TestEveryDoorCountsOnce(t *testing.T) {
	f := new(fakeLedger)
	r, halt, meter := begin(t, f, 0)
	r.Note(0, outcome(2, reports.Skipped))
	r.Note(1, outcome(2, reports.NotAttempted))
	r.Refuse(0, ledger.Claim{}, outcome(3, reports.Invalid))
	r.Settle(0, ledger.Settlement{}, outcome(4, reports.Created), func(error) {})
	r.Settle(0, ledger.Settlement{}, outcome(5, reports.InDoubt), func(error) {})
	r.Settle(0, ledger.Settlement{}, outcome(6, reports.Rejected), func(error) {})
	r.Finish(0, 5)
	r.Finish(1, 1)
	for input := range 2 {
		if s := r.Tally(input); !s.AddsUp() {
			t.Errorf("input %d: %d read, %v", input, s.RowsRead, s.Outcomes)
		}
	}
	if r.Rows() != 6 || r.NotAttempted() != 1 || r.Tally(0).Outcomes[reports.Created] != 1 {
		t.Errorf("%d rows, %d not attempted, %v", r.Rows(), r.NotAttempted(), r.Tally(0).Outcomes)
	}
	if p := meter.Read(); p.Rows != 6 || p.Created != 1 || p.Skipped != 1 || p.Failed != 3 || p.Bytes != 60 {
		t.Errorf("%+v", p)
	}
	if len(f.noted) != 1 || len(f.noted[0]) != 2 || len(f.refused) != 1 || len(f.settled) != 3 || halt.Thrown() {
		t.Errorf("%+v, %v", f, halt.Halt())
	}
	var o reports.Outcome
	if err := json.Unmarshal(f.settled[0].Outcome, &o); err != nil || o.Row != 4 || o.Status != reports.Created {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestNotesGoTogetherAndOnce(t *testing.T) {
	f := new(fakeLedger)
	r, _, _ := begin(t, f, 0)
	r.Flush() // there is nothing to hand on
	for row := range 300 {
		r.Note(0, outcome(row, reports.Skipped))
	}
	r.Flush()
	r.Flush()
	if len(f.noted) != 1 || len(f.noted[0]) != 300 || f.noted[0][299].Row != 299 {
		t.Errorf("%d calls", len(f.noted))
	}
}

func TestFailuresInARow(t *testing.T) {
	earlier := outcome(9, reports.InDoubt)
	earlier.Attempts = 0 // it is in doubt since an earlier run
	made, bad, doubt := outcome(2, reports.Created), outcome(3, reports.Invalid), outcome(4, reports.InDoubt)
	refused, passed := outcome(5, reports.Rejected), outcome(6, reports.Skipped)
	for name, c := range map[string]struct {
		most     int
		outcomes []reports.Outcome
		stops    bool
	}{
		"as many as are allowed":        {3, []reports.Outcome{bad, doubt, refused}, true},
		"one fewer":                     {3, []reports.Outcome{bad, doubt}, false},
		"a created row begins anew":     {3, []reports.Outcome{bad, bad, made, bad, bad}, false},
		"a skipped row changes nothing": {3, []reports.Outcome{bad, bad, passed, bad}, true},
		"an old doubt is no failure":    {2, []reports.Outcome{bad, earlier, earlier}, false},
		"0 is never":                    {0, []reports.Outcome{bad, bad, bad, bad}, false},
	} {
		r, halt, _ := begin(t, new(fakeLedger), c.most)
		for _, o := range c.outcomes {
			r.Note(0, o)
		}
		if halt.Thrown() != c.stops {
			t.Errorf("%s: %+v", name, halt.Halt())
		}
		if h := halt.Halt(); h != nil && (h.Status != stop.Stopped || h.Hint == "") {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestAFullLedgerFailsTheRun(t *testing.T) {
	for name, call := range map[string]func(*record.Recorder){
		"note":   func(r *record.Recorder) { r.Note(0, outcome(2, reports.Skipped)); r.Flush() },
		"refuse": func(r *record.Recorder) { r.Refuse(0, ledger.Claim{}, outcome(2, reports.Invalid)) },
		"finish": func(r *record.Recorder) { r.Finish(0, 0) },
	} {
		r, halt, _ := begin(t, &fakeLedger{fails: ledger.ErrFull}, 0)
		call(r)
		if h := halt.Halt(); h == nil || h.Status != stop.Stopped || h.Why != ledger.ErrFull.Error() {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestTheCallerLearnsWhatCannotBeSettled(t *testing.T) {
	r, halt, _ := begin(t, &fakeLedger{fails: ledger.ErrFull}, 0)
	var told error
	r.Settle(0, ledger.Settlement{}, outcome(2, reports.Created), func(err error) { told = err })
	if !errors.Is(told, ledger.ErrFull) || halt.Thrown() { // the caller has to say which case it was
		t.Error(told, halt.Halt())
	}
}

func TestARunThatIsEndedAtOnceSaysWhetherRowsAreInDoubt(t *testing.T) {
	m := new(record.Meter)
	if m.AtOnce() != stop.Paused {
		t.Error("nothing was claimed")
	}
	m.Claimed()
	if m.AtOnce() != stop.InDoubt {
		t.Error("a row was under way")
	}
	m.Settled()
	if m.AtOnce() != stop.Paused {
		t.Error("it was settled")
	}
	m.Count(reports.InDoubt, 0)
	if m.AtOnce() != stop.InDoubt {
		t.Error("it was settled as in doubt")
	}
}

func TestCountsOfManyGoroutinesAddUp(t *testing.T) {
	r, _, meter := begin(t, new(fakeLedger), 0)
	var g sync.WaitGroup
	for input := range 2 {
		for range 4 {
			g.Go(func() {
				for row := range 100 {
					r.Note(input, outcome(row, reports.Created))
				}
			})
		}
	}
	g.Wait()
	if r.Rows() != 800 || meter.Read().Rows != 800 || r.Tally(1).Outcomes[reports.Created] != 400 {
		t.Errorf("%d, %+v", r.Rows(), meter.Read())
	}
}

func TestTheMeterTellsWhatWasReadOnlyOnceItHasStarted(t *testing.T) {
	m := new(record.Meter)
	if p := m.Read(); !p.Since.IsZero() || p.Read != 0 {
		t.Errorf("%+v", p)
	}
	m.Start(func() float64 { return 0.25 })
	if p := m.Read(); p.Since.IsZero() || p.Read != 0.25 {
		t.Errorf("%+v", p)
	}
}
