package sqlite_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

// linked makes a ledger and another way to it, in another folder.
func linked(t *testing.T, link func(old, new string) error) (path, other string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "l.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	other = filepath.Join(t.TempDir(), "current.db")
	if err := link(path, other); err != nil {
		t.Skipf("there are no such links here: %v", err)
	}
	return path, other
}

var linkKinds = map[string]func(old, new string) error{"symbolic link": os.Symlink, "hard link": os.Link}

func TestLedgerReachedByALinkIsTheSameOne(t *testing.T) {
	for kind, link := range linkKinds {
		path, other := linked(t, link)
		for _, names := range [][2]string{{path, other}, {other, path}} {
			l := open(t, names[0])
			if held, err := sqlite.Held(names[1]); !held || err != nil {
				t.Errorf("%s: held %v, %v", kind, held, err)
			}
			if _, err := sqlite.Open(names[1], real); !errors.As(err, new(*ledger.BusyError)) {
				t.Errorf("%s: the second one was let in: %v", kind, err)
			}
			if err := l.Claim(claim(len(names[0]))); err != nil {
				t.Fatal(err)
			}
			view, err := sqlite.Look(names[1])
			if err != nil {
				t.Fatal(err)
			}
			if counts, err := view.Counts(); err != nil || counts[ledger.Sending] != 1 {
				t.Errorf("%s: the other name shows %v, %v", kind, counts, err)
			}
			view.Close()
			settle(t, l, len(names[0]), ledger.Created)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, suffix := range []string{"-wal", "-shm", ".lock", ".ballast", ".seal"} {
			if _, err := os.Lstat(other + suffix); err == nil {
				t.Errorf("%s: there is a %s of its own", kind, suffix)
			}
		}
	}
}

// A process that was killed leaves its last claims in the WAL. Who comes by another name must
// find them.
func TestKilledProcessesClaimsAreFoundByALink(t *testing.T) {
	for kind, link := range linkKinds {
		path, other := filepath.Join(t.TempDir(), "l.db"), filepath.Join(t.TempDir(), "current.db")
		die(t, path)
		if err := link(path, other); err != nil {
			t.Skipf("there are no such links here: %v", err)
		}
		for _, name := range []string{other, path} {
			l := open(t, name)
			if s := state(t, l, 1); s != ledger.InDoubt {
				t.Errorf("%s: by %s, what the dead one was sending is %q", kind, filepath.Base(name), s)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// die lets a process of its own claim a key and be killed.
func die(t *testing.T, path string) {
	t.Helper()
	victim := exec.Command(os.Args[0], "-test.run=^TestVictimThatClaims$")
	victim.Env = append(os.Environ(), "LEDGER_DIES="+path)
	if out, err := victim.CombinedOutput(); err == nil || strings.Contains(string(out), "FAIL") {
		t.Fatalf("the victim lives: %v\n%s", err, out)
	}
	if wal, err := os.Stat(path + "-wal"); err != nil || wal.Size() == 0 {
		t.Fatalf("it left no WAL: %v", err)
	}
}

// TestVictimThatClaims is run by the tests in a process of its own.
func TestVictimThatClaims(t *testing.T) {
	path := os.Getenv("LEDGER_DIES")
	if path == "" {
		t.Skip("only for other tests")
	}
	l := open(t, path)
	if err := l.Claim(claim(1)); err != nil {
		t.Fatal(err)
	}
	kill(t)
}

func kill(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	select {}
}

func TestLedgerMovedWithoutItsWALIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	die(t, path)
	moved := filepath.Join(t.TempDir(), "l.db")
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(moved, real); err == nil || !strings.Contains(err.Error(), "without "+path+"-wal") {
		t.Fatalf("got %v", err)
	}
	if err := os.Rename(path+"-wal", moved+"-wal"); err != nil {
		t.Fatal(err)
	}
	if s := state(t, open(t, moved), 1); s != ledger.InDoubt {
		t.Errorf("what was being sent is %q", s)
	}
}

func TestCopyOfALedgerIsAnotherOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "l.db")
	if err := os.WriteFile(other, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(other, other+"2"); err != nil {
		t.Skip(err)
	}
	open(t, path)
	open(t, other+"2")
}

func TestLinkToNoLedgerIsSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	if err := os.Symlink(path+"2", path); err != nil {
		t.Skip(err)
	}
	if _, err := sqlite.Open(path, real); err == nil || !strings.Contains(err.Error(), "is a link to a file that isn't there") {
		t.Errorf("got %v", err)
	}
}

// Files that somebody has laid in the way lead nowhere: nothing is written through them.
func TestFilesBesideALedgerFollowNoLinks(t *testing.T) {
	for _, suffix := range []string{".lock", ".ballast", ".seal"} {
		path := filepath.Join(t.TempDir(), "l.db")
		victim := filepath.Join(t.TempDir(), "victim")
		if suffix != ".lock" {
			if err := os.WriteFile(victim, []byte("not yours"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(victim, path+suffix); err != nil {
			t.Skip(err)
		}
		l, err := sqlite.Open(path, real)
		if suffix == ".lock" {
			if err == nil || !strings.Contains(err.Error(), "is a link, and is not followed") {
				t.Errorf("%s: %v", suffix, err)
			}
			if _, err := os.Lstat(victim); err == nil {
				t.Error("a file was made by the link")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Begin(1, []byte("{}")); err != nil {
			t.Errorf("%s: %v", suffix, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if content, err := os.ReadFile(victim); err != nil || string(content) != "not yours" {
			t.Errorf("%s: the file behind the link holds %.20q, %v", suffix, content, err)
		}
		if _, err := os.Lstat(victim + "-wal"); err == nil {
			t.Error("there is a WAL beside it")
		}
	}
}
