package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

// desk is a folder with an input, its attachments and a mapping, a program and a
// simulated CRM, each in a process of its own.
type desk struct {
	t       testing.TB
	dir     string
	program string
	address string
	sums    map[string][]string // of the attachments, by key
}

const deskMapping = `operation: migracion
key: "{{ID}}"
marker: "[ref:{{key}}]"
case:
  case-type: Request
  responsible: ADMIN_@soporte
  owner: ADMIN_@soporte
  contact: {column: Correo}
  description: "{{Texto}}"
  status: abierto
  priority: baja
  form: {Ticket: {column: ID}}
attachments: {root: archivos, files: [{column: Archivos, split: "|"}]}
`

// newDesk writes an input of so many rows, each with up to two attachments.
func newDesk(t testing.TB, rows int) *desk {
	d := &desk{t: t, dir: t.TempDir(), sums: map[string][]string{}}
	d.program = filepath.Join(d.dir, "wolkvox-import")
	if err := os.Symlink(os.Args[0], d.program); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	r := rand.New(rand.NewPCG(1, uint64(rows)))
	sums := map[string]string{}
	for i := range 12 {
		content := make([]byte, []int{1, 2, 3, 1000, 24 << 10, 24<<10 + 1, 70_000}[i%7])
		for j := range content {
			content[j] = byte(r.Uint32())
		}
		name := fmt.Sprintf("archivo %d ñ.bin", i)
		sum := sha256.Sum256(content)
		sums[name] = hex.EncodeToString(sum[:])
		d.write(filepath.Join("archivos", name), string(content))
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Write([]string{"ID", "Correo", "Texto", "Archivos"})
	for i := range rows {
		key, names := fmt.Sprintf("M-%05d", i), []string{}
		for range r.IntN(3) {
			name := fmt.Sprintf("archivo %d ñ.bin", r.IntN(12))
			names, d.sums[key] = append(names, name), append(d.sums[key], sums[name])
		}
		w.Write([]string{key, fmt.Sprintf("ana%d@ejemplo.co", i), fmt.Sprintf("Texto %d\ncon \"comillas\" y ñ", i), strings.Join(names, "|")})
	}
	w.Flush()
	d.write("in.csv", text.String())
	d.write("map.yaml", deskMapping)
	return d
}

func (d *desk) write(name, content string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// crm starts a simulated CRM in a process of its own and waits until it serves.
func (d *desk) crm(flags ...string) {
	d.t.Helper()
	if d.address == "" {
		d.address = "127.0.0.1:0"
	}
	c := exec.Command(d.program, append([]string{"sandbox", "--addr", d.address, "--log", filepath.Join(d.dir, "cases.jsonl")}, flags...)...)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), "http://")
	if !ok {
		d.t.Fatalf("the sandbox said %q, %v", line, err)
	}
	d.address = address
}

// command is a run of the input.
func (d *desk) command(flags ...string) *exec.Cmd {
	c := exec.Command(d.program, append([]string{"run", "in.csv", "-m", "map.yaml", "--server", "http://" + d.address, "--out", "out", "--formats", "csv"}, flags...)...)
	c.Dir, c.Env = d.dir, append(os.Environ(), "WOLKVOX_TOKEN=good")
	return c
}

// run runs the input to its end, which must have that status.
func (d *desk) run(want int, flags ...string) {
	d.t.Helper()
	c := d.command(flags...)
	out, err := c.CombinedOutput()
	if got := c.ProcessState.ExitCode(); got != want {
		d.t.Fatalf("status %d (%v), want %d\n%s", got, err, want, out)
	}
}

