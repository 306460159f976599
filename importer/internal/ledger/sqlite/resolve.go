package sqlite

import (
	"database/sql"
	"fmt"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// Resolve writes what proof or a person says of keys: of all of them or of none. The state that a
// resolution was made for stands in the statement's condition: a key that has changed since the
// person looked is not changed again.
func (l *Ledger) Resolve(list ...ledger.Resolution) error {
	for _, r := range list {
		if err := r.Check(); err != nil {
			return err
		}
	}
	return l.writer.exec(func(tx *sql.Tx) error {
		// A key in another state fails this change alone, and others share its transaction:
		// what was done for the keys before it has to be undone by itself.
		if _, err := tx.Exec("SAVEPOINT resolutions"); err != nil {
			return err
		}
		err := l.resolve(tx, list)
		if err != nil {
			if _, undone := tx.Exec("ROLLBACK TO resolutions"); undone != nil {
				return undone
			}
		}
		if _, released := tx.Exec("RELEASE resolutions"); released != nil {
			return released
		}
		return err
	})
}

func (l *Ledger) resolve(tx *sql.Tx, list []ledger.Resolution) error {
	entry, err := tx.Prepare(`UPDATE entries SET state = ?, wolkvox_id = ?, id_prefijo = ?, settled_at = ?
		WHERE id = ? AND state = ?`)
	if err != nil {
		return err
	}
	defer entry.Close()
	history, err := tx.Prepare(`INSERT INTO history (at, run, id, from_state, to_state, evidence)
		VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer history.Close()
	now := time.Now().UnixMilli()
	for i, r := range list {
		result, err := entry.Exec(string(r.To), r.WolkvoxID, r.IDPrefijo, now, r.ID[:], string(r.From))
		if err := oneRow(result, err); err != nil {
			return fmt.Errorf("resolution %d of %d: %w", i+1, len(list), err)
		}
		if _, err := history.Exec(now, l.run, r.ID[:], string(r.From), string(r.To), r.Evidence); err != nil {
			return err
		}
	}
	return nil
}
