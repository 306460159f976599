package sqlite

// version is the schema's, kept in SQLite's user_version. A ledger with a higher one is refused: this
// program doesn't know what its rows mean.
const version = 4

// schema is that of version 1; migrations bring it to the present one.
//
//   - meta: whom the ledger is for (operation, server) and by which path it is used.
//   - entries: a row for each key that was ever claimed or refused; never removed, since a key that
//     the ledger doesn't know is sent.
//   - column_sets: the sets of columns that contents were made of, so that a row can be compared
//     with what it was when the file had other columns.
//   - history: each change of an entry's state but its claim, of which the entry itself has all.
//     Triggers refuse whatever else than to add to it.
//   - runs: when the ledger was written, by whom, and with what result.
//   - records: what the last run did with each row. The next run begins without them.
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

// migrations[i] brings a database from version i+1 to the next. None is ever changed once it has
// been released: a new ledger is made by all of them, so that it is the same as a migrated one.
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
INSERT INTO ordered (id, key, template, state, run, columns, content, marker, contact, length,
		wolkvox_id, id_prefijo, attempts, claimed_at, settled_at)
	SELECT id, key, template, state, run, columns, content, marker, contact, length,
		wolkvox_id, id_prefijo, attempts, claimed_at, settled_at
	FROM entries ORDER BY claimed_at;
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
	// 4: how many bytes a description had, and by which clocks a key is in doubt since when: the
	// wall's (Unix milliseconds), and the time since which start of the computer (milliseconds)
	`ALTER TABLE entries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN doubted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN uptime INTEGER NOT NULL DEFAULT 0`,
}
