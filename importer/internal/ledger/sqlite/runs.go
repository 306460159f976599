package sqlite

import (
	"database/sql"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// Begin starts a run. What the last run did with each row is forgotten. Claims that are queued
// later have the new run's number, since the writer applies one change after the other.
func (l *Ledger) Begin(pid int, about []byte) error {
	return l.writer.exec(func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM records"); err != nil {
			return err
		}
		result, err := tx.Exec("INSERT INTO runs (pid, started, about) VALUES (?, ?, ?)",
			pid, time.Now().UnixMilli(), string(about))
		if err != nil {
			return err
		}
		l.run, err = result.LastInsertId()
		return err
	})
}

// Note records rows that were not sent. It returns before they are durable: nobody acts on them, and
// a run that dies reads its input anew. On a full disk they are dropped, to leave the room to what
// has been sent.
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

// Flush waits until everything noted so far is durable. It looks for what was dropped when its
// turn has come, after all that was noted before.
func (l *Ledger) Flush() error {
	return l.writer.do(func(*statements, int64) error {
		if l.writer.dropped {
			return ledger.ErrFull
		}
		return nil
	})
}

// End marks the run as ended. about stands in for what Begin was told.
func (l *Ledger) End(about []byte) error {
	return l.writer.exec(func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE runs SET ended = ?, about = ? WHERE id = ?",
			time.Now().UnixMilli(), string(about), l.run)
		return err
	})
}

// ColumnSet returns the number of a set of columns, given as a JSON list of names. It goes through
// the writer also if the set is known: it is asked for once an input.
func (l *Ledger) ColumnSet(names string) (id int64, err error) {
	err = l.writer.exec(func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO column_sets (names) VALUES (?) ON CONFLICT DO NOTHING", names)
		if err != nil {
			return err
		}
		return tx.QueryRow("SELECT id FROM column_sets WHERE names = ?", names).Scan(&id)
	})
	return id, err
}
