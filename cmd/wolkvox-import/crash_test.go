package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	crashRounds = flag.Int("crash.rounds", 10, "kills of the crash loop")
	crashSeed   = flag.Uint64("crash.seed", 0, "seed of the crash loop; 0 takes one by chance")
)

// crashPoints are those of the package crash, whose build tag this test sets.
var crashPoints = []string{"before-claim", "after-claim", "after-dial", "after-headers", "after-body", "after-answer", "after-outcome", "before-report", "after-report"}

const crashWorkers = 8

// crashable builds the program with the points at which it can be killed.
func (d *desk) crashable() {
	d.t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		d.t.Skip("no go command here to build a program that can be killed at will")
	}
	d.program = filepath.Join(d.dir, "crashable")
	if out, err := exec.Command(goTool, "build", "-tags", "crashtest", "-o", d.program, ".").CombinedOutput(); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
}

// crashMargin is longer than a request of a process that was killed can still be on its way.
const crashMargin = "300ms"

// kill runs the import until it dies at the point, or, where that is "", by a kill at some
// moment. It reports whether it was killed at all.
func (d *desk) kill(r *rand.Rand, point string, flags ...string) bool {
	d.t.Helper()
	c := d.command(append([]string{"--workers", fmt.Sprint(crashWorkers)}, flags...)...)
	if point != "" {
		c.Env = append(c.Env, fmt.Sprintf("WOLKVOX_IMPORT_CRASH=%s:%d", point, 1+r.IntN(40)))
		if strings.HasSuffix(point, "report") {
			c.Env = append(c.Env, "WOLKVOX_IMPORT_CRASH="+point+":1")
			c.Args = append(c.Args, "--limit", fmt.Sprint(50+r.IntN(100)))
		}
		return d.dies(c, 0)
	}
	return d.dies(c, 50*time.Millisecond+time.Duration(r.Int64N(int64(300*time.Millisecond))))
}

// dies runs a command, kills it after some time, where that isn't 0, and reports whether it
// was killed.
func (d *desk) dies(c *exec.Cmd, after time.Duration) bool {
	d.t.Helper()
	if err := c.Start(); err != nil {
		d.t.Fatal(err)
	}
	if after > 0 {
		time.Sleep(after)
		c.Process.Kill()
	}
	c.Wait()
	return !c.ProcessState.Exited()
}

// beside are the commands that are killed between runs, by their names.
func (d *desk) beside(limit string) map[string]*exec.Cmd {
	ledger := filepath.Join(d.dir, "migracion.ledger.db")
	commands := map[string]*exec.Cmd{
		"resolve": exec.Command(d.program, "resolve", "--ledger", ledger, "--auto", "--margin", crashMargin, "--server", "http://"+d.address),
		"purge":   exec.Command(d.program, "purge", "--ledger", ledger, "--older-than", "0s"),
		"report":  exec.Command(d.program, "report", "--ledger", ledger, "--out", filepath.Join(d.dir, "again")),
		"canary":  d.command("--workers", fmt.Sprint(crashWorkers), "--limit", limit, "--canary", "--yes"),
		"within":  d.command("--workers", fmt.Sprint(crashWorkers), "--limit", limit, "--resolve", "--margin", crashMargin),
	}
	for _, c := range commands {
		c.Env = append(os.Environ(), "WOLKVOX_TOKEN=good")
	}
	return commands
}

// TestCrashLoop kills the program again and again, at every point that a row comes by and at
// moments between them, and so it does with resolve, purge, report and a canary. No row may ever
// have two cases, every row must be accounted for, and what is in doubt must be no more than what
// was in flight; then asking the CRM settles all of it, since each row has a contact of its own.
func TestCrashLoop(t *testing.T) {
	rows := 250 + 35**crashRounds // so that there is something left to be killed at
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-crash.seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	d := newDesk(t, rows)
	d.crashable()
	d.crm("--latency", "5ms", "--p-throttled", "0.001")
	if out, err := d.command("--limit", "20").CombinedOutput(); err != nil { // cases that are older than all that is going to be in doubt
		t.Fatalf("%v\n%s", err, out)
	}
	kills := map[string]int{}
	killed := 0
	order := r.Perm(len(crashPoints))
	for round := range *crashRounds {
		point := ""
		if i := round % (len(crashPoints) + 1); i < len(crashPoints) {
			point = crashPoints[order[i]]
		}
		// Each round has rows of its own, or the first ones that aren't killed would do all of them.
		limit := fmt.Sprint(20 + (rows-20)*(round+1) / *crashRounds)
		if d.kill(r, point, "--limit", limit) {
			kills[point]++
			killed++
		}
		d.cases() // none twice
		commands := d.beside(limit)
		name := slices.Sorted(maps.Keys(commands))[round%len(commands)]
		if d.dies(commands[name], 10*time.Millisecond+time.Duration(r.Int64N(int64(600*time.Millisecond)))) {
			kills[name]++
			killed++
		}
		d.cases()
	}
	d.account(rows, killed*crashWorkers)

	resolve := exec.Command(d.program, "resolve", "--ledger", filepath.Join(d.dir, "migracion.ledger.db"), "--auto", "--margin", crashMargin, "--server", "http://"+d.address)
	resolve.Env = append(os.Environ(), "WOLKVOX_TOKEN=good")
	if out, err := resolve.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.run(0, "--workers", fmt.Sprint(crashWorkers))
	d.complete(rows)
	t.Logf("killed at %v", kills)
	if *crashRounds >= 10 && killed < *crashRounds/2 {
		t.Errorf("only %d of %d rounds killed the program: the points aren't reached", killed, *crashRounds)
	}
}

// account runs the program to its end and checks that each row has one outcome, that
// those with an id are that case, and that no more are in doubt than may be.
func (d *desk) account(rows, mostDoubts int) {
	d.t.Helper()
	c := d.command("--workers", fmt.Sprint(crashWorkers))
	out, _ := c.CombinedOutput()
	counts := map[string]int{}
	cases, results := d.cases(), d.results()
	for key, line := range results {
		counts[line["status"]]++
		if id := line["wolkvox_id"]; id != "" && cases[key].ID != id {
			d.t.Errorf("%s: results.csv has the id %q, the CRM %q", key, id, cases[key].ID)
		}
	}
	doubts := counts["in_doubt"]
	if len(results) != rows || doubts > mostDoubts || counts["created"]+counts["skipped"]+doubts != rows {
		d.t.Errorf("%d lines: %v, at most %d in doubt\n%s", len(results), counts, mostDoubts, out)
	}
	if want := map[bool]int{false: 0, true: 4}[doubts > 0]; c.ProcessState.ExitCode() != want {
		d.t.Errorf("status %d with %d in doubt\n%s", c.ProcessState.ExitCode(), doubts, out)
	}
}

// TestCrashLoopIsNotBlind is the negative control: a program that forgets what it has
// claimed must be caught by the crash loop's own eyes.
func TestCrashLoopIsNotBlind(t *testing.T) {
	const rows = 200
	d := newDesk(t, rows)
	d.crashable()
	d.crm("--latency", "5ms")
	r := rand.New(rand.NewPCG(1, 1))
	for range 3 {
		d.kill(r, "after-answer")
		for _, file := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(d.dir, "migracion.ledger.db"+file)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	seen := map[string]int{}
	for _, c := range d.allCases() {
		seen[c.Fields["form"].(map[string]any)["Ticket"].(string)]++
	}
	if len(seen) == len(d.allCases()) {
		t.Error("without its ledger the program made no second case: the crash loop would see nothing")
	}
}
