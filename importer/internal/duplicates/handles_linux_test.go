package duplicates_test

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"wolkvox-import/importer/internal/duplicates"
)

// If the system gives too few file handles, that is what is said.
func TestTooFewFileHandlesAreSaid(t *testing.T) {
	k := duplicates.New(filepath.Join(t.TempDir(), "keys"))
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := k.Seen([]duplicates.Sighting{{Row: 2}})
	if err == nil || !strings.Contains(err.Error(), "raise the limit (ulimit -n)") {
		t.Errorf("got %v", err)
	}
}
