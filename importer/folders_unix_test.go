//go:build unix

package importer_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// Reports and ledgers hold personal data: whatever the umask, only their owner gets at them.
func TestFoldersAndFilesAreTheOwnersAlone(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(3))
	defer syscall.Umask(syscall.Umask(0))
	d.job.Out, d.job.Ledger = d.path("deep/out"), d.path("books/of/l.db")
	d.counts(d.run(input), 0, n{reports.Created: 3})
	for _, top := range []string{"deep", "books"} {
		err := filepath.WalkDir(d.path(top), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Lstat(path)
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
