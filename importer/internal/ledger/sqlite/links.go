package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// A ledger may be reached by several paths, but beside it lie files that belong to one of
// them: its lock, its WAL, its ballast. Two processes that each took its own would write one
// ledger at the same time, each without what the other has in its WAL.
//
//   - Of a symbolic link, what it leads to is the path.
//   - A file with several names (hard links) is used by the one that it remembers itself,
//     in meta. It stands in the file and not only in its WAL, which nobody can find yet.

// locate returns the path by which a ledger is used, which is the given one unless that is a
// link of either kind. A ledger that isn't there yet is to be made at its path.
func locate(path string) (string, error) {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if path, err = follow(path); err == nil {
			info, err = os.Stat(path)
		}
	}
	if err == nil && info.Mode().IsRegular() {
		var n int
		if n, err = links(path, info); err == nil && n > 1 {
			return home(path, info)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", cantOpen(path, err)
	}
	return path, nil
}

// follow is the file that a symbolic link leads to, over whatever others.
func follow(link string) (string, error) {
	path, err := filepath.EvalSymlinks(link)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the ledger %s is a link to a file that isn't there; "+
			"remove the link, or give the ledger's path itself", link)
	}
	return path, err
}

// home is the path that a file with several names remembers, if that still is one of them.
func home(path string, info fs.FileInfo) (string, error) {
	// What another process has in a WAL can't be seen by who doesn't know its path: immutable keeps
	// SQLite from looking for one beside this name, and from making one.
	db, err := connect(path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	var kept string
	if err == nil {
		kept, err = remembered(db)
		db.Close()
	}
	if c := code(err); c == codeError || c == codeNotADB {
		return path, nil // no table yet, or no ledger at all: who opens it says so
	}
	if err != nil {
		return "", explain(path, err)
	}
	if other, err := os.Stat(kept); err == nil && os.SameFile(info, other) {
		return kept, nil
	}
	return path, nil
}

// remembered is the path that the file itself has noted; "" if it has none.
func remembered(db *sql.DB) (path string, err error) {
	err = db.QueryRow("SELECT value FROM meta WHERE name = 'path'").Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return path, err
}

// remember sees to it that the file itself, without its WAL, says by which path it is used.
func remember(db *sql.DB, path string) error {
	absolute, err := filepath.Abs(path)
	if err == nil {
		absolute, err = filepath.EvalSymlinks(absolute) // of its folder
	}
	if err != nil {
		return cantOpen(path, err)
	}
	kept, err := remembered(db)
	if err != nil {
		return explain(path, err)
	}
	if kept == absolute {
		return nil
	}
	if err := leftBehind(kept, absolute); err != nil {
		return err
	}
	_, err = db.Exec(`INSERT INTO meta (name, value) VALUES ('path', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, absolute)
	if err != nil {
		return explain(path, err)
	}
	if _, err := db.Exec("PRAGMA wal_checkpoint(FULL)"); err != nil {
		return explain(path, err)
	}
	return nil
}

// leftBehind finds a WAL that was not moved with its ledger: without it, the ledger has lost
// the last rows that were sent.
func leftBehind(from, to string) error {
	if _, err := os.Lstat(from); from == "" || !errors.Is(err, fs.ErrNotExist) {
		return nil // it is a copy, and the original has its own
	}
	wal, err := os.Lstat(from + "-wal")
	if err != nil || wal.Size() == 0 {
		return nil
	}
	return fmt.Errorf("the ledger %s was moved from %s without %s-wal, which holds the last of it; "+
		"move that too, to %s-wal", to, from, from, to)
}
