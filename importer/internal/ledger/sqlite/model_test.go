package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// model is what a ledger should know: the state of each key.
type model struct {
	state map[int]ledger.State
}

var claimable = map[ledger.State]bool{ledger.Unknown: true, ledger.Pending: true, ledger.Rejected: true, ledger.Invalid: true}

// TestLedgerIsAsItsModel does at random what may be done to a ledger, closing it and
// letting its process die in between, and compares it with the model after each step.
func TestLedgerIsAsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "l.db")
		m := model{map[int]ledger.State{}}
		l := reopen(t, path, nil)
		defer func() { l.Close() }()
		key := rapid.IntRange(0, 4)
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				n := key.Draw(t, "key")
				err := l.Claim(claim(n))
				switch free := claimable[m.state[n]]; {
				case free && err == nil:
					m.state[n] = ledger.Sending
				case !free && errors.Is(err, ledger.ErrNotClaimable):
				default:
					t.Fatalf("claim of a key that is %q: %v", m.state[n], err)
				}
			},
			"settle": func(t *rapid.T) {
				n := key.Draw(t, "key")
				to := rapid.SampledFrom([]ledger.State{ledger.Created, ledger.Rejected, ledger.InDoubt}).Draw(t, "to")
				err := conclude(l, ledger.Settlement{ID: id(n), State: to, WolkvoxID: "w"}, ledger.Record{Row: n, Outcome: []byte("{}")})
				if (err == nil) != (m.state[n] == ledger.Sending) {
					t.Fatalf("settlement of a key that is %q: %v", m.state[n], err)
				}
				if err == nil {
					m.state[n] = to
				}
			},
			"refuse": func(t *rapid.T) {
				n := key.Draw(t, "key")
				if err := l.Refuse(claim(n), ledger.Record{Row: n, Outcome: []byte("{}")}); err != nil {
					t.Fatal(err)
				}
				if err := l.Flush(); err != nil {
					t.Fatal(err)
				}
				if claimable[m.state[n]] {
					m.state[n] = ledger.Invalid
				}
			},
			"resolve": func(t *rapid.T) {
				n := key.Draw(t, "key")
				states := []ledger.State{ledger.InDoubt, ledger.Pending, ledger.Rejected, ledger.Invalid, ledger.Created, ledger.Ignored, ledger.Sending}
				from, to := rapid.SampledFrom(states).Draw(t, "from"), rapid.SampledFrom(states).Draw(t, "to")
				if err := l.Resolve(ledger.Resolution{ID: id(n), From: from, To: to}); err == nil {
					if m.state[n] != from {
						t.Fatalf("resolved from %s a key that is %q", from, m.state[n])
					}
					if to == ledger.Sending || from == ledger.Created && to != ledger.Pending {
						t.Fatalf("resolved from %s to %s", from, to)
					}
					m.state[n] = to
				}
			},
			"release": func(t *rapid.T) {
				n := key.Draw(t, "key")
				if err := l.Release(id(n), "not sent"); (err == nil) != (m.state[n] == ledger.Sending) {
					t.Fatalf("release of a key that is %q: %v", m.state[n], err)
				} else if err == nil {
					m.state[n] = ledger.Pending
				}
			},
			"die": func(t *rapid.T) { l = reopen(t, path, l); m.die() },
			"":    func(t *rapid.T) { compare(t, l, m) },
		})
	})
}

// die is what is left of a process: what it was sending is in doubt.
func (m model) die() {
	for n, s := range m.state {
		if s == ledger.Sending {
			m.state[n] = ledger.InDoubt
		}
	}
}

func reopen(t *rapid.T, path string, l *sqlite.Ledger) *sqlite.Ledger {
	if l != nil {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l, err := sqlite.Open(path, real)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(1, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	return l
}

func compare(t *rapid.T, l *sqlite.Ledger, m model) {
	var ids []ledger.ID
	for n := range 5 {
		ids = append(ids, id(n))
	}
	entries, err := l.Entries(ids)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[ledger.State]int{}
	for n := range 5 {
		if got := entries[id(n)].State; got != m.state[n] {
			t.Fatalf("%d is %q, want %q", n, got, m.state[n])
		}
		if m.state[n] != ledger.Unknown {
			counts[m.state[n]]++
		}
	}
	got, err := l.Counts()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(counts) {
		t.Fatalf("counts %v, want %v, %v", got, counts, err)
	}
}
