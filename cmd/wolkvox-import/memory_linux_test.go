package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mostMemory is what a run may take, in KB, as the operating system counts it.
const mostMemory = 64 << 10

// peak runs the program and returns the most memory that it had, in KB. The kernel's word
// for that is asked for again and again while it runs: what it says at the end, in the
// process's rusage, may be of the process that started it.
func (d *desk) peak(c *exec.Cmd) (most int) {
	d.t.Helper()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		d.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				d.t.Fatalf("%v, %d KB\n%s", err, most, out.Bytes())
			}
			return most
		case <-time.After(10 * time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
			if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(after, &most)
			}
		}
	}
}

// leastPeak is the least peak of up to three runs: on a machine that is busy otherwise, the collector of
// garbage comes late, and what is left lying about is no memory that the program needs. Memory that
// grows with the input is there each time.
func (d *desk) leastPeak(command func() *exec.Cmd) int {
	d.t.Helper()
	least := d.peak(command())
	for range 2 {
		if least > mostMemory {
			least = min(least, d.peak(command()))
		}
	}
	return least
}

// users builds the program as users have it, without the race detector.
func (d *desk) users() {
	d.t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		d.t.Skip("no go command here to build the program with")
	}
	program := filepath.Join(d.dir, "users")
	if out, err := exec.Command(goTool, "build", "-o", program, ".").CombinedOutput(); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	d.program = program
}

func TestMemoryDoesNotGrowWithTheInput(t *testing.T) {
	d := newDesk(t, 12_000)
	d.users()
	d.crm()
	imported := d.peak(d.command("--workers", "32"))
	var many strings.Builder
	many.WriteString("ID,Correo,Texto,Archivos\n")
	for i := range 400_000 {
		fmt.Fprintf(&many, "N-%d,ana@ejemplo.co,%d,\n", i, i)
	}
	d.write("in.csv", many.String())
	read := d.leastPeak(func() *exec.Cmd { return d.command("--when", `row["Texto"] == "7"`) })
	spared := d.leastPeak(func() *exec.Cmd {
		limited := d.command("--when", `row["Texto"] == "8"`)
		limited.Env = append(limited.Env, "GOMEMLIMIT=32MiB")
		return limited
	})
	t.Logf("12,000 rows imported: %d KB; 400,000 passed over: %d KB, and %d KB within GOMEMLIMIT=32MiB", imported, read, spared)
	if max(imported, read, spared) > mostMemory {
		t.Errorf("more than %d KB", mostMemory)
	}
}

// Attachments are read and encoded as they go, and never held whole.
func TestMemoryDoesNotGrowWithTheAttachments(t *testing.T) {
	const size, at = 100 << 20, 8
	d := newDesk(t, 1)
	d.users()
	var rows strings.Builder
	rows.WriteString("ID,Correo,Texto,Archivos\n")
	for i := range at {
		name := fmt.Sprintf("grande%d.bin", i)
		d.write(filepath.Join("archivos", name), "")
		if err := os.Truncate(filepath.Join(d.dir, "archivos", name), size); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&rows, "G-%d,ana@ejemplo.co,grande,%s\n", i, name)
	}
	d.write("in.csv", rows.String())
	d.crm()
	used := d.peak(d.command("--workers", fmt.Sprint(at), "--in-flight", "2GB"))
	t.Logf("%d files of %d MB at once: %d KB", at, size>>20, used)
	if used > mostMemory {
		t.Errorf("%d KB, and at most %d KB are wanted", used, mostMemory)
	}
	if most := fetchStats(t, d.address).PeakInFlight; most < at-1 {
		t.Errorf("only %d were in flight", most)
	}
}
