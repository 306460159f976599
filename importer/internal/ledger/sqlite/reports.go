package sqlite

import (
	"database/sql"
	"errors"
	"iter"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// LastRun returns the newest run. Runs are numbered in the order in which they began.
func (v *View) LastRun() (ledger.Run, error) {
	var r ledger.Run
	var started int64
	var ended sql.NullInt64
	var about string
	err := v.db.QueryRow("SELECT id, pid, started, ended, about FROM runs ORDER BY id DESC LIMIT 1").
		Scan(&r.ID, &r.PID, &started, &ended, &about)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Run{}, ledger.ErrNoRun
	} else if err != nil {
		return ledger.Run{}, err
	}
	r.Started, r.About = time.UnixMilli(started), []byte(about)
	if ended.Valid {
		r.Ended = time.UnixMilli(ended.Int64)
	}
	return r, nil
}

// Records returns what the last run did with an input's rows, in their order, which is that of the
// table: an input's places are all between its own first one and the next input's.
func (v *View) Records(input int) iter.Seq2[ledger.Record, error] {
	return sequence(v.reader, func(rows *sql.Rows) (ledger.Record, error) {
		r := ledger.Record{Input: input}
		err := rows.Scan(&r.Row, &r.Outcome)
		return r, err
	}, "SELECT place - ?1, outcome FROM records WHERE place >= ?1 AND place < ?2 ORDER BY place",
		place(ledger.Record{Input: input}), place(ledger.Record{Input: input + 1}))
}

// Counts returns how many keys are in each state. It looks through the whole ledger. What a dead
// process was sending is in doubt, as the next that opens the ledger for writing will note.
func (v *View) Counts() (map[ledger.State]int, error) {
	counts := map[ledger.State]int{}
	err := v.each(func(rows *sql.Rows) error {
		var state ledger.State
		var n int
		err := rows.Scan(&state, &n)
		if state == ledger.Sending && v.orphaned {
			state = ledger.InDoubt
		}
		counts[state] += n
		return err
	}, "SELECT state, count(*) FROM entries GROUP BY state")
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// Doubts returns the keys in doubt, as Counts has them, the oldest first. When the request of a
// dead process left, nobody knows; it was about to at the claim. The evidence is that of the key's last
// change, which made it doubtful.
func (v *View) Doubts(most int) (doubts []ledger.Doubt, err error) {
	if most == 0 {
		most = -1 // SQLite's word for all
	}
	err = v.each(func(rows *sql.Rows) error {
		d, err := scanDoubt(rows)
		doubts = append(doubts, d)
		return err
	}, `SELECT id, key, marker, contact, wolkvox_id, length, bytes, claimed_at,
		iif(state = 'sending', claimed_at, settled_at) AS since, doubted_at, boot, uptime,
		iif(state = 'sending', ?,
			coalesce((SELECT evidence FROM history WHERE history.id = entries.id ORDER BY seq DESC LIMIT 1), ''))
		FROM entries WHERE state = 'in_doubt' OR state = 'sending' AND ? ORDER BY since, id LIMIT ?`,
		orphan, v.orphaned, most)
	if err != nil {
		return nil, err
	}
	return doubts, nil
}

// scanDoubt reads a row of Doubts' query. Programs before version 4 noted no clocks: Last stays zero,
// and no time is certain to have passed.
func scanDoubt(rows *sql.Rows) (d ledger.Doubt, err error) {
	var id []byte
	var claimed, since, doubted, uptime int64
	err = rows.Scan(&id, &d.Key, &d.Marker, &d.Contact, &d.WolkvoxID, &d.Length, &d.Bytes, &claimed,
		&since, &doubted, &d.Last.Boot, &uptime, &d.Evidence)
	copy(d.ID[:], id)
	d.Claimed, d.Since = time.UnixMilli(claimed), time.UnixMilli(since)
	if doubted > 0 {
		d.Last.Wall, d.Last.Uptime = time.UnixMilli(doubted), time.Duration(uptime)*time.Millisecond
	}
	return d, err
}
