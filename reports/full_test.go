//go:build linux || darwin

package reports_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"wolkvox-import/reports"
)

const limitedProcess = "REPORTS_TEST_LIMITED"

// A limit on the size of files stands in for a disk that fills up while reports are
// written. It holds for the whole process, so the test has one of its own.
func TestAFullDiskIsOneLineAndLeavesTheOldReports(t *testing.T) {
	if os.Getenv(limitedProcess) == "" {
		again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), limitedProcess+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for _, format := range reports.Formats() {
		dir := t.TempDir()
		set := reports.Set{Dir: dir, Formats: []string{format}}
		write(t, set, oneOfEach...)
		before := contents(t, dir)

		limitFiles(t, 1000)
		_, paths, err := set.Write(created(20_000), known(reports.About{}))
		if err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), "results."+format) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: got %v", format, err)
		}
		if paths != nil {
			t.Errorf("%s: claims to have written %v", format, paths)
		}
		limitFiles(t, 1<<40)
		equal(t, contents(t, dir), before)
	}
}

// limitFiles lasts until the next call, and the process takes no part in it after the test.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	cur := limit.Cur
	t.Cleanup(func() {
		limit.Cur = cur
		syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	})
	limit.Cur = min(size, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}
