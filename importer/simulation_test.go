package importer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
// have two cases, and the outcomes must add up; and once the CRM has been asked and the
// rest been sent, every row has its one case, and the ledger knows which.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		simulate(t, *simSeed)
		return
	}
	var left, found, absent atomic.Int64
	left.Store(int64(*simSeeds))
	t.Run("seeds", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for left.Add(-1) >= 0 {
					seed := rand.Uint64()
					w := simulate(t, seed)
					if t.Failed() {
						t.Fatalf("again by -sim.seed %d", seed)
					}
					found.Add(w.settled["created"])
					absent.Add(w.settled["pending"])
				}
			})
		}
	})
	if t.Logf("asking the CRM settled %d rows as created, %d as absent", found.Load(), absent.Load()); found.Load() == 0 && *simSeeds >= 100 || absent.Load() == 0 && *simSeeds >= 5000 {
		t.Error("asking the CRM settles nothing: the simulation would see no false proof")
	}
}

// simulate lives the life of the world that a seed makes, to its end.
func simulate(t *testing.T, seed uint64) (w *world) {
	inBubble(t, func(t *testing.T, dir string) {
		w = newWorld(t, seed, dir, nil)
		defer w.end()
		if err := w.live(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func inBubble(t *testing.T, f func(t *testing.T, dir string)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) { f(t, dir) })
}

// world is what a seed makes: rows, a CRM, what lies between them, and people.
type world struct {
	t        *testing.T
	rand     *rand.Rand
	config   sandbox.Config
	slow     time.Duration // that an insert is on its way
	jump     time.Duration // of the clock on the wall, when rows in doubt are settled
	rows     []simRow
	crm      *sandbox.CRM
	wire     *wire
	job      importer.Job
	ledger   string
	mortal   float64 // probability that a run dies
	patience int     // runs after the first one until a person looks
	dead     sync.WaitGroup

	within  bool         // runs may settle rows in doubt too
	settle  func() error // asks the CRM for rows in doubt
	settled map[string]int64
	said    map[string]int // by key: how often a person said that a deleted case may come again
}

type simRow struct{ key, contact, detail string }

const (
	simRows   = 6
	simMargin = 3 * time.Minute
	simServer = "http://127.0.0.1:1"
	blocked   = "DROP TABLE" // what a firewall doesn't let pass
)

// newWorld draws a world, or has the kind make the part of it that matters.
func newWorld(t *testing.T, seed uint64, dir string, k *kind) *world {
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 1)), settled: map[string]int64{}, said: map[string]int{}}
	w.config = sandbox.Config{Seed: seed, Latency: time.Duration(w.rand.IntN(300)) * time.Millisecond}
	w.settle = w.ask
	for i := range simRows {
		w.rows = append(w.rows, simRow{fmt.Sprintf("S-%d", i), fmt.Sprintf("a%d@b.co", i%2), strings.Repeat("x", w.rand.IntN(40))})
	}
	if k == nil {
		w.within = true
		w.draw()
	} else {
		k.make(w)
	}
	f := &w.config.Faults
	f.LateBy, f.SlowBy = 200*time.Second, 150*time.Second // the client gives up after 120
	w.crm = sandbox.New(w.config)
	w.wire = newWire(w.crm, w.rand)
	w.wire.slow = w.slow
	if k == nil && w.rand.IntN(6) == 0 {
		w.wire.refuse = 0.3
	}
	if err := w.write(dir); err != nil {
		t.Fatal(err)
	}
	w.ledger = filepath.Join(dir, "op.ledger.db")
	lay(t, w.ledger)
	w.job = importer.Job{
		Output:    importer.Output{Out: filepath.Join(dir, "out"), Formats: []string{"jsonl"}},
		Resolving: importer.Resolving{Margin: simMargin},
		Reading:   importer.Reading{Inputs: []string{filepath.Join(dir, "in.csv")}, Mapping: filepath.Join(dir, "map.yaml")},
		CRM:       importer.CRM{Server: simServer, Tokens: []string{"one", "two"}, Dial: w.wire.dial},
		Pace:      importer.Pace{Workers: 1 + w.rand.IntN(4)},
	}
	w.job.Ledger, w.job.Clock = w.ledger, uptime("first start")
	return w
}

