package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// touch makes the file before SQLite would, with whatever permissions the umask leaves: with those
// for its owner alone. SQLite gives the same ones to the -wal and -shm files beside it.
func touch(path string) (fresh bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, cantOpen(path, err)
	}
	return true, file.Close()
}

// checkpointAfter is the length of the WAL, in pages of 4 KB, from which on it is brought into the
// database: seldom, since a page that many rows change is then written once. It is a variable for
// the sake of one test, which has few rows and wants it often.
var checkpointAfter = 4000

// open opens the database; mode is SQLite's rw or ro. Every commit waits for the disk, until the
// writer takes that over (see writer.start).
func open(path, mode string) (*sql.DB, error) {
	pragmas := []string{
		"busy_timeout(10000)", // milliseconds: another process may hold the file for a moment
		"synchronous(FULL)",
		"cell_size_check(ON)", // damage is to be an error, and not another row's cells
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointAfter),
	}
	if mode == "rw" {
		// What SQLite can't keep in memory, it puts beside the ledger, where there is room and
		// nobody else reads it, into files that it removes as soon as they are open.
		folder, err := filepath.Abs(filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		quoted := "'" + strings.ReplaceAll(folder, "'", "''") + "'"
		pragmas = append(pragmas, "journal_mode(WAL)", "temp_store_directory("+quoted+")")
	}
	return connect(path, url.Values{"mode": {mode}, "_pragma": pragmas})
}

// connect opens one connection and no more: pragmas and prepared statements belong to it, and a
// second one for the same purpose would only wait for the first. It tries the connection, so that
// a file that is no ledger is found here.
func connect(path string, query url.Values) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	slashed := filepath.ToSlash(absolute)
	if slashed[0] != '/' {
		slashed = "/" + slashed // Windows: file:///C:/…
	}
	address := url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		db.Close()
		return nil, explain(path, err)
	}
	return db, nil
}
