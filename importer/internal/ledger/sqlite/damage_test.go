package sqlite_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

func scramble(b []byte, r *rand.Rand) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

// scattered are keys that lie in the index as real ones do.
func scattered(n int) []ledger.ID { return others(1, n) }

func others(seed uint64, n int) (ids []ledger.ID) {
	r := rand.New(rand.NewPCG(seed, 2))
	for range n {
		var id ledger.ID
		scramble(id[:], r)
		ids = append(ids, id)
	}
	return ids
}

// filled makes a ledger that knows these keys, and closes it.
func filled(t *testing.T, ids []ledger.ID) (path string) {
	t.Helper()
	path = file(t)
	l := open(t, path)
	for i, id := range ids {
		c := claim(i)
		c.ID = id
		if err := l.Refuse(c, ledger.Record{Row: i, Outcome: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.End([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// A damaged page is an error, and no key that was never sent: it would be sent again.
func TestDamageDuringARunIsAnErrorOfEntries(t *testing.T) {
	ids := scattered(20000) // more than SQLite keeps in memory
	path := filled(t, ids)
	l := open(t, path)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() // not before the ledger is
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(1 << 16); at < info.Size(); at += 9 * 4096 { // some are found before one isn't
		if _, err := file.WriteAt(make([]byte, 4096), at); err != nil {
			t.Fatal(err)
		}
	}
	failed := 0
	for at := 0; at < len(ids); at += 40 {
		some := ids[at : at+40]
		// Among more that are new, so that it doesn't read on: that would come by damage as well.
		entries, err := l.Entries(append(some[:40:40], others(9, 60)...))
		switch {
		case err == nil && len(entries) < len(some):
			t.Fatalf("from %d on, %d keys are unknown", at, len(some)-len(entries))
		case err != nil && !strings.Contains(err.Error(), "is damaged"):
			t.Fatal(err)
		case err != nil:
			failed++
		}
	}
	if failed == 0 {
		t.Error("no damage was found")
	}
}

// A run needs no folder for temporary files, and purging, which writes all of the ledger anew, needs
// none either.
func TestLedgerNeedsNoTemporaryFolder(t *testing.T) {
	path := file(t)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	t.Setenv("TEMP", os.Getenv("TMPDIR"))
	l := open(t, path)
	ids := scattered(20000)
	for i, id := range ids {
		c := claim(i)
		c.ID = id
		if err := l.Refuse(c, ledger.Record{Row: i, Outcome: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Purge(time.Now()); err != nil {
		t.Fatal(err)
	}
}