// emptyLedger is one that a run without rows has made. To make one takes as long as the rest
// of a small world.
var emptyLedger = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "sim")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	job := importer.Job{
		Output:  importer.Output{Out: filepath.Join(dir, "out")},
		Reading: importer.Reading{Inputs: []string{filepath.Join(dir, "in.csv")}, Mapping: filepath.Join(dir, "map.yaml")},
		CRM:     importer.CRM{Server: simServer, Tokens: []string{"one"}},
		Pace:    importer.Pace{NoQuotaCheck: true},
		Book:    importer.Book{Ledger: filepath.Join(dir, "l")},
	}
	if err := (&world{}).write(dir); err != nil {
		return nil, err
	}
	if _, err := importer.Run(context.Background(), job); err != nil {
		return nil, err
	}
	return os.ReadFile(job.Ledger)
})

// lay puts an empty ledger there.
func lay(t *testing.T, path string) {
	t.Helper()
	content, err := emptyLedger()
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	layBallast(t, path)
}

// layBallast lays the file that a ledger has beside it for a full disk, without its bytes.
func layBallast(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path+".ballast", os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = errors.Join(file.Truncate(2<<20), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// draw makes a few things go wrong, some often.
func (w *world) draw() {
	w.rows = w.rows[:3+w.rand.IntN(simRows-2)]
	often := func(in int) float64 {
		if w.rand.IntN(in) > 0 {
			return 0
		}
		return w.rand.Float64() * 0.4
	}
	for _, f := range w.config.Faults.Flags() {
		*f.Value = often(14)
	}
	w.config.PerToken = w.rand.IntN(2) * 2
	one := func(values ...string) string { return values[w.rand.IntN(len(values))] }
	for i := range w.rows {
		r := &w.rows[i]
		r.key = one("S-%d", "S-%d", "S&%d", "O'%d", "ab%d", "N %d", "D  %d", "ñ%d", "(%d") // Sprintf's
		r.key = fmt.Sprintf(r.key, i)
		r.contact = one("a@b.co", "c@d.co", "E@F.co")
		r.detail = strings.Repeat(one("x", "ñ", "a  b", "<b>&", "😀", "[ref"), w.rand.IntN(20))
	}
	w.drawQueries(one)
	if w.rand.IntN(3) == 0 {
		for _, way := range w.config.Storage.Ways() {
			*way = w.rand.IntN(3) == 0
		}
		w.config.Storage.CutBytes = w.rand.IntN(2) * (20 + w.rand.IntN(60))
	}
	if w.rand.IntN(3) == 0 {
		w.config.Agents = sandbox.Agents{AddBelow: often(2), AddAbove: often(2), Delete: often(2), After: time.Duration(w.rand.IntN(600)) * time.Second}
	}
	if w.rand.IntN(6) == 0 {
		w.config.Firewall = regexp.MustCompile(blocked)
		w.rows[w.rand.IntN(len(w.rows))].detail = "x; " + blocked + " y"
	}
	if w.rand.IntN(6) == 0 {
		w.slow = 50 * time.Second
	}
	w.mortal = often(6)
}

func (w *world) drawQueries(one func(...string) string) {
	q := &w.config.Queries
	if w.rand.IntN(2) == 0 {
		return
	}
	q.Descriptions, q.Total = one(sandbox.Searches()...), one(sandbox.Totals()...)
	q.Page, q.Newest, q.None404, q.ExactContacts = w.rand.IntN(4), w.rand.IntN(2) == 0, w.rand.IntN(2) == 0, w.rand.IntN(2) == 0
	q.ShownAfter = time.Duration(w.rand.IntN(20)) * time.Second // with a slow case less than the margin
	if w.rand.IntN(3) == 0 {
		q.DeadAfter = 1 + w.rand.IntN(20)
	}
}

func (w *world) write(dir string) error {
	var text strings.Builder
	c := csv.NewWriter(&text)
	c.Write([]string{"ID", "Correo", "Asunto", "Detalle", "Estado", "Solución", "Archivos"})
	for _, r := range w.rows {
		c.Write([]string{r.key, r.contact, "Asunto", r.detail, "Abierto", "", ""})
	}
	c.Flush()
	mapping := strings.Replace(tickets, ", lower: true", "", 1)
	err := os.Mkdir(filepath.Join(dir, "files"), 0o700)
	for name, content := range map[string]string{"in.csv": text.String(), "map.yaml": mapping} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return err
}

// live runs until every row is settled.
func (w *world) live() error {
	for round := 0; ; round++ {
		run := w.run
		if w.rand.Float64() < w.mortal && round < 4 {
			run = w.die
		}
		n, err := run(round)
		if err != nil {
			return err
		}
		if w.done(n) {
			return w.known()
		}
		if n[reports.Invalid] > 0 || round > 40 {
			return fmt.Errorf("round %d: %v, in a world of %+v, rows %q, slow %v", round, n, w.config, w.rows, w.slow)
		}
		if n[reports.InDoubt] > 0 && !w.job.Resolve {
			if err := w.settle(); err != nil {
				return err
			}
		}
		if err := w.noneTwice(); err != nil {
			return err
		}
		if round > w.patience && n[reports.InDoubt] > 0 { // what can't be proven, a person looks up
			w.wire.calm()
			if err := w.lookUp(); err != nil {
				return err
			}
		}
	}
}

// done tells whether all is settled: created, or never let pass by the firewall.
func (w *world) done(n map[reports.Status]int) bool {
	passed := 0
	for _, r := range w.rows {
		if w.config.Firewall == nil || !w.config.Firewall.MatchString(r.detail) {
			passed++
		}
	}
	created := n[reports.Skipped] + n[reports.Created]
	return created == passed && created+n[reports.Rejected] == len(w.rows)
}

func (w *world) run(round int) (map[reports.Status]int, error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	if w.rand.IntN(8) == 0 { // Ctrl-C
		timer := time.AfterFunc(time.Duration(w.rand.IntN(300_000))*time.Millisecond, cancel)
		defer timer.Stop()
	}
	result, err := importer.Run(ctx, w.job)
	var usage *importer.UsageError
	switch {
	case err != nil && (round == 0 || errors.As(err, &usage)):
		return nil, err
	case err != nil: // the CRM can't be asked for rows in doubt now
		return nil, w.noneTwice()
	case !result.Summary.AddsUp():
		return nil, fmt.Errorf("outcomes don't add up: %v", result.Summary.Outcomes)
	}
	w.job.Resolve = w.within && w.rand.IntN(4) > 0 // the next run
	return result.Summary.Outcomes, w.noneTwice()
}

// die is a run that is killed. What it had sent by then arrives; its ledger is, as after a
// kill, what it was at that moment, and the life of the world goes on with a copy of that.
func (w *world) die(round int) (map[reports.Status]int, error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	job, cut := w.job, make(chan struct{})
	job.Out += ".dead"
	job.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := w.wire.dial(ctx, network, address)
		return mortal{c, cut}, err
	}
	w.dead.Go(func() { importer.Run(ctx, job) })
	time.Sleep(time.Duration(w.rand.IntN(200_000)) * time.Millisecond)
	synctest.Wait() // nobody writes now
	w.ledger = filepath.Join(filepath.Dir(w.ledger), fmt.Sprintf("after-%d.ledger.db", round))
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(job.Ledger + suffix)
		if err == nil {
			err = os.WriteFile(w.ledger+suffix, content, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	layBallast(w.t, w.ledger)
	w.job.Ledger = w.ledger
	if w.rand.IntN(2) == 0 { // it died with its computer
		w.job.Clock = uptime(fmt.Sprintf("start %d", round))
	}
	close(cut)
	return map[reports.Status]int{reports.InDoubt: 1}, nil // as far as anybody knows
}

// end waits for what is late and for whom is dead.
func (w *world) end() {
	w.wire.close()
	w.dead.Wait()
}

// mortal is a connection whose process dies when cut is closed: nothing leaves on it after.
type mortal struct {
	net.Conn
	cut chan struct{}
}

func (m mortal) Write(p []byte) (int, error) {
	c := m.Conn.(slowly)
	if c.delays(p) {
		select {
		case <-time.After(c.by):
		case <-m.cut:
		}
	}
	select {
	case <-m.cut:
		return 0, net.ErrClosed
	default:
		return c.Conn.Write(p)
	}
}

// uptime is a clock of a computer that starts now.
func uptime(start string) func() (string, time.Duration) {
	began := time.Now()
	return func() (string, time.Duration) { return start, time.Since(began) }
}

// ask settles rows in doubt as people do.
func (w *world) ask() error {
	v := importer.Resolver{
		CRM:          importer.CRM{Server: w.job.Server, Tokens: w.job.Tokens, Dial: w.wire.dial},
		Surroundings: importer.Surroundings{Clock: w.job.Clock},
		Ledger:       w.ledger,
		Margin:       simMargin,
	}
	settled, err := v.Auto(w.t.Context())
	for _, s := range settled {
		w.settled[s.State]++
	}
	if usage := new(importer.UsageError); errors.As(err, &usage) {
		return err
	}
	return nil // that the CRM can't be asked is no fault of the resolver's
}

// cases are those of a row, in the order of their creation.
func (w *world) cases() map[string][]sandbox.Case {
	all := map[string][]sandbox.Case{}
	for _, c := range w.crm.Cases() {
		key := c.Fields["form"].(map[string]any)["Ticket"].(string)
		all[key] = append(all[key], c)
	}
	return all
}

// noneTwice counts cases as a person would. A case that an agent deleted may come again if
// somebody said so, or if nobody but the CRM ever knew of it.
func (w *world) noneTwice() error {
	for key, cases := range w.cases() {
		more := len(cases) - 1
		for i, c := range cases[:more] {
			unknown := c.Answer != "created" && c.Answer != "warning"
			if c.IsDeleted(cases[i+1].At) && (unknown || w.said[key] > 0) {
				more--
			}
		}
		if more > 0 {
			return &secondCase{key, cases, w.config}
		}
	}
	return nil
}

// secondCase is what must never be.
type secondCase struct {
	key    string
	cases  []sandbox.Case
	config sandbox.Config
}

func (s *secondCase) Error() string {
	text := fmt.Sprintf("%d cases of %q", len(s.cases), s.key)
	for _, c := range s.cases {
		text += fmt.Sprintf("; %s at %s, answered as %s, deleted %s", c.Prefix, c.At.Format(time.TimeOnly), c.Answer, c.Deleted.Format(time.TimeOnly))
	}
	return fmt.Sprintf("%s\nqueries %+v\nstorage %+v\nagents %+v\nfaults %+v", text, s.config.Queries, s.config.Storage, s.config.Agents, s.config.Faults)
}

// known checks the end: each row that could pass has its case, and the results its id.
func (w *world) known() error {
	cases := w.cases()
	for _, o := range w.results() {
		if o.Status == string(reports.Rejected) {
			continue
		}
		ours := func(c sandbox.Case) bool { return c.ID == o.WolkvoxID }
		if len(cases[o.Key]) == 0 {
			return fmt.Errorf("%q is %s, and there is no case", o.Key, o.Status)
		}
		if w.config.Faults.SameID == 0 && !slices.ContainsFunc(cases[o.Key], ours) {
			return fmt.Errorf("%q is %s as %s, and its cases are %+v", o.Key, o.Status, o.WolkvoxID, cases[o.Key])
		}
	}
	return nil
}

// simResult is a line of the results.
type simResult struct {
	Key, Status string
	WolkvoxID   string `json:"wolkvox_id"`
}

// results are those of the last run.
func (w *world) results() (all []simResult) {
	w.t.Helper()
	file, err := os.Open(filepath.Join(w.job.Out, "results.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // no run has come to its end yet
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	for d := json.NewDecoder(file); d.More(); {
		var o simResult
		if err := d.Decode(&o); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// lookUp is a person who sees what the CRM has, once nothing comes any more.
func (w *world) lookUp() error {
	time.Sleep(time.Hour)
	list, err := importer.Doubts(w.ledger)
	if err != nil || len(list) == 0 {
		return err
	}
	var said []importer.Verdict
	cases := w.cases()
	for _, d := range list {
		v := importer.Verdict{Key: d.Key, Word: "absent"}
		for _, c := range cases[d.Key] {
			if c.IsDeleted(time.Now()) {
				w.said[d.Key]++
			} else {
				v = importer.Verdict{Key: d.Key, Word: "created", ID: c.ID}
			}
		}
		said = append(said, v)
	}
	_, err = importer.Decide(w.ledger, "somebody", said)
	return err
}

// wire is a network in memory, which refuses some connections and may be slow.
type wire struct {
	server *http.Server
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
	slow   time.Duration // of each insert's way

	mu     sync.Mutex
	rand   *rand.Rand
	refuse float64
}

func newWire(handler http.Handler, r *rand.Rand) *wire {
	w := &wire{server: &http.Server{Handler: handler}, accept: make(chan net.Conn), done: make(chan struct{}), rand: rand.New(rand.NewPCG(r.Uint64(), 2))}
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
		return slowly{ours, w.slow}, nil
	case <-w.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// slowly is a connection on which inserts take their time.
type slowly struct {
	net.Conn
	by time.Duration
}

func (s slowly) delays(p []byte) bool {
	return s.by > 0 && bytes.Contains(p, []byte("/insertAttach.php "))
}

func (s slowly) Write(p []byte) (int, error) {
	if s.delays(p) {
		time.Sleep(s.by)
	}
	return s.Conn.Write(p)
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
