package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
)

var cutStep = flag.Int("cut.step", 5, "cut the power at every so many-th write; 1 is every one")

// TestPowerCut cuts the power at one write after another, while requests are claimed,
// sent and settled, and between two opens of a ledger. Afterwards the disk holds what was
// synced; of all else, any page may be there or not. Whatever was sent must be known as
// sent, and whatever was acknowledged must be there.
func TestPowerCut(t *testing.T) {
	for at, lasts := 1, true; lasts; at += *cutStep {
		var wrong []string
		wrong, lasts = powerCut(t, at, true)
		for _, w := range wrong {
			t.Errorf("power cut at write %d: %s", at, w)
		}
	}
}

// TestPowerCutSeesMissingSyncs is the control: with a ledger that doesn't wait for the
// disk the test above must fail, or it sees nothing.
func TestPowerCutSeesMissingSyncs(t *testing.T) {
	for at := 1; ; at += 7 {
		wrong, lasts := powerCut(t, at, false)
		if len(wrong) > 0 {
			t.Logf("power cut at write %d: %s", at, wrong[0])
			return
		}
		if !lasts {
			t.Fatal("no power cut harmed a ledger that isn't synced")
		}
	}
}

// powerCut runs a victim on a disk that loses its power at a write; synced tells whether its
// ledger waits for the disk. lasts is false where the victim came to its end before.
func powerCut(t *testing.T, at int, synced bool) (wrong []string, lasts bool) {
	t.Helper()
	d := mountDisk(t, at)
	victim := exec.Command(os.Args[0], "-test.run=^TestVictimOfPowerCuts$")
	victim.Env = append(os.Environ(), "LEDGER_VICTIM="+filepath.Join(d.mounted, "l.db"), "LEDGER_SYNCED="+strconv.FormatBool(synced))
	var talk, complaint bytes.Buffer
	victim.Stdout, victim.Stderr = &talk, &complaint
	err := victim.Run()
	lasts = d.dead()
	if err != nil && !lasts {
		t.Fatalf("the victim failed with the power on: %v\n%s%s", err, talk.Bytes(), complaint.Bytes())
	}
	d.unmount()
	return reckon(t, d.remains(t, uint64(at)), &talk), lasts
}

// reckon holds what the victim said against the ledger that is left.
func reckon(t *testing.T, path string, talk *bytes.Buffer) (wrong []string) {
	t.Helper()
	l, err := sqlite.Open(path, real)
	if err != nil {
		return []string{err.Error()}
	}
	defer l.Close()
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		var n int
		if k, _ := fmt.Sscanf(lines.Text(), "sent %d", &n); k == 1 {
			if s := state(t, l, n); s != ledger.InDoubt && s != ledger.Created {
				wrong = append(wrong, fmt.Sprintf("%d was sent, and is %q", n, s))
			}
		}
		if k, _ := fmt.Sscanf(lines.Text(), "created %d", &n); k == 1 {
			if s := state(t, l, n); s != ledger.Created {
				wrong = append(wrong, fmt.Sprintf("%d was recorded as created, and is %q", n, s))
			}
		}
	}
	return wrong
}

