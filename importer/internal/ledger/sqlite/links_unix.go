//go:build unix

package sqlite

import (
	"io/fs"
	"syscall"
)

// noFollow keeps a file from being opened by a link that somebody has laid in its place.
const noFollow = syscall.O_NOFOLLOW

// links is how many names a file has. It must not open the file: closing it again would end
// the locks that SQLite has on it in this process.
func links(_ string, info fs.FileInfo) (int, error) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink), nil
	}
	return 1, nil
}
