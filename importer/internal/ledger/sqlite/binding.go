package sqlite

import (
	"database/sql"

	"wolkvox-import/importer/internal/ledger"
)

// admit checks that the ledger is for b, and gives it to b if its server has moved there. It is asked
// before a ledger is migrated, so it reads only what every version has.
func admit(db *sql.DB, path string, b ledger.Binding) error {
	operation, server, err := readBinding(db)
	if err != nil {
		return explain(path, err)
	}
	moved, err := b.Check(path, operation, server)
	if err != nil || !moved {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	if err := writeBinding(tx, b); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

// writeBinding notes whom the ledger is for, in a new ledger or in place of what it was for before.
func writeBinding(tx *sql.Tx, b ledger.Binding) error {
	for name, value := range map[string]string{"operation": b.Operation, "server": b.Server} {
		_, err := tx.Exec(`INSERT INTO meta (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
		if err != nil {
			return err
		}
	}
	return nil
}

// readBinding reads what all versions of the schema have kept in the same place.
func readBinding(db *sql.DB) (operation, server string, err error) {
	if err = db.QueryRow("SELECT value FROM meta WHERE name = 'operation'").Scan(&operation); err == nil {
		err = db.QueryRow("SELECT value FROM meta WHERE name = 'server'").Scan(&server)
	}
	return operation, server, err
}
