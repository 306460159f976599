package lines

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"

	"wolkvox-import/mapping/internal/text"
)

// Index is lines by key. Several goroutines may ask it.
type Index struct {
	mu    sync.Mutex // the statements are one user's at a time
	db    *sql.DB
	tx    *sql.Tx
	lines *sql.Stmt
	asked *sql.Stmt
}

// mostJoined bounds the lines of one key, in bytes.
const mostJoined = 4 << 20

// Build makes an index of the lines that fill adds. It is kept in the system's folder for
// temporary files or, if there is none or not enough room in it, in the fallback; then fill
// is called a second time.
func Build(fallback string, fill func(add func(key, line string) error) error) (*Index, error) {
	x, err := buildIn(os.TempDir(), fill)
	if wrong := new(sqlite.Error); errors.As(err, &wrong) {
		return buildIn(fallback, fill)
	}
	return x, err
}

// buildIn makes an index in a folder: in a database without a name, which SQLite removes as
// soon as it is open, so that nothing of it outlives the process. It needs no journal and no waiting
// for the disk either.
func buildIn(folder string, fill func(add func(key, line string) error) error) (_ *Index, err error) {
	x := &Index{}
	defer func() {
		if err != nil {
			x.Close()
		}
	}()
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	pragmas := url.Values{"_pragma": {"temp_store_directory('" + strings.ReplaceAll(folder, "'", "''") + "')",
		"temp_store(FILE)", "journal_mode(OFF)", "synchronous(OFF)", "cache_size(-8000)"}}
	if x.db, err = sql.Open("sqlite", "file:?"+pragmas.Encode()); err != nil {
		return nil, err
	}
	x.db.SetMaxOpenConns(1)
	if _, err = x.db.Exec(`CREATE TABLE lines (key TEXT NOT NULL, line TEXT NOT NULL);
		CREATE TABLE asked (key TEXT PRIMARY KEY) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	if err = x.fill(fill); err != nil {
		return nil, err
	}
	if x.tx, err = x.db.Begin(); err != nil {
		return nil, err
	}
	if x.lines, err = x.tx.Prepare(`SELECT line FROM lines WHERE key = ? ORDER BY rowid`); err != nil {
		return nil, err
	}
	x.asked, err = x.tx.Prepare(`INSERT OR IGNORE INTO asked VALUES (?)`)
	return x, err
}

func (x *Index) fill(fill func(add func(key, line string) error) error) error {
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert, err := tx.Prepare(`INSERT INTO lines VALUES (?, ?)`)
	if err != nil {
		return err
	}
	err = fill(func(key, line string) error {
		_, err := insert.Exec(text.Key(key), line)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`CREATE INDEX by_key ON lines (key)`); err != nil {
		return err
	}
	return tx.Commit()
}

// Find returns the lines of a key, in the order in which they were added, with a line break
// between them.
func (x *Index) Find(key string) (string, error) {
	key = text.Key(key)
	if key == "" {
		return "", nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, err := x.asked.Exec(key); err != nil {
		return "", err
	}
	rows, err := x.lines.Query(key)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var joined strings.Builder
	for first := true; rows.Next(); first = false {
		var line sql.RawBytes
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		if !first {
			joined.WriteByte('\n')
		}
		joined.Write(line)
		if joined.Len() > mostJoined {
			return "", fmt.Errorf("they are more than %d MB together", mostJoined>>20)
		}
	}
	return joined.String(), rows.Err()
}

// Orphans counts the lines that nobody has asked for.
func (x *Index) Orphans() (n int, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	err = x.tx.QueryRow(`SELECT count(*) FROM lines WHERE key NOT IN (SELECT key FROM asked)`).Scan(&n)
	return n, err
}

// Close removes the index.
func (x *Index) Close() {
	if x.tx != nil {
		x.tx.Rollback() // nothing of it is kept
	}
	if x.db != nil {
		x.db.Close()
	}
}
