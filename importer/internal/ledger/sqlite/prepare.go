package sqlite

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/ledger"
)

// oldestSQLite is the first release without the bug by which resetting a WAL could lose committed
// rows (3.7.0 to 3.51.2).
var oldestSQLite = [3]int{3, 51, 3}

// prepare brings a database to the present schema and checks whom it belongs to. The latter comes
// first: a ledger that is refused stays as it is.
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
		return fmt.Errorf("the ledger %s has version %d and this program knows %d: use the newer program",
			path, found, version)
	}
	if err := admit(db, path, b); err != nil {
		return err
	}
	return migrate(db, path, found)
}

// checkSQLite refuses a program that was built with a SQLite that loses rows.
func checkSQLite(db *sql.DB) error {
	var text string
	if err := db.QueryRow("SELECT sqlite_version()").Scan(&text); err != nil {
		return err
	}
	for i, part := range strings.SplitN(text, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil || n < oldestSQLite[i] {
			return fmt.Errorf("this program was built with SQLite %s, which can lose committed rows; "+
				"build it with 3.51.3 or newer", text)
		}
		if n > oldestSQLite[i] {
			return nil
		}
	}
	return nil
}

// create makes a new ledger. The version comes with the rest: a process that dies in the middle
// leaves an empty file, of which the next one makes a ledger.
func create(db *sql.DB, path string, b ledger.Binding) error {
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	all := schema + strings.Join(migrations, ";") + fmt.Sprintf("; PRAGMA user_version = %d;", version)
	if _, err := tx.Exec(all); err != nil {
		return explain(path, err)
	}
	if err := writeBinding(tx, b); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

// migrate brings an older ledger to the present version, whole or not at all: SQLite's DDL takes part
// in transactions, and so does user_version.
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

// checkWhole looks for damage after a run that did not end well. A damaged file must not pass for
// a ledger that knows nothing of some rows: they would be sent again. The check reads the whole file,
// so a run that ended well doesn't make the next one wait for it.
func checkWhole(db *sql.DB, path string) error {
	var open int
	err := db.QueryRow("SELECT count(*) FROM runs WHERE ended IS NULL AND id = (SELECT max(id) FROM runs)").Scan(&open)
	if err != nil {
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
		return fmt.Errorf("the ledger %s is damaged (%s); keep it, and don't import with it: "+
			"what it says of rows can't be trusted", path, said)
	}
	return nil
}
