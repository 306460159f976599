package ledger

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// version is the schema's, kept in SQLite's user_version.
const version = 1

const schema = `
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE entries (
	id         BLOB PRIMARY KEY, -- half of the key's SHA-256
	key        TEXT NOT NULL,
	template   TEXT NOT NULL,    -- the mapping's key text, '' where cells are the key
	state      TEXT NOT NULL,
	run        INTEGER NOT NULL, -- the last one that claimed it
	columns    INTEGER NOT NULL, -- which set of columns content is made of
	content    BLOB NOT NULL,    -- hash of those cells when it was claimed
	marker     TEXT NOT NULL,    -- as sent
	contact    TEXT NOT NULL,    -- as sent
	wolkvox_id TEXT NOT NULL DEFAULT '',
	id_prefijo TEXT NOT NULL DEFAULT '',
	attempts   INTEGER NOT NULL DEFAULT 0,
	claimed_at INTEGER NOT NULL, -- Unix milliseconds
	settled_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX entries_state ON entries (state) WHERE state IN ('sending', 'in_doubt');
CREATE TABLE column_sets (
	id    INTEGER PRIMARY KEY,
	names TEXT NOT NULL UNIQUE -- JSON list of folded column names
);
CREATE TABLE history (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	at         INTEGER NOT NULL, -- Unix milliseconds
	run        INTEGER NOT NULL,
	id         BLOB NOT NULL,
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	evidence   TEXT NOT NULL
);
CREATE TRIGGER history_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER history_fixed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TABLE runs (
	id      INTEGER PRIMARY KEY,
	pid     INTEGER NOT NULL,
	started INTEGER NOT NULL, -- Unix milliseconds
	ended   INTEGER,          -- NULL while it runs, and after a crash
	about   TEXT NOT NULL     -- the importer's own words, as JSON
);
CREATE TABLE records ( -- what the last run did with each row
	input   INTEGER NOT NULL,
	row     INTEGER NOT NULL,
	outcome TEXT NOT NULL, -- the importer's own words, as JSON
	PRIMARY KEY (input, row)
) WITHOUT ROWID;
`

// oldestSQLite is the first release without the bug by which resetting a WAL could
// lose committed rows (3.7.0 to 3.51.2).
var oldestSQLite = [3]int{3, 51, 3}

// prepare brings a database to the present schema and checks whom it belongs to.
func prepare(db *sql.DB, path string, b Binding) error {
	if err := checkSQLite(db); err != nil {
		return err
	}
	var found int
	if err := db.QueryRow("PRAGMA user_version").Scan(&found); err != nil {
		return explain(path, err)
	}
	switch found {
	case 0:
		return create(db, path, b)
	case version:
		return b.check(db, path)
	}
	return fmt.Errorf("the ledger %s has version %d and this program knows %d: use the newer program", path, found, version)
}

func checkSQLite(db *sql.DB) error {
	var text string
	if err := db.QueryRow("SELECT sqlite_version()").Scan(&text); err != nil {
		return err
	}
	for i, part := range strings.SplitN(text, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil || n < oldestSQLite[i] {
			return fmt.Errorf("this program was built with SQLite %s, which can lose committed rows; build it with 3.51.3 or newer", text)
		}
		if n > oldestSQLite[i] {
			return nil
		}
	}
	return nil
}

func create(db *sql.DB, path string, b Binding) error {
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(schema + fmt.Sprintf("PRAGMA user_version = %d;", version)); err != nil {
		return explain(path, err)
	}
	if err := b.write(tx); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

// recoverSending settles what a dead process was sending: it is in doubt.
func recoverSending(db *sql.DB, now time.Time) (int, error) {
	tx, err := db.Begin()
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	at := now.UnixMilli()
	_, err = tx.Exec(`INSERT INTO history (at, run, id, from_state, to_state, evidence)
		SELECT ?, run, id, 'sending', 'in_doubt', 'the process that sent it ended before the answer was recorded' FROM entries WHERE state = 'sending'`, at)
	if err != nil {
		return 0, err
	}
	result, err := tx.Exec(`UPDATE entries SET state = 'in_doubt', settled_at = ? WHERE state = 'sending'`, at)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	return int(n), tx.Commit()
}
