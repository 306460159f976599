package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/ledgertest"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// TestLedgerKeepsTheContract is what every ledger has to pass. What is SQLite's own has its tests
// beside this one.
func TestLedgerKeepsTheContract(t *testing.T) {
	ledgertest.Run(t, ledgertest.Factory{New: newPlace, Full: smallDisk})
}

func newPlace(t ledgertest.TB) ledgertest.Place {
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return placeIn(t, dir)
}

func placeIn(t ledgertest.TB, dir string) ledgertest.Place {
	path := filepath.Join(dir, "l #1?%.db")
	return ledgertest.Place{
		Open: func(b ledger.Binding) (ledger.Ledger, error) {
			l, err := sqlite.Open(path, b)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Look: func() (ledger.View, error) {
			v, err := sqlite.Look(path)
			if err != nil {
				return nil, err
			}
			return v, nil
		},
		Kill: func(l ledger.Ledger) {
			if err := kill9(l, path); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// kill9 leaves what the files hold now, without what closing the ledger adds to them: an orderly
// end checkpoints, and writes what is queued.
func kill9(l ledger.Ledger, path string) error {
	left := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			return err
		}
		left[suffix] = content
	}
	if err := l.Close(); err != nil {
		return err
	}
	for suffix, content := range left {
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
