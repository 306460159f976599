package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
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

// older makes a ledger as the program made it when its schema had that version.
func older(t *testing.T, version int) (path string) {
	path = file(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	statements := append(sqlite.Schema(version),
		"PRAGMA journal_mode = WAL",
		"INSERT INTO meta (name, value) VALUES ('operation', 'op'), ('server', 'crm.example')",
		"INSERT INTO runs (id, pid, started, ended, about) VALUES (7, 1234, 1, 2, '{}')",
		`INSERT INTO entries (id, key, template, state, run, columns, content, marker, contact, wolkvox_id, attempts, claimed_at, settled_at) VALUES
			(x'00020000000000000000000000000000', 'T-2', '{{id}}', 'rejected', 7, 0, x'01000000000000000000000000000000', '[ref:2]', '2@b', '', 1, 10, 11),
			(x'00010000000000000000000000000000', 'T-1', '{{id}}', 'in_doubt', 7, 0, x'01000000000000000000000000000000', '[ref:1]', '1@b', '', 1, 20, 21),
			(x'00000000000000000000000000000000', 'T-0', '{{id}}', 'created', 7, 0, x'01000000000000000000000000000000', '[ref]', 'a@b', 'w', 1, 30, 31),
			(x'00030000000000000000000000000000', 'T-3', '{{id}}', 'sending', 7, 0, x'01000000000000000000000000000000', '[ref]', 'a@b', '', 0, 40, 0)`,
		"INSERT INTO history (at, run, id, from_state, to_state, evidence) VALUES (31, 7, x'00000000000000000000000000000000', 'sending', 'created', 'the answer')",
	)
	places := "(input, row, outcome) VALUES (1, 3, '{\"n\":13}'), (0, 5, '{\"n\":5}'), (0, 2, '{\"n\":2}')"
	if version > 2 {
		places = "(place, outcome) VALUES ((1 << 40) + 3, '{\"n\":13}'), (5, '{\"n\":5}'), (2, '{\"n\":2}')"
	}
	statements = append(statements, "INSERT INTO records "+places)
	if version > 1 {
		statements = append(statements, "UPDATE entries SET length = 50 WHERE state = 'in_doubt'", "UPDATE entries SET length = 60 WHERE state = 'created'")
	}
	alter(t, path, statements...)
	return path
}

func any(ledger.Control) bool { return true }

func TestOlderLedgerIsMigratedWithAllItKnows(t *testing.T) {
	for version := 1; version < sqlite.Version; version++ {
		path := older(t, version)
		if _, err := sqlite.Look(path); err == nil || !strings.Contains(err.Error(), "older") {
			t.Errorf("version %d: reading it says %v", version, err)
		}
		l, err := sqlite.Open(path, real)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if l.Opening().Fresh || l.Opening().Recovered != 1 {
			t.Errorf("version %d: fresh %t, %d recovered", version, l.Opening().Fresh, l.Opening().Recovered)
		}
		for n, s := range []ledger.State{ledger.Created, ledger.InDoubt, ledger.Rejected, ledger.InDoubt} {
			if got := state(t, l, n); got != s {
				t.Errorf("version %d: %d is %q", version, n, got)
			}
		}
		if e, err := l.Entries([]ledger.ID{id(0)}); err != nil || e[id(0)] != (ledger.Entry{State: ledger.Created, Template: "{{id}}", Content: [16]byte{1}, WolkvoxID: "w"}) {
			t.Errorf("version %d: %+v, %v", version, e, err)
		}
		doubts, err := l.Doubts(0)
		length := map[bool]int{true: 50}[version > 1]
		if want := (ledger.Doubt{ID: id(1), Key: "T-1", Marker: "[ref:1]", Contact: "1@b", Length: length, Claimed: time.UnixMilli(20), Since: time.UnixMilli(21)}); err != nil || len(doubts) != 2 || doubts[0] != want {
			t.Errorf("version %d: in doubt are %+v, %v", version, doubts, err)
		}
		if c, err := l.Controls(60, 60, 1, any); (len(c) == 1) != (version > 1) || err != nil {
			t.Errorf("version %d: a control of 60 characters: %v, %v", version, c, err)
		}
		for input, want := range []string{`2:{"n":2} 5:{"n":5} `, `3:{"n":13} `} {
			got := ""
			for r, err := range l.Records(input) {
				if err != nil {
					t.Fatal(err)
				}
				got += fmt.Sprintf("%d:%s ", r.Row, r.Outcome)
			}
			if got != want {
				t.Errorf("version %d: records of input %d: %s", version, input, got)
			}
		}
		if err := l.Begin(1, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		if err := l.Claim(claim(0)); !errors.Is(err, ledger.ErrNotClaimable) {
			t.Errorf("version %d: what exists was claimed: %v", version, err)
		}
		c := claim(9)
		c.Length, c.Bytes = 77, 80
		if err := l.Claim(c); err != nil {
			t.Fatal(err)
		}
		settle(t, l, 9, ledger.Created)
		if controls, err := l.Controls(77, 80, 1, any); err != nil || len(controls) != 1 || controls[0].Marker != c.Marker {
			t.Errorf("version %d: the length is not kept: %+v, %v", version, controls, err)
		}
		for _, more := range [][2]int{{78, 80}, {77, 81}} {
			if c, err := l.Controls(more[0], more[1], 1, any); len(c) > 0 || err != nil {
				t.Errorf("version %d: a control of 77 characters in 80 bytes was given for %v, %v", version, more, err)
			}
		}
	}
}

func TestNewerLedgerIsRefused(t *testing.T) {
	path := file(t)
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "PRAGMA user_version = 99")
	if _, err := sqlite.Open(path, real); err == nil || !strings.Contains(err.Error(), "use the newer program") {
		t.Errorf("got %v", err)
	}
	if _, err := sqlite.Look(path); err == nil || !strings.Contains(err.Error(), "version 99") {
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
		if l, err := sqlite.Open(path, real); err == nil {
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

// Whom an older program's ledger belongs to can be read, so that it can be opened and brought up to
// date by any command that writes it.
func TestBindingOfAnOlderLedger(t *testing.T) {
	for version := 1; version <= sqlite.Version; version++ {
		operation, server, err := sqlite.BindingOf(older(t, version))
		if operation != "op" || server != "crm.example" || err != nil {
			t.Errorf("version %d: %q, %q, %v", version, operation, server, err)
		}
	}
	if _, _, err := sqlite.BindingOf(file(t)); err == nil || !strings.Contains(err.Error(), "there is no ledger") {
		t.Errorf("got %v", err)
	}
}

// What was purged can't be read from the ledger's files either, though its rows stay.
func TestPurgedNamesAreNotInTheFiles(t *testing.T) {
	path := file(t)
	l := open(t, path)
	for n := range 300 {
		c := claim(n)
		c.Key, c.Marker, c.Contact = "Perez", "[Perez]", "perez@x"
		if err := l.Claim(c); err != nil {
			t.Fatal(err)
		}
		st := ledger.Settlement{ID: c.ID, State: ledger.Rejected, Evidence: "no such Perez"}
		if err := conclude(l, st, ledger.Record{Row: n, Outcome: []byte(`{"key":"Perez"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Purge(time.Now().Add(time.Hour)); n != 300 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(path), f.Name()))
		if err != nil || bytes.Contains(bytes.ToLower(content), []byte("perez")) {
			t.Errorf("%s still has a name in it, %v", f.Name(), err)
		}
	}
	if s := state(t, open(t, path), 7); s != ledger.Rejected {
		t.Errorf("a purged row is %q", s)
	}
}