// TestVictimOfPowerCuts is run by the tests above in a process of its own: one that used
// a disk which it serves itself could wait for itself for ever.
func TestVictimOfPowerCuts(t *testing.T) {
	path := os.Getenv("LEDGER_VICTIM")
	if path == "" {
		t.Skip("only for the tests of power cuts")
	}
	sqlite.CheckpointOften()
	if os.Getenv("LEDGER_SYNCED") == "false" {
		sqlite.LeaveOutSyncs()
	}
	for round := range 2 {
		l, err := sqlite.Open(path, real)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Begin(1, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		var workers sync.WaitGroup
		for first := round * 8; first < round*8+8; first += 2 { // at once, so that syncs are shared
			workers.Go(func() {
				for n := first; n < first+2; n++ {
					if err := l.Claim(claim(n)); err != nil {
						t.Error(err)
						return
					}
					fmt.Println("sent", n)
					if err := conclude(l, ledger.Settlement{ID: id(n), State: ledger.Created, WolkvoxID: "w"}, ledger.Record{Row: n, Outcome: []byte(`{}`)}); err != nil {
						t.Error(err)
						return
					}
					fmt.Println("created", n)
				}
			})
		}
		workers.Wait()
		if t.Failed() {
			return
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// powerDisk is a file system that counts writes and dies at one of them. Beside what its
// files hold it keeps what a sync has made of them.
type powerDisk struct {
	mounted, now, synced string
	server               *fuse.Server

	mu     sync.Mutex
	writes int // until the power goes
}

func mountDisk(t *testing.T, writes int) *powerDisk {
	t.Helper()
	dir := t.TempDir()
	d := &powerDisk{mounted: filepath.Join(dir, "disk"), now: filepath.Join(dir, "now"), synced: filepath.Join(dir, "synced"), writes: writes}
	for _, p := range []string{d.mounted, d.now, d.synced} {
		if err := os.Mkdir(p, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	root, err := fs.NewLoopbackRoot(d.now)
	if err != nil {
		t.Fatal(err)
	}
	top := &powerNode{root.(*fs.LoopbackNode), d}
	server, err := fs.Mount(d.mounted, top, &fs.Options{MountOptions: fuse.MountOptions{DirectMount: true}})
	if err != nil {
		if os.Getenv("WOLKVOX_IMPORT_INSIST") != "" {
			t.Fatal(err)
		}
		t.Skipf("no file system can be mounted here (%v); it needs FUSE", err)
	}
	d.server = server
	t.Cleanup(d.unmount)
	return d
}

func (d *powerDisk) unmount() {
	if d.server != nil {
		if err := d.server.Unmount(); err != nil {
			panic(err)
		}
		d.server.Wait()
		d.server = nil
	}
}

func (d *powerDisk) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes <= 0
}

// counts are the files whose writes can be the last; the others hold nothing that lasts.
func counts(name string) bool {
	return strings.HasSuffix(name, ".db") || strings.HasSuffix(name, "-wal")
}

// remains makes the disk as it is when the power is back: what was synced, and any of the
// sectors that were written since.
func (d *powerDisk) remains(t *testing.T, seed uint64) (ledger string) {
	t.Helper()
	const sector = 512
	random := rand.New(rand.NewPCG(seed, 1))
	after := t.TempDir()
	files, err := os.ReadDir(d.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !counts(f.Name()) {
			continue
		}
		written, err := os.ReadFile(filepath.Join(d.now, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		synced, err := os.ReadFile(filepath.Join(d.synced, f.Name()))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		lost := random.IntN(4) // of four sectors
		for at := 0; at < len(written); at += sector {
			end := min(at+sector, len(written))
			if random.IntN(4) < lost {
				continue
			}
			if grow := end - len(synced); grow > 0 {
				synced = append(synced, make([]byte, grow)...)
			}
			copy(synced[at:end], written[at:end])
		}
		if err := os.WriteFile(filepath.Join(after, f.Name()), synced, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(after, "l.db")
}

type powerNode struct {
	*fs.LoopbackNode
	disk *powerDisk
}

func (n *powerNode) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &powerNode{child.(*fs.LoopbackNode), n.disk}
}

func (n *powerNode) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, f, e := n.LoopbackNode.Open(ctx, flags)
	return n.disk.watch(filepath.Base(n.Path(n.Root())), h), f, e
}

func (n *powerNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	node, h, f, e := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	return node, n.disk.watch(name, h), f, e
}

func (n *powerNode) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if n.disk.dead() {
		return syscall.EIO
	}
	return n.LoopbackNode.Setattr(ctx, nil, in, out)
}

func (n *powerNode) Unlink(ctx context.Context, name string) syscall.Errno {
	if n.disk.dead() {
		return syscall.EIO
	}
	return n.LoopbackNode.Unlink(ctx, name)
}

// handle is what a loopback file does, as far as the ledger needs it.
type handle interface {
	fs.FileReader
	fs.FileWriter
	fs.FileGetattrer
	fs.FileFlusher
	fs.FileFsyncer
	fs.FileReleaser
}

type powerFile struct {
	handle
	disk *powerDisk
	name string
}

func (d *powerDisk) watch(name string, h fs.FileHandle) fs.FileHandle {
	if known, ok := h.(handle); ok {
		return &powerFile{known, d, name}
	}
	return h
}

func (f *powerFile) Write(ctx context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if counts(f.name) {
		f.disk.writes--
	}
	if f.disk.writes <= 0 {
		return 0, syscall.EIO
	}
	return f.handle.Write(ctx, data, off)
}

func (f *powerFile) Fsync(ctx context.Context, flags uint32) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.writes <= 0 {
		return syscall.EIO
	}
	content, err := os.ReadFile(filepath.Join(f.disk.now, f.name))
	if err == nil {
		err = os.WriteFile(filepath.Join(f.disk.synced, f.name), content, 0o600)
	}
	return fs.ToErrno(err)
}
