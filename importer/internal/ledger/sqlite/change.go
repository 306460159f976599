package sqlite

import (
	"database/sql"
	"fmt"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// rowBits are the bits of a place that are the row's; the input's are above them.
const rowBits = 40

// place is where a record stands among those of all inputs.
func place(r ledger.Record) int64 { return int64(r.Input)<<rowBits + int64(r.Row) }

// Claim writes durably that the key's request is about to leave. It must return
// without error before the first byte does. ErrNotClaimable means that it must not,
// ErrFull that nothing may any more.
func (l *Ledger) Claim(c ledger.Claim) error {
	return l.writer.begin(func(s *statements, now int64) error {
		result, err := s.claim.Exec(c.ID[:], c.Key, c.Template, l.run, c.Columns, c.Content[:], c.Marker, c.Contact, c.Length, c.Bytes, now)
		return oneRow(result, err)
	})
}

// Release writes durably that a claim's request was not sent or not processed: the key is
// free again.
func (l *Ledger) Release(id ledger.ID, evidence string) error {
	return l.writer.do(func(s *statements, now int64) error {
		return s.conclude(l.run, now, ledger.Settlement{ID: id, State: ledger.Pending, Evidence: evidence})
	})
}

// Settle writes what became of a claim of this run, and what is said of it. It doesn't
// wait: done is told when that is durable, which is before any later Claim returns, or
// why it can't be written. done must not use the ledger.
func (l *Ledger) Settle(st ledger.Settlement, r ledger.Record, done func(error)) {
	l.writer.later(func(s *statements, now int64) error {
		if err := s.conclude(l.run, now, st); err != nil {
			return err
		}
		return s.write(r)
	}, done)
}

// conclude brings a claim to its end.
func (s *statements) conclude(run, now int64, st ledger.Settlement) error {
	var doubted, uptime int64
	boot := ""
	if st.State == ledger.InDoubt && !st.At.Wall.IsZero() {
		doubted, boot, uptime = st.At.Wall.UnixMilli(), st.At.Boot, st.At.Uptime.Milliseconds()
	}
	result, err := s.settle.Exec(string(st.State), st.WolkvoxID, st.IDPrefijo, now, doubted, boot, uptime, st.ID[:], run)
	if err := oneRow(result, err); err != nil {
		return err
	}
	_, err = s.history.Exec(now, run, st.ID[:], string(ledger.Sending), string(st.State), st.Evidence)
	return err
}

// Note records rows that were not sent. It returns before they are durable; Flush
// waits for that.
func (l *Ledger) Note(records []ledger.Record) error {
	return l.writer.post(func(s *statements, _ int64) error {
		for _, r := range records {
			if err := s.write(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// Refuse records that a row with a key could not become a case; a key whose case
// exists, is being sent, or is in doubt stays what it is.
func (l *Ledger) Refuse(c ledger.Claim, r ledger.Record) error {
	return l.writer.post(func(s *statements, now int64) error {
		if _, err := s.invalid.Exec(c.ID[:], c.Key, c.Template, l.run, c.Columns, c.Content[:], now, now); err != nil {
			return err
		}
		return s.write(r)
	})
}

// Flush waits until everything noted so far is durable. ErrFull means that some of it
// is not, and is not going to be.
func (l *Ledger) Flush() error {
	return l.writer.do(func(*statements, int64) error {
		if l.writer.dropped {
			return ledger.ErrFull
		}
		return nil
	})
}

// Begin starts a run. What the last run did with each row is forgotten.
func (l *Ledger) Begin(pid int, about []byte) error {
	return l.writer.exec(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM records"); err != nil {
			return err
		}
		result, err := tx.Exec("INSERT INTO runs (pid, started, about) VALUES (?, ?, ?)", pid, time.Now().UnixMilli(), string(about))
		if err != nil {
			return err
		}
		l.run, err = result.LastInsertId()
		return err
	})
}

// End marks the run as ended. about stands in for what Begin was told.
func (l *Ledger) End(about []byte) error {
	return l.writer.exec(func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE runs SET ended = ?, about = ? WHERE id = ?", time.Now().UnixMilli(), string(about), l.run)
		return err
	})
}

// ColumnSet returns the number of a set of columns, given as a JSON list of names.
func (l *Ledger) ColumnSet(names string) (id int64, err error) {
	err = l.writer.exec(func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT INTO column_sets (names) VALUES (?) ON CONFLICT DO NOTHING", names); err != nil {
			return err
		}
		return tx.QueryRow("SELECT id FROM column_sets WHERE names = ?", names).Scan(&id)
	})
	return id, err
}

// oneRow checks that a statement changed the one entry that it was about.
func oneRow(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != 1 {
		return ledger.ErrNotClaimable
	}
	return err
}

// statements are the writer's, prepared once.
type statements struct {
	claim, settle, invalid, history, record *sql.Stmt
}

func (s *statements) write(r ledger.Record) error {
	_, err := s.record.Exec(place(r), string(r.Outcome))
	return err
}

func prepareStatements(db *sql.DB) (*statements, error) {
	s := &statements{}
	for _, p := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&s.claim, `INSERT INTO entries (id, key, template, state, run, columns, content, marker, contact, length, bytes, claimed_at)
			VALUES (?, ?, ?, 'sending', ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = 'sending', key = excluded.key, template = excluded.template, run = excluded.run, columns = excluded.columns, content = excluded.content,
				marker = excluded.marker, contact = excluded.contact, length = excluded.length, bytes = excluded.bytes, claimed_at = excluded.claimed_at
			WHERE entries.state IN ('pending', 'rejected', 'invalid')`},
		{&s.settle, `UPDATE entries SET state = ?, wolkvox_id = ?, id_prefijo = ?, attempts = attempts + 1, settled_at = ?, doubted_at = ?, boot = ?, uptime = ?
			WHERE id = ? AND run = ? AND state = 'sending'`},
		{&s.invalid, `INSERT INTO entries (id, key, template, state, run, columns, content, marker, contact, claimed_at, settled_at)
			VALUES (?, ?, ?, 'invalid', ?, ?, ?, '', '', ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = 'invalid', key = excluded.key, template = excluded.template, run = excluded.run, settled_at = excluded.settled_at
			WHERE entries.state IN ('pending', 'rejected', 'invalid')`},
		{&s.history, `INSERT INTO history (at, run, id, from_state, to_state, evidence) VALUES (?, ?, ?, ?, ?, ?)`},
		{&s.record, `INSERT INTO records (place, outcome) VALUES (?, ?) ON CONFLICT (place) DO UPDATE SET outcome = excluded.outcome`},
	} {
		var err error
		if *p.to, err = db.Prepare(p.text); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
	}
	return s, nil
}
