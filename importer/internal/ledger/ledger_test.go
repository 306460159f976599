package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// all are the states, in the words in which ledgers keep them. Whoever changes a word makes
// every ledger unreadable.
var all = map[ledger.State]string{
	ledger.Unknown:  "",
	ledger.Pending:  "pending",
	ledger.Sending:  "sending",
	ledger.Created:  "created",
	ledger.Rejected: "rejected",
	ledger.Invalid:  "invalid",
	ledger.InDoubt:  "in_doubt",
	ledger.Ignored:  "ignored",
}

func TestStatesKeepTheirWords(t *testing.T) {
	for state, word := range all {
		if string(state) != word {
			t.Errorf("%q has become %q", word, state)
		}
	}
}

// A key that may have a case is never claimable: that would be a second one. An ignored key is
// neither.
func TestNoStateIsClaimableThatMayHaveACase(t *testing.T) {
	for state := range all {
		switch claimable, may := state.Claimable(), state.MayHaveCase(); {
		case claimable && may:
			t.Errorf("%q is claimable, and may have a case", state)
		case !claimable && !may && state != ledger.Ignored:
			t.Errorf("%q is not claimable, and has no case", state)
		}
	}
}

// A state that this program doesn't know must not be sent.
func TestStrangeStateIsNotClaimable(t *testing.T) {
	for _, s := range []ledger.State{"paused", "Pending", "pending "} {
		if s.Claimable() {
			t.Errorf("%q is claimable", s)
		}
	}
}

func TestOnlyTheseResolutionsMayBeMade(t *testing.T) {
	allowed := map[string]bool{
		"in_doubt created": true, "in_doubt pending": true, "in_doubt ignored": true, "pending ignored": true,
		"rejected ignored": true, "invalid ignored": true, "created pending": true, "ignored pending": true,
	}
	for from := range all {
		for to := range all {
			err := ledger.Resolution{From: from, To: to}.Check()
			if allowed[string(from)+" "+string(to)] {
				if err != nil {
					t.Errorf("from %q to %q: %v", from, to, err)
				}
			} else if err == nil || err.Error() != fmt.Sprintf("a key that is %s can't become %s", from, to) {
				t.Errorf("from %q to %q: %v", from, to, err)
			}
		}
	}
}

func TestBindingDecidesWhomALedgerIsFor(t *testing.T) {
	const moved, still = true, false
	for _, c := range []struct {
		name              string
		operation, server string // that it was made for
		b                 ledger.Binding
		moved             bool
		says              string
	}{
		{"the same", "op", "crm", ledger.Binding{"op", "crm", "loopback", still}, false, ""},
		{"the same, said to have moved", "op", "crm", ledger.Binding{"op", "crm", "loopback", moved}, false, ""},
		{"the same rehearsal", "op", "loopback", ledger.Binding{"op", "loopback", "loopback", still}, false, ""},
		{"another name", "op", "old", ledger.Binding{"op", "crm", "loopback", still}, false, "say --server-moved"},
		{"a moved server", "op", "old", ledger.Binding{"op", "crm", "loopback", moved}, true, ""},
		{"another operation", "other", "crm", ledger.Binding{"op", "crm", "loopback", moved}, false, `made for the operation "other", not "op"`},
		{"both are others", "other", "old", ledger.Binding{"op", "crm", "loopback", moved}, false, "operation"},
		{"a rehearsal made real", "op", "loopback", ledger.Binding{"op", "crm", "loopback", moved}, false, "need a ledger each"},
		{"a real one rehearsed", "op", "crm", ledger.Binding{"op", "loopback", "loopback", moved}, false, "need a ledger each"},
	} {
		moved, err := c.b.Check("l.db", c.operation, c.server)
		if moved != c.moved || (err == nil) != (c.says == "") {
			t.Errorf("%s: moved %t, %v", c.name, moved, err)
		}
		if err != nil && (!errors.As(err, new(*ledger.BindingError)) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "l.db")) {
			t.Errorf("%s: it says %v, and not %q", c.name, err, c.says)
		}
	}
}

func TestBusyLedgerSaysWhoHasIt(t *testing.T) {
	started := time.Date(2026, 12, 1, 2, 3, 4, 0, time.Local)
	for want, e := range map[string]ledger.BusyError{
		"the ledger l.db is in use by another run":                          {Path: "l.db"},
		"the ledger l.db is in use by process 12 since 2026-12-01 02:03:04": {"l.db", 12, started},
	} {
		if e.Error() != want {
			t.Errorf("%q, wanted %q", e.Error(), want)
		}
	}
}

// Callers tell these apart to decide what comes next: another row, no row any more, or no report.
func TestErrorsAreToldApart(t *testing.T) {
	list := []error{ledger.ErrNotClaimable, ledger.ErrFull, ledger.ErrNoRun}
	for i, a := range list {
		for j, b := range list {
			if errors.Is(fmt.Errorf("resolution 1 of 2: %w", a), b) != (i == j) {
				t.Errorf("%v is %v", a, b)
			}
		}
	}
}

// steps are the ways out of a state: what the importer does by itself, and what only a word of a
// person's or proof does.
func steps(from ledger.State) (itself, word []ledger.State) {
	if from.Claimable() {
		itself = append(itself, ledger.Sending, ledger.Invalid)
	}
	if from == ledger.Sending {
		itself = append(itself, ledger.Created, ledger.Rejected, ledger.InDoubt, ledger.Pending)
	}
	for to := range all {
		if (ledger.Resolution{From: from, To: to}).Check() == nil {
			word = append(word, to)
		}
	}
	return itself, word
}

// reach is all that a key can become from a state.
func reach(from ledger.State, words bool) map[ledger.State]bool {
	found := map[ledger.State]bool{}
	for todo := []ledger.State{from}; len(todo) > 0; {
		itself, word := steps(todo[0])
		todo = todo[1:]
		if words {
			itself = append(itself, word...)
		}
		for _, to := range itself {
			if !found[to] {
				found[to] = true
				todo = append(todo, to)
			}
		}
	}
	return found
}

// What exists, is in doubt or was ignored is not sent again by anything that the importer does by
// itself.
func TestNothingIsSentAgainWithoutAWord(t *testing.T) {
	for _, s := range []ledger.State{ledger.Created, ledger.InDoubt, ledger.Ignored} {
		if found := reach(s, false); len(found) > 0 {
			t.Errorf("%q becomes %v by itself", s, found)
		}
	}
}

// Whatever a key is, there is a way for it to become a case: no state is a dead end.
func TestNoStateIsADeadEnd(t *testing.T) {
	for s := range all {
		if !reach(s, true)[ledger.Created] {
			t.Errorf("what is %q can never become a case", s)
		}
	}
}
