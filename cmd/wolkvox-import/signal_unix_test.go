//go:build unix

package main

import (
	"bytes"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// timeout(1) signals a program and its group, which is two signals and one wish. A second
// wish stops the run at once.
func TestTwoSignalsAtOnceAreOne(t *testing.T) {
	for _, c := range []struct {
		name    string
		signal  syscall.Signal
		between time.Duration
		status  int
		said    string
	}{
		{"terminal closed", syscall.SIGHUP, 50 * time.Millisecond, 5, "stopping"},
		{"at once", syscall.SIGTERM, 50 * time.Millisecond, 5, "stopping"},
		{"one after the other", syscall.SIGTERM, oneSignal + 200*time.Millisecond, 4, "rows are in doubt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.signal == syscall.SIGHUP && signal.Ignored(c.signal) {
				t.Skip("these tests run under nohup, whose programs ignore a closed terminal")
			}
			t.Parallel()
			d := newDesk(t, 20)
			d.crm("--latency", "6s")
			run := d.command("--no-progress", "--no-quota-check")
			var said bytes.Buffer
			run.Stdout, run.Stderr = &said, &said
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
			for range 2 {
				if err := run.Process.Signal(c.signal); err != nil {
					t.Error(err)
				}
				time.Sleep(c.between)
			}
			_ = run.Wait()
			if got := run.ProcessState.ExitCode(); got != c.status || !strings.Contains(said.String(), c.said) {
				t.Errorf("status %d: %s", got, said.String())
			}
		})
	}
}

// The second wish's status is what is true: nothing is in doubt if nothing is in flight any more. The
// rest of a large input is still being listed then.
func TestSecondSignalSaysWhetherAnythingIsInDoubt(t *testing.T) {
	d := newDesk(t, 400_000)
	d.crm()
	run := d.command("--no-progress", "--no-quota-check", "--formats", "csv")
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	for range 2 {
		if err := run.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		time.Sleep(oneSignal + 200*time.Millisecond)
	}
	_ = run.Wait()
	if got := run.ProcessState.ExitCode(); got != 5 || !strings.Contains(said.String(), "nothing was in flight") {
		t.Errorf("status %d: %s", got, said.String())
	}
}
