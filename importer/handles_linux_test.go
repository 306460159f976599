package importer_test

import (
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// Attachments that can't be opened for want of file handles are no fault of their rows. The
// limit is a process's own, so that this one is begun anew.
func TestAttachmentsWithoutFileHandlesStopTheRun(t *testing.T) {
	const few = "WOLKVOX_IMPORT_FEW_HANDLES"
	if os.Getenv(few) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestAttachmentsWithoutFileHandlesStopTheRun$", "-test.v")
		again.Env = append(os.Environ(), few+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	d := newDesk(t, sandbox.Config{})
	list := rows(200)
	for _, row := range list {
		row[6] = "a.pdf;ñ b.txt"
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	server := d.job.Server
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		low := limit
		low.Cur = 48
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low)
		time.Sleep(20 * time.Millisecond)
		next.ServeHTTP(w, r)
	})
	d.job.Workers = 64
	r := d.run(d.csv("in.csv", columns, list))
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	d.job.Server = server
	out := r.Summary.Outcomes
	if r.Status() != 1 || out[reports.Invalid]+out[reports.InDoubt]+out[reports.Rejected] > 0 || out[reports.NotAttempted] == 0 {
		t.Errorf("status %d, %v, %+v", r.Status(), out, r.Halt)
	}
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Created: out[reports.NotAttempted], reports.Skipped: out[reports.Created]})
}
