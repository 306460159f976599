package sqlite

import (
	"database/sql"
	"fmt"
)

// Binding is whom a ledger is for. Its keys mean nothing anywhere else: a rehearsal
// must never make a real run skip rows.
type Binding struct {
	Operation string
	Server    string // identity of the server: one for all names of a host
	Rehearsal string // the identity of servers that only rehearse; such a ledger stays one
	Moved     bool   // the person says that the server has moved: take the new one over
}

// BindingError says that a ledger was made for something else.
type BindingError struct {
	Path, What, Has, Want, Hint string
}

func (e *BindingError) Error() string {
	return fmt.Sprintf("the ledger %s was made for the %s %q, not %q: %s", e.Path, e.What, e.Has, e.Want, e.Hint)
}

func (b Binding) write(tx *sql.Tx) error {
	for name, value := range map[string]string{"operation": b.Operation, "server": b.Server} {
		if _, err := tx.Exec("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value); err != nil {
			return err
		}
	}
	return nil
}

func (b Binding) check(db *sql.DB, path string) error {
	operation, server, err := readBinding(db)
	if err != nil {
		return explain(path, err)
	}
	rehearsed := server == b.Rehearsal
	switch {
	case operation != b.Operation:
		return &BindingError{path, "operation", operation, b.Operation, "give another one with --ledger"}
	case server == b.Server:
		return nil
	case rehearsed || b.Server == b.Rehearsal:
		return &BindingError{path, "server", server, b.Server, "a rehearsal and the real thing need a ledger each; give another one with --ledger"}
	case !b.Moved:
		return &BindingError{path, "server", server, b.Server, "give another one with --ledger, or, if it is the same CRM under a new name, say --server-moved"}
	}
	tx, err := db.Begin()
	if err != nil {
		return explain(path, err)
	}
	defer tx.Rollback()
	if err := b.write(tx); err != nil {
		return explain(path, err)
	}
	return tx.Commit()
}

func readBinding(db *sql.DB) (operation, server string, err error) {
	if err = db.QueryRow("SELECT value FROM meta WHERE name = 'operation'").Scan(&operation); err == nil {
		err = db.QueryRow("SELECT value FROM meta WHERE name = 'server'").Scan(&server)
	}
	return operation, server, err
}
