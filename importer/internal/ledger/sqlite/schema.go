package sqlite

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/ledger"
)

// version is the schema's, kept in SQLite's user_version.
const version = 4

// schema is that of version 1; migrations bring it to the present one.
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

// migrations[i] brings a database from version i+1 to the next. None is ever changed
// once it has left the house.
var migrations = []string{
	// 2: how long a description was, to tell whether the CRM cuts such long ones
	`ALTER TABLE entries ADD COLUMN length INTEGER NOT NULL DEFAULT 0`,
	// 3: entries in the order of their first claim. In the order of their ids, which are as
	// good as random, each row that is claimed or settled changes a page of its own.
	`CREATE TABLE ordered (
	seq        INTEGER PRIMARY KEY,
	id         BLOB NOT NULL UNIQUE,
	key        TEXT NOT NULL,
	template   TEXT NOT NULL,
	state      TEXT NOT NULL,
	run        INTEGER NOT NULL,
	columns    INTEGER NOT NULL,
	content    BLOB NOT NULL,
	marker     TEXT NOT NULL,
	contact    TEXT NOT NULL,
	length     INTEGER NOT NULL DEFAULT 0,
	wolkvox_id TEXT NOT NULL DEFAULT '',
	id_prefijo TEXT NOT NULL DEFAULT '',
	attempts   INTEGER NOT NULL DEFAULT 0,
	claimed_at INTEGER NOT NULL,
	settled_at INTEGER NOT NULL DEFAULT 0
);
INSERT INTO ordered (id, key, template, state, run, columns, content, marker, contact, length, wolkvox_id, id_prefijo, attempts, claimed_at, settled_at)
	SELECT id, key, template, state, run, columns, content, marker, contact, length, wolkvox_id, id_prefijo, attempts, claimed_at, settled_at FROM entries ORDER BY claimed_at;
DROP TABLE entries;
ALTER TABLE ordered RENAME TO entries;
CREATE INDEX entries_state ON entries (state) WHERE state IN ('sending', 'in_doubt');
CREATE TABLE listed (
	place   INTEGER PRIMARY KEY, -- input and row; see Record.place
	outcome TEXT NOT NULL
);
INSERT INTO listed SELECT (input << 40) + row, outcome FROM records ORDER BY input, row;
DROP TABLE records;
ALTER TABLE listed RENAME TO records;
CREATE TABLE kept ( -- without AUTOINCREMENT: nothing is ever deleted that could be numbered anew
	seq        INTEGER PRIMARY KEY,
	at         INTEGER NOT NULL,
	run        INTEGER NOT NULL,
	id         BLOB NOT NULL,
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	evidence   TEXT NOT NULL
);
INSERT INTO kept SELECT seq, at, run, id, from_state, to_state, evidence FROM history;
DROP TABLE history;
ALTER TABLE kept RENAME TO history;
CREATE TRIGGER history_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END;
CREATE TRIGGER history_fixed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END`,
	// 4: how many bytes a description had, and by which clocks a key is in doubt since when: the wall's
	// (Unix milliseconds), and the time since which start of the computer (milliseconds)
	`ALTER TABLE entries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN doubted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN uptime INTEGER NOT NULL DEFAULT 0`,
}

// oldestSQLite is the first release without the bug by which resetting a WAL could
// lose committed rows (3.7.0 to 3.51.2).
var oldestSQLite = [3]int{3, 51, 3}

// prepare brings a database to the present schema and checks whom it belongs to.
func prepare(db *sql.DB, path string, b ledger.Binding) error {
	if err := checkSQLite(db); err != nil {
		return err
	}
	var found int
	if err := db.QueryRow("PRAGMA user_version").Scan(&found); err != nil {
		return explain(path, err)
	}
	switch {
	case found == 0:
		return create(db, path, b)
	case found > version:
		return fmt.Errorf("the ledger %s has version %d and this program knows %d: use the newer program", path, found, version)
	}
	if err := admit(db, path, b); err != nil {
		return err
	}
	return migrate(db, path, found)
}

// migrate brings an older ledger to the present version, whole or not at all.
func migrate(db *sql.DB, path string, from int) error {
	if from == version {
		return nil
	}
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	for _, step := range migrations[from-1:] {
		if _, err := tx.Exec(step); err != nil {
			return explain(path, err)
		}
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

// checkWhole looks for damage after a run that did not end well.
func checkWhole(db *sql.DB, path string) error {
	var open int
	if err := db.QueryRow("SELECT count(*) FROM runs WHERE ended IS NULL AND id = (SELECT max(id) FROM runs)").Scan(&open); err != nil {
		return explain(path, err)
	}
	if open == 0 {
		return nil
	}
	var said string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&said); err != nil {
		return explain(path, err)
	}
	if said != "ok" {
		return fmt.Errorf("the ledger %s is damaged (%s); keep it, and don't import with it: what it says of rows can't be trusted", path, said)
	}
	return nil
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

func create(db *sql.DB, path string, b ledger.Binding) error {
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec(schema + strings.Join(migrations, ";") + fmt.Sprintf("; PRAGMA user_version = %d;", version)); err != nil {
		return explain(path, err)
	}
	if err := writeBinding(tx, b); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

// orphan is the evidence on what a dead process was sending.
const orphan = "the process that sent it ended before the answer was recorded"

// recoverSending settles what a dead process was sending: it is in doubt. When its request's last
// byte left, nobody knows; it was no later than this moment, at which the process is seen to be
// dead. Not the claim: the upload that followed it may have taken long.
func recoverSending(db *sql.DB, now clock.Moment) (int, error) {
	tx, err := db.Begin()
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	at := now.Wall.UnixMilli()
	_, err = tx.Exec(`INSERT INTO history (at, run, id, from_state, to_state, evidence)
		SELECT ?, run, id, 'sending', 'in_doubt', ? FROM entries WHERE state = 'sending'`, at, orphan)
	if err != nil {
		return 0, err
	}
	result, err := tx.Exec(`UPDATE entries SET state = 'in_doubt', settled_at = claimed_at, doubted_at = ?, boot = ?, uptime = ?
		WHERE state = 'sending'`, at, now.Boot, now.Uptime.Milliseconds())
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	return int(n), tx.Commit()
}
