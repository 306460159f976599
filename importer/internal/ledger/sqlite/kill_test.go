package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// doubts makes keys that are in doubt, and what resolves them.
func doubts(t *testing.T, l *sqlite.Ledger, n int) (list []ledger.Resolution) {
	t.Helper()
	for i := range n {
		if err := l.Claim(claim(i)); err != nil {
			t.Fatal(err)
		}
		settle(t, l, i, ledger.InDoubt)
		list = append(list, ledger.Resolution{ID: id(i), From: ledger.InDoubt, To: ledger.Created, WolkvoxID: fmt.Sprint("w", i), Evidence: "a person"})
	}
	return list
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
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	settle(t, l, 1, ledger.Rejected)
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

// When one of many resolutions fails, it is said which.
func TestResolutionThatFailsIsNumbered(t *testing.T) {
	l := open(t, file(t))
	list := doubts(t, l, 9)
	if err := l.Resolve(ledger.Resolution{ID: id(7), From: ledger.InDoubt, To: ledger.Ignored}); err != nil {
		t.Fatal(err)
	}
	err := l.Resolve(list...)
	if !errors.Is(err, ledger.ErrNotClaimable) || !strings.Contains(err.Error(), "8 of 9") {
		t.Errorf("got %v", err)
	}
	if found, err := l.Doubts(0); err != nil || len(found) != 8 || found[0].Evidence == "a person" {
		t.Errorf("%+v, %v", found, err)
	}
}
