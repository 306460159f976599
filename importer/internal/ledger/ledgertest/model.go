package ledgertest

import (
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"wolkvox-import/importer/internal/ledger"
)

// modelKeys is how many keys the model has: few, so that they meet.
const modelKeys = 5

// model is what a ledger should know: the state of each key, and what was said of its row.
type model struct {
	*fixture
	state   [modelKeys]ledger.State
	records map[int]string
}

// testModel does at random what may be done to a ledger, closing and killing it in between, and
// compares it with the model after each step.
func testModel(t *testing.T, f Factory) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{fixture: &fixture{t, f.New(t), nil}, records: map[int]string{}}
		m.open()
		t.Repeat(map[string]func(*rapid.T){
			"claim":       m.claim,
			"settle":      m.settleOne,
			"settle more": m.settleOne,
			"refuse":      m.refuse,
			"resolve":     m.resolve,
			"release":     m.release,
			"note":        m.note,
			"close":       func(*rapid.T) { m.ends(m.reopen) },
			"die":         func(*rapid.T) { m.do(m.Flush()); m.ends(m.die) },
			"":            m.compare,
		})
	})
}

func key(t *rapid.T) int { return rapid.IntRange(0, modelKeys-1).Draw(t, "key") }

// said makes a record of a key's row, unlike all before.
func (m *model) said(t *rapid.T, n int) ledger.Record {
	text := rapid.StringMatching("[a-z]{4}").Draw(t, "outcome")
	m.records[n] = text
	return ledger.Record{Row: n, Outcome: []byte(text)}
}

// claim has to win if the key is free, and to change nothing otherwise.
func (m *model) claim(t *rapid.T) {
	n := key(t)
	err := m.Claim(claim(n))
	switch free := m.state[n].Claimable(); {
	case free && err == nil:
		m.state[n] = ledger.Sending
	case !free && errors.Is(err, ledger.ErrNotClaimable):
	default:
		t.Fatalf("claim of a key that is %q: %v", m.state[n], err)
	}
}

// settleOne doesn't wait: the steps that follow must find the key settled all the same.
func (m *model) settleOne(t *rapid.T) {
	n := key(t)
	to := rapid.SampledFrom([]ledger.State{ledger.Created, ledger.Rejected, ledger.InDoubt}).Draw(t, "to")
	if m.state[n] != ledger.Sending {
		if err := m.settle(settlement(n, to), record(n)); !errors.Is(err, ledger.ErrNotClaimable) {
			t.Fatalf("settlement of a key that is %q: %v", m.state[n], err)
		}
		return
	}
	m.state[n] = to
	m.Settle(settlement(n, to), m.said(t, n), func(err error) {
		if err != nil {
			t.Errorf("settlement of a key that is being sent: %v", err)
		}
	})
}

// refuse changes what is free, and says something of the row in any case.
func (m *model) refuse(t *rapid.T) {
	n := key(t)
	m.do(m.Refuse(claim(n), m.said(t, n)))
	if m.state[n].Claimable() {
		m.state[n] = ledger.Invalid
	}
}

func (m *model) note(t *rapid.T) {
	n := key(t)
	m.do(m.Note([]ledger.Record{m.said(t, n)}))
}

func (m *model) release(t *rapid.T) {
	n := key(t)
	err := m.Release(id(n), "not sent")
	if (err == nil) != (m.state[n] == ledger.Sending) {
		t.Fatalf("release of a key that is %q: %v", m.state[n], err)
	}
	if err == nil {
		m.state[n] = ledger.Pending
	}
}

// resolve resolves one or two keys at once, now and then from a state that is wrong: both or none.
func (m *model) resolve(t *rapid.T) {
	var list []ledger.Resolution
	after, right := m.state, true
	for range rapid.IntRange(1, 2).Draw(t, "resolutions") {
		n := key(t)
		from := after[n]
		if rapid.Bool().Draw(t, "wrong") {
			from = rapid.SampledFrom(states).Draw(t, "from")
		}
		r := ledger.Resolution{ID: id(n), From: from, To: rapid.SampledFrom(states).Draw(t, "to")}
		right = right && from == after[n] && r.Check() == nil
		list, after[n] = append(list, r), r.To
	}
	if err := m.Resolve(list...); (err == nil) != right {
		t.Fatalf("resolving %+v of keys that are %q: %v", list, m.state, err)
	}
	if right {
		m.state = after
	}
}

// ends is what is left when the process has ended: what it was sending is in doubt, and the next
// run has no records.
func (m *model) ends(end func()) {
	end()
	for n, s := range m.state {
		if s == ledger.Sending {
			m.state[n] = ledger.InDoubt
		}
	}
	clear(m.records)
}

// compare asks the ledger for all that the model knows. It flushes first: what nobody waits for
// need not show before.
func (m *model) compare(t *rapid.T) {
	m.do(m.Flush())
	counts := map[ledger.State]int{}
	for n, want := range m.state {
		m.is(n, want)
		if want != ledger.Unknown {
			counts[want]++
		}
	}
	if got, err := m.Counts(); err != nil || !maps.Equal(got, counts) {
		t.Fatalf("counts %v, want %v, %v", got, counts, err)
	}
	got := map[int]string{}
	for r, err := range m.Ledger.Records(0) {
		m.do(err)
		got[r.Row] = string(r.Outcome)
	}
	if !maps.Equal(got, m.records) {
		t.Fatalf("records are %v, want %v", got, m.records)
	}
}
