package importer_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

var (
	simSeeds = flag.Int("sim.seeds", 150, "how many simulations to run")
	simSeed  = flag.Uint64("sim.seed", 0, "the one simulation to run again")
)

// TestSimulation runs whole imports on a clock and a network that are not real: a day
// of pauses, lost answers and late cases takes milliseconds. After each run no row may
// have two cases, the outcomes must add up, and an id must be that of the row's case;
// and once the CRM has been asked and the rest been sent, every row has its one case.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		simulate(t, *simSeed)
		return
	}
	for range *simSeeds {
		seed := rand.Uint64()
		if simulate(t, seed); t.Failed() {
			t.Fatalf("again by -sim.seed %d", seed)
		}
	}
}

// world is what a seed makes.
type world struct {
	t      *testing.T
	rand   *rand.Rand
	crm    *sandbox.CRM
	wire   *wire
	job    importer.Job
	faulty sandbox.Faults
}

const simRows = 9

func simulate(t *testing.T, seed uint64) {
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed, dir)
		defer w.wire.close()
		w.live()
	})
}

// newWorld draws the faults: each world has a few of them, some often.
func newWorld(t *testing.T, seed uint64, dir string) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1))}
	for _, f := range w.faulty.Flags() {
		if w.rand.IntN(4) == 0 {
			*f.Value = w.rand.Float64() * 0.4
		}
	}
	w.faulty.LateBy, w.faulty.SlowBy = 200*time.Second, 150*time.Second // the client gives up after 120
	w.crm = sandbox.New(sandbox.Config{Seed: seed, Faults: w.faulty, Latency: time.Duration(w.rand.IntN(300)) * time.Millisecond, PerToken: w.rand.IntN(2) * 2})
	w.wire = newWire(w.crm, w.rand)

	var text strings.Builder
	text.WriteString("ID,Correo,Asunto,Detalle,Estado,Solución,Archivos\n")
	for i := range simRows {
		fmt.Fprintf(&text, "S-%d,a%d@b.co,Asunto,%s,Abierto,,\n", i, i%3, strings.Repeat("x", w.rand.IntN(40)))
	}
	for name, content := range map[string]string{"in.csv": text.String(), "map.yaml": tickets, "files/x": "x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.job = importer.Job{Inputs: []string{filepath.Join(dir, "in.csv")}, Mapping: filepath.Join(dir, "map.yaml"), Server: "http://127.0.0.1:1", Tokens: []string{"one", "two"},
		Workers: 1 + w.rand.IntN(4), Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}, Dial: w.wire.dial}
	return w
}

// live runs until every row is settled.
func (w *world) live() {
	ledger := filepath.Join(filepath.Dir(w.job.Mapping), "op.ledger.db")
	for round := 0; ; round++ {
		result := w.run()
		n := result.Summary.Outcomes
		if n[reports.Skipped]+n[reports.Created] == simRows {
			break
		}
		if n[reports.Invalid] > 0 || round > 60 {
			w.t.Fatalf("round %d: %v, %+v", round, n, result.Halt)
		}
		v := importer.Resolver{Ledger: ledger, Server: w.job.Server, Tokens: w.job.Tokens, Margin: 3 * time.Minute, Dial: w.wire.dial}
		if _, err := v.Auto(w.t.Context()); err != nil && !strings.Contains(err.Error(), "the query") {
			w.t.Fatal(err)
		}
		w.noneTwice()
		if round > 10 { // what can't be proven, a person looks up
			w.wire.calm()
			w.lookUp(ledger)
		}
	}
	if got := len(w.crm.Cases()); got != simRows {
		w.t.Errorf("%d cases of %d rows", got, simRows)
	}
}

func (w *world) run() importer.Result {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	if w.rand.IntN(3) == 0 { // Ctrl-C
		timer := time.AfterFunc(time.Duration(w.rand.IntN(300_000))*time.Millisecond, cancel)
		defer timer.Stop()
	}
	result, err := importer.Run(ctx, w.job)
	if err != nil {
		w.t.Fatal(err)
	}
	if !result.Summary.AddsUp() {
		w.t.Fatalf("outcomes don't add up: %v", result.Summary.Outcomes)
	}
	w.noneTwice()
	return result
}

func (w *world) noneTwice() {
	w.t.Helper()
	seen := map[string]bool{}
	for _, c := range w.crm.Cases() {
		key := c.Fields["form"].(map[string]any)["Ticket"].(string)
		if seen[key] {
			w.t.Fatalf("two cases of %s", key)
		}
		seen[key] = true
	}
}

// lookUp is a person who sees what the CRM has, once nothing comes any more.
func (w *world) lookUp(ledger string) {
	time.Sleep(time.Hour)
	list, err := importer.Doubts(ledger)
	if err != nil {
		w.t.Fatal(err)
	}
	var said []importer.Verdict
	for _, d := range list {
		v := importer.Verdict{Key: d.Key, Word: "absent"}
		for _, c := range w.crm.Cases() {
			if c.Fields["form"].(map[string]any)["Ticket"] == d.Key {
				v = importer.Verdict{Key: d.Key, Word: "created", ID: c.ID}
			}
		}
		said = append(said, v)
	}
	if _, err := importer.Decide(ledger, "somebody", said); err != nil {
		w.t.Fatal(err)
	}
}

// wire is a network in memory, which loses some connections and refuses others.
type wire struct {
	server *http.Server
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once

	mu     sync.Mutex
	rand   *rand.Rand
	refuse float64
}

func newWire(handler http.Handler, r *rand.Rand) *wire {
	w := &wire{server: &http.Server{Handler: handler}, accept: make(chan net.Conn), done: make(chan struct{}), rand: rand.New(rand.NewPCG(r.Uint64(), 2))}
	if r.IntN(3) == 0 {
		w.refuse = 0.3
	}
	go w.server.Serve(w)
	return w
}

func (w *wire) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = 0
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	refused := w.rand.Float64() < w.refuse
	w.mu.Unlock()
	if refused {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case w.accept <- theirs:
		return ours, nil
	case <-w.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.accept:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.done) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wire) close() {
	w.Close()
	w.server.Close()
	time.Sleep(time.Hour) // what is late comes to its end
}
