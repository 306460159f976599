package sqlite

import (
	"database/sql"

	"wolkvox-import/importer/internal/clock"
)

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
	// History comes first: afterwards nobody could tell which entries were being sent.
	_, err = tx.Exec(`INSERT INTO history (at, run, id, from_state, to_state, evidence)
		SELECT ?, run, id, 'sending', 'in_doubt', ? FROM entries WHERE state = 'sending'`, at, orphan)
	if err != nil {
		return 0, err
	}
	result, err := tx.Exec(`UPDATE entries
		SET state = 'in_doubt', settled_at = claimed_at, doubted_at = ?, boot = ?, uptime = ?
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
