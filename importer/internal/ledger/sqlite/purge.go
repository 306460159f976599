package sqlite

import (
	"database/sql"
	"time"
)

// Purge removes what tells about persons from entries that were settled before then, and shrinks
// the file, so that nothing is left in its free pages either. What keeps a row from being sent
// twice stays: the hash of its key and the case's id. Rows in doubt stay whole.
func (l *Ledger) Purge(before time.Time) (purged int, err error) {
	err = l.writer.exec(func(tx *sql.Tx) error {
		purged, err = purge(tx, before.UnixMilli())
		return err
	})
	if err != nil {
		return 0, err
	}
	// VACUUM writes the whole file anew; what was removed is still in the WAL until that is cut off.
	for _, statement := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := l.writer.db.Exec(statement); err != nil {
			return purged, explain(l.View.path, err)
		}
	}
	return purged, nil
}

// purge is what Purge does to the tables. Entries are not removed, but what names a person in them
// is. A trigger keeps history from being changed; for the evidence in it, which quotes the CRM's
// answers, this is the one exception, and it ends with the transaction. The records are the last
// run's, all of them.
func purge(tx *sql.Tx, before int64) (int, error) {
	result, err := tx.Exec(`UPDATE entries SET key = '', marker = '', contact = ''
		WHERE state NOT IN ('sending', 'in_doubt') AND settled_at < ?
			AND (key <> '' OR marker <> '' OR contact <> '')`, before)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	for _, statement := range []string{
		`DROP TRIGGER history_fixed`, // within this transaction only
		`UPDATE history SET evidence = ''
			WHERE at < ?1 AND id NOT IN (SELECT id FROM entries WHERE state IN ('sending', 'in_doubt'))`,
		`CREATE TRIGGER history_fixed BEFORE UPDATE ON history
			BEGIN SELECT RAISE(ABORT, 'history is only added to'); END`,
		`DELETE FROM records WHERE (SELECT max(started) FROM runs) < ?1`,
	} {
		if _, err := tx.Exec(statement, before); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}
