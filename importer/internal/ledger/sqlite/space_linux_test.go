package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/ledgertest"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// disk mounts a small disk of its own.
func disk(t ledgertest.TB, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no disk can be mounted here (%v); run as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return dir
}

// fill takes all the room that is left but so much.
func fill(t ledgertest.TB, dir string, leave int64) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filling"), make([]byte, int64(s.Bavail)*s.Bsize-leave), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A disk that fills up all at once, with 32 requests in flight: the ballast makes room
// for what becomes of them, and nothing new is claimed.
func TestFullDiskKeepsWhatIsInFlight(t *testing.T) {
	dir := disk(t, "32m")
	path := filepath.Join(dir, "l.db")
	l := open(t, path)
	const inFlight = 32
	for n := range inFlight {
		if err := l.Claim(claim(n)); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, dir, 0)
	for n := range inFlight {
		settle(t, l, n, ledger.Created)
	}
	for n := range inFlight {
		if s := state(t, l, n); s != ledger.Created {
			t.Errorf("%d is %s", n, s)
		}
	}
	if err := l.Claim(claim(inFlight)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a claim on a full disk: %v", err)
	}
	if err := l.Note([]ledger.Record{{Row: 99, Outcome: []byte(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a note was dropped in silence: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "filling")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	if err := l.Claim(claim(inFlight)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if _, err := os.Stat(path + ".ballast"); err != nil {
		t.Errorf("the ballast is not there again: %v", err)
	}
}

// Wherever the disk runs out while outcomes are written, page after page: each of them
// is recorded, and is there when the ledger is opened again.
func TestDiskFullAtEveryPage(t *testing.T) {
	dir := disk(t, "48m")
	for pages := range int64(24) {
		path := filepath.Join(dir, fmt.Sprintf("l%d.db", pages))
		l, err := sqlite.Open(path, real)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Begin(1, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		const inFlight = 8
		for n := range inFlight {
			if err := l.Claim(claim(n)); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, dir, pages*4096)
		for n := range inFlight {
			settle(t, l, n, ledger.Created)
		}
		if err := os.Remove(filepath.Join(dir, "filling")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, path)
		for n := range inFlight {
			if s := state(t, l, n); s != ledger.Created {
				t.Errorf("%d pages left: %d is %s", pages, n, s)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, path + ".ballast"} {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Claims stop while there is some room left.
func TestClaimsStopBelowTheFloor(t *testing.T) {
	dir := disk(t, "32m")
	l := open(t, filepath.Join(dir, "l.db"))
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	fill(t, dir, 4<<20)
	time.Sleep(300 * time.Millisecond)
	if err := l.Claim(claim(2)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("got %v", err)
	}
	settle(t, l, 1, ledger.Created)
	if _, err := os.Stat(filepath.Join(dir, "l.db.ballast")); err != nil {
		t.Errorf("the ballast was given up without need: %v", err)
	}
}

// A run that has stopped claiming doesn't begin again when somebody has made room: it has told the
// rest of its rows that they are not attempted.
func TestRunOnAFullDiskClaimsNoMoreWhenThereIsRoomAgain(t *testing.T) {
	dir := disk(t, "32m")
	l := open(t, filepath.Join(dir, "l.db"))
	fill(t, dir, 4<<20)
	time.Sleep(300 * time.Millisecond) // the disk is looked at so often; its room can't be faked
	if err := l.Claim(claim(1)); !errors.Is(err, ledger.ErrFull) {
		t.Fatalf("on a full disk: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "filling")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := l.Claim(claim(2)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("with room again: %v", err)
	}
}

func TestLedgerNeedsRoomToBegin(t *testing.T) {
	dir := disk(t, "6m")
	_, err := sqlite.Open(filepath.Join(dir, "l.db"), real)
	if err == nil || !strings.Contains(err.Error(), "10 MB are needed") {
		t.Errorf("got %v", err)
	}
}

// smallDisk is the suite's disk that can fill up.
func smallDisk(t ledgertest.TB) ledgertest.Disk {
	dir := disk(t, "32m")
	return ledgertest.Disk{
		Place: placeIn(t, dir),
		Fill:  func() { fill(t, dir, 0) },
		Free: func() {
			if err := os.Remove(filepath.Join(dir, "filling")); err != nil {
				t.Fatal(err)
			}
		},
	}
}