// allCases are those that the CRM has.
func (d *desk) allCases() (all []sandbox.Case) {
	d.t.Helper()
	file, err := os.Open(filepath.Join(d.dir, "cases.jsonl"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	for dec := json.NewDecoder(file); dec.More(); {
		var c sandbox.Case
		if err := dec.Decode(&c); err != nil {
			d.t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// cases are those that the CRM has, by key. No key may have two.
func (d *desk) cases() map[string]sandbox.Case {
	d.t.Helper()
	byKey := map[string]sandbox.Case{}
	for _, c := range d.allCases() {
		key := c.Fields["form"].(map[string]any)["Ticket"].(string)
		if _, twice := byKey[key]; twice {
			d.t.Errorf("two cases of %s", key)
		}
		byKey[key] = c
	}
	return byKey
}

// requests is how many inserts the CRM has had.
func (d *desk) requests() int {
	d.t.Helper()
	return fetchStats(d.t, d.address).Requests
}

// results are the lines of results.csv, by key.
func (d *desk) results() map[string]map[string]string {
	d.t.Helper()
	content, err := os.ReadFile(filepath.Join(d.dir, "out", "results.csv"))
	if err != nil {
		d.t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff")))).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	lines := map[string]map[string]string{}
	for _, record := range records[1:] {
		line := map[string]string{}
		for i, name := range records[0] {
			line[name] = record[i]
		}
		if lines[line["key"]] != nil {
			d.t.Errorf("two lines of %s", line["key"])
		}
		lines[line["key"]] = line
	}
	return lines
}

// complete checks that each row is a case, once, with its attachments and its id.
func (d *desk) complete(rows int) {
	d.t.Helper()
	cases, results := d.cases(), d.results()
	if len(cases) != rows || len(results) != rows {
		d.t.Fatalf("%d cases and %d lines of %d rows", len(cases), len(results), rows)
	}
	for key, c := range cases {
		var sums []string
		for _, a := range c.Attachments {
			sums = append(sums, a.SHA256)
		}
		if strings.Join(sums, " ") != strings.Join(d.sums[key], " ") {
			d.t.Errorf("%s: attachments %v, want %v", key, sums, d.sums[key])
		}
		if got := results[key]["wolkvox_id"]; got != c.ID || results[key]["id_prefijo"] != c.Prefix {
			d.t.Errorf("%s: results.csv has the id %s, the CRM %s", key, got, c.ID)
		}
	}
}

func TestTwoThousandRowsWithAttachments(t *testing.T) {
	const rows = 2000
	d := newDesk(t, rows)
	d.crm()
	d.run(0, "--workers", "16")
	d.complete(rows)
	for key, line := range d.results() {
		if line["status"] != "created" {
			t.Fatalf("%s is %s", key, line["status"])
		}
	}
	before := d.requests()
	d.run(0, "--workers", "16")
	d.complete(rows)
	for key, line := range d.results() {
		if line["status"] != "skipped" {
			t.Fatalf("%s is %s", key, line["status"])
		}
	}
	if after := d.requests(); before != rows || after != before {
		t.Errorf("%d requests, then %d", before, after)
	}
}

func TestThrottledAndPutOffRowsAreCreatedOnce(t *testing.T) {
	const rows = 120
	d := newDesk(t, rows)
	d.crm("--p-throttled", "0.04", "--p-throttled-date", "0.02", "--p-simultaneous", "0.04")
	d.run(0, "--workers", "8")
	d.complete(rows)
}

// The CRM is not there yet when the run begins, and goes away in the middle.
func TestRefusedConnectionsAreTriedAgain(t *testing.T) {
	const rows = 200
	d := newDesk(t, rows)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	listener.Close()
	c := d.command("--workers", "4")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(700 * time.Millisecond)
	d.crm()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	d.complete(rows)
}

func TestDoubtLeadsToResolve(t *testing.T) {
	d := newDesk(t, 2)
	d.crm("--p-error-after", "1")
	out, _ := d.command().Output()
	if want := "to settle what is in doubt: wolkvox-import resolve --ledger migracion.ledger.db --auto --server http://" + d.address; !strings.Contains(string(out), want) {
		t.Errorf("%s", out)
	}
}
