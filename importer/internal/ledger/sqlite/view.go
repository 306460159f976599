package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// View reads a ledger, also while another process writes it.
type View struct {
	db       *sql.DB
	path     string
	orphaned bool // nobody holds the ledger: what is being sent in it has been left by a dead process
}

// Look opens an existing ledger for reading.
func Look(path string) (*View, error) {
	path, err := existing(path)
	if err != nil {
		return nil, err
	}
	view, err := openView(path, "ro")
	if err != nil {
		return nil, err
	}
	var found int
	if err := view.db.QueryRow("PRAGMA user_version").Scan(&found); err != nil {
		view.Close()
		return nil, explain(path, err)
	}
	if found > 0 && found < version {
		view.Close()
		return nil, fmt.Errorf("the ledger %s is an older program's (version %d); the next run with it, or resolve --auto, brings it up to date", path, found)
	}
	if found != version {
		view.Close()
		return nil, fmt.Errorf("%s is not a ledger that this program can read (version %d)", path, found)
	}
	held, err := held(path)
	view.orphaned = err == nil && !held
	return view, nil
}

// BindingOf returns the operation and the server that an existing ledger belongs to, also if an
// older program made it, of which Open makes a present one.
func BindingOf(path string) (operation, server string, err error) {
	if path, err = existing(path); err != nil {
		return "", "", err
	}
	view, err := openView(path, "ro")
	if err != nil {
		return "", "", err
	}
	defer view.Close()
	return view.Binding()
}

// existing is the path by which a ledger that must be there is used.
func existing(path string) (string, error) {
	path, err := locate(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no ledger %s", path)
	}
	return path, nil
}

func openView(path, mode string) (*View, error) {
	db, err := open(path, mode)
	if err != nil {
		return nil, err
	}
	return &View{db: db, path: path}, nil
}

// Close ends the reading.
func (v *View) Close() error { return v.db.Close() }

// Binding returns the operation and the server that the ledger belongs to.
func (v *View) Binding() (operation, server string, err error) {
	if operation, server, err = readBinding(v.db); err != nil {
		err = explain(v.path, err)
	}
	return operation, server, err
}

// LastRun returns the newest run.
func (v *View) LastRun() (ledger.Run, error) {
	var r ledger.Run
	var started int64
	var ended sql.NullInt64
	var about string
	err := v.db.QueryRow("SELECT id, pid, started, ended, about FROM runs ORDER BY id DESC LIMIT 1").Scan(&r.ID, &r.PID, &started, &ended, &about)
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

// Counts returns how many keys are in each state. What a dead process was sending is in doubt,
// as the next that opens the ledger for writing will note.
func (v *View) Counts() (map[ledger.State]int, error) {
	counts := map[ledger.State]int{}
	rows, err := v.db.Query("SELECT state, count(*) FROM entries GROUP BY state")
	if err != nil {
		return nil, explain(v.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var state ledger.State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, explain(v.path, err)
		}
		if state == ledger.Sending && v.orphaned {
			state = ledger.InDoubt
		}
		counts[state] += n
	}
	return counts, rows.Err()
}

// OtherKey looks for a row with one of these contents that has, or may have, a case under a key
// of another template, and returns that template.
func (v *View) OtherKey(contents [][16]byte, template string) (other string, found bool, err error) {
	for some := range slices.Chunk(contents, perQuery) {
		args := []any{template}
		for i := range some {
			args = append(args, some[i][:])
		}
		marks := strings.Repeat("?, ", len(some)-1) + "?"
		err = v.db.QueryRow("SELECT template FROM entries WHERE template <> ? AND state IN ('created', 'in_doubt', 'sending') AND content IN ("+marks+") LIMIT 1", args...).Scan(&other)
		if err == nil {
			return other, true, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", false, explain(v.path, err)
		}
	}
	return "", false, nil
}

// Doubts returns the keys in doubt, as Counts has them, the oldest first, at most so many; 0 is
// all.
func (v *View) Doubts(most int) ([]ledger.Doubt, error) {
	if most == 0 {
		most = -1
	}
	rows, err := v.db.Query(`SELECT id, key, marker, contact, wolkvox_id, length, bytes, claimed_at,
		iif(state = 'sending', claimed_at, settled_at) AS since, doubted_at, boot, uptime,
		iif(state = 'sending', ?, coalesce((SELECT evidence FROM history WHERE history.id = entries.id ORDER BY seq DESC LIMIT 1), ''))
		FROM entries WHERE state = 'in_doubt' OR state = 'sending' AND ? ORDER BY since, id LIMIT ?`, orphan, v.orphaned, most)
	if err != nil {
		return nil, explain(v.path, err)
	}
	defer rows.Close()
	var doubts []ledger.Doubt
	for rows.Next() {
		d, err := scanDoubt(rows)
		if err != nil {
			return nil, explain(v.path, err)
		}
		doubts = append(doubts, d)
	}
	return doubts, rows.Err()
}

func scanDoubt(rows *sql.Rows) (d ledger.Doubt, err error) {
	var id []byte
	var claimed, since, doubted, uptime int64
	err = rows.Scan(&id, &d.Key, &d.Marker, &d.Contact, &d.WolkvoxID, &d.Length, &d.Bytes, &claimed, &since, &doubted, &d.Last.Boot, &uptime, &d.Evidence)
	copy(d.ID[:], id)
	d.Claimed, d.Since = time.UnixMilli(claimed), time.UnixMilli(since)
	if doubted > 0 {
		d.Last.Wall, d.Last.Uptime = time.UnixMilli(doubted), time.Duration(uptime)*time.Millisecond
	}
	return d, err
}

// Records returns what the last run did with an input's rows, in their order.
func (v *View) Records(input int) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		first := place(ledger.Record{Input: input})
		rows, err := v.db.Query("SELECT place - ?1, outcome FROM records WHERE place >= ?1 AND place < ?2 ORDER BY place", first, place(ledger.Record{Input: input + 1}))
		if err != nil {
			yield(ledger.Record{}, explain(v.path, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			r := ledger.Record{Input: input}
			if err := rows.Scan(&r.Row, &r.Outcome); err != nil {
				yield(ledger.Record{}, explain(v.path, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(ledger.Record{}, explain(v.path, err))
		}
	}
}

// ColumnSets returns the known sets of columns, by number, as JSON lists of names.
func (v *View) ColumnSets() (map[int64]string, error) {
	sets := map[int64]string{}
	rows, err := v.db.Query("SELECT id, names FROM column_sets")
	if err != nil {
		return nil, explain(v.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var names string
		if err := rows.Scan(&id, &names); err != nil {
			return nil, explain(v.path, err)
		}
		sets[id] = names
	}
	return sets, rows.Err()
}
