package ledger_test

import (
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// alter changes a closed ledger behind the package's back.
func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("#", "%23", "?", "%3f", " ", "%20", "%", "%25").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOlderLedgerIsMigratedWithAllItKnows(t *testing.T) {
	path := file(t)
	l := open(t, path)
	for n, s := range []ledger.State{ledger.Created, ledger.InDoubt, ledger.Rejected} {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
		settle(t, l, n, s)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "ALTER TABLE entries DROP COLUMN length", "PRAGMA user_version = 1")
	l = open(t, path)
	for n, s := range []ledger.State{ledger.Created, ledger.InDoubt, ledger.Rejected} {
		if got := state(t, l, n); got != s {
			t.Errorf("%d is %s", n, got)
		}
	}
	c := claim(9)
	c.Length = 77
	if err := l.Claim(c); err != nil {
		t.Fatal(err)
	}
	settle(t, l, 9, ledger.Created)
	if control, ok, err := l.Control(77); !ok || err != nil || control.Marker != c.Marker {
		t.Errorf("the length is not kept: %+v, %v", control, err)
	}
	if _, ok, err := l.Control(78); ok || err != nil {
		t.Errorf("a control of 77 characters was given for 78, %v", err)
	}
}

func TestNewerLedgerIsRefused(t *testing.T) {
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "PRAGMA user_version = 99")
	if _, err := ledger.Open(path, real); err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("got %v", err)
	}
	if _, err := ledger.Look(path); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("got %v", err)
	}
}

// A process that died may have left a damaged file. That must not pass for a ledger that
// knows nothing of some rows.
func TestDamageAfterACrashIsFound(t *testing.T) {
	path := file(t)
	l := open(t, path)
	for n := range 500 {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
		settle(t, l, n, ledger.Created)
	}
	if err := l.Close(); err != nil { // without an end of the run
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 8192; at+4096 < len(content); at += 4096 {
		damaged := append([]byte(nil), content...)
		copy(damaged[at:], make([]byte, 600))
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := ledger.Open(path, real); err == nil {
			l.Close()
		} else if !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "malformed") {
			t.Errorf("page at %d: %v", at, err)
		} else {
			found++
		}
	}
	if found < len(content)/4096/2 {
		t.Errorf("%d of %d damaged pages were found", found, len(content)/4096)
	}
}

func TestPurgeKeepsWhatPreventsASecondCase(t *testing.T) {
	l := open(t, file(t))
	for n, s := range []ledger.State{ledger.Created, ledger.InDoubt} {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
		settle(t, l, n, s)
	}
	if n, err := l.Purge(time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	if n, err := l.Purge(time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	for n, s := range []ledger.State{ledger.Created, ledger.InDoubt} {
		if got := state(t, l, n); got != s {
			t.Errorf("%d is %s", n, got)
		}
		if err := l.Claim(claim(n)); err == nil {
			t.Errorf("%d was claimed once more", n)
		}
	}
	doubts, err := l.Doubts(0)
	if err != nil || len(doubts) != 1 || doubts[0].Marker == "" || doubts[0].Contact == "" || doubts[0].Key == "" {
		t.Errorf("what is in doubt was purged: %+v, %v", doubts, err)
	}
	if key, taken, err := l.Owner("w"); key != "" || !taken || err != nil {
		t.Errorf("owner %q, %t, %v", key, taken, err)
	}
}
