package sqlite

import (
	"database/sql"
	"time"
)

// Purge removes what tells about persons from entries that were settled before then:
// keys, markers, contacts and evidence, and what the last run said of its rows. What
// keeps a row from being sent twice stays: the hash of its key and the case's id. Rows
// in doubt stay whole. It returns how many entries were purged, and shrinks the file,
// so that nothing is left in its free pages either.
func (l *Ledger) Purge(before time.Time) (purged int, err error) {
	at := before.UnixMilli()
	err = l.writer.exec(func(tx *sql.Tx) error {
		result, err := tx.Exec(`UPDATE entries SET key = '', marker = '', contact = ''
			WHERE state NOT IN ('sending', 'in_doubt') AND settled_at < ? AND (key <> '' OR marker <> '' OR contact <> '')`, at)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		purged = int(n)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			`DROP TRIGGER history_fixed`, // within this transaction only
			`UPDATE history SET evidence = '' WHERE at < ?1 AND id NOT IN (SELECT id FROM entries WHERE state IN ('sending', 'in_doubt'))`,
			`CREATE TRIGGER history_fixed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is only added to'); END`,
			`DELETE FROM records WHERE (SELECT max(started) FROM runs) < ?1`,
		} {
			if _, err := tx.Exec(statement, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, statement := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := l.writer.db.Exec(statement); err != nil {
			return purged, explain(l.path, err)
		}
	}
	return purged, nil
}
