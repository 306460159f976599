package sqlite

import (
	"database/sql"
	"fmt"

	"wolkvox-import/importer/internal/ledger"
)

// statements are the writer's, prepared once. Which state an entry must be in stands in each
// statement's own condition: a claim is one statement that changes one row, or none.
type statements struct {
	claim, settle, invalid, history, record *sql.Stmt
}

func prepareStatements(db *sql.DB) (*statements, error) {
	s := &statements{}
	for _, p := range []struct {
		to   **sql.Stmt
		text string
	}{
		// A claim takes over all that this request sends: what is in doubt is looked for by it.
		{&s.claim, `INSERT INTO entries
				(id, key, template, state, run, columns, content, marker, contact, length, bytes, claimed_at)
			VALUES (?, ?, ?, 'sending', ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = 'sending', key = excluded.key, template = excluded.template,
				run = excluded.run, columns = excluded.columns, content = excluded.content,
				marker = excluded.marker, contact = excluded.contact, length = excluded.length,
				bytes = excluded.bytes, claimed_at = excluded.claimed_at
			WHERE entries.state IN ('pending', 'rejected', 'invalid')`},
		// Only the run that has the claim may settle it. A claim of a dead run is in doubt, and
		// whatever became of it since must not be overwritten by an answer that comes late.
		{&s.settle, `UPDATE entries SET state = ?, wolkvox_id = ?, id_prefijo = ?, attempts = attempts + 1,
				settled_at = ?, doubted_at = ?, boot = ?, uptime = ?
			WHERE id = ? AND run = ? AND state = 'sending'`},
		// A row that was refused keeps the content that it was last sent with.
		{&s.invalid, `INSERT INTO entries
				(id, key, template, state, run, columns, content, marker, contact, claimed_at, settled_at)
			VALUES (?, ?, ?, 'invalid', ?, ?, ?, '', '', ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = 'invalid', key = excluded.key, template = excluded.template,
				run = excluded.run, settled_at = excluded.settled_at
			WHERE entries.state IN ('pending', 'rejected', 'invalid')`},
		{&s.history, `INSERT INTO history (at, run, id, from_state, to_state, evidence) VALUES (?, ?, ?, ?, ?, ?)`},
		{&s.record, `INSERT INTO records (place, outcome) VALUES (?, ?)
			ON CONFLICT (place) DO UPDATE SET outcome = excluded.outcome`},
	} {
		var err error
		if *p.to, err = db.Prepare(p.text); err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
	}
	return s, nil
}

// in binds the statements to a transaction, which doesn't parse them again.
func (s *statements) in(tx *sql.Tx) *statements {
	return &statements{
		claim:   tx.Stmt(s.claim),
		settle:  tx.Stmt(s.settle),
		invalid: tx.Stmt(s.invalid),
		history: tx.Stmt(s.history),
		record:  tx.Stmt(s.record),
	}
}

// conclude brings a claim of a run to its end. The moment after which nothing of its request could
// leave any more is kept by both clocks: proof that there is no case has to wait from then on, and
// the clock on the wall may be set meanwhile.
func (s *statements) conclude(run, now int64, st ledger.Settlement) error {
	var doubted, uptime int64
	boot := ""
	if st.State == ledger.InDoubt && !st.At.Wall.IsZero() {
		doubted, boot, uptime = st.At.Wall.UnixMilli(), st.At.Boot, st.At.Uptime.Milliseconds()
	}
	result, err := s.settle.Exec(string(st.State), st.WolkvoxID, st.IDPrefijo, now,
		doubted, boot, uptime, st.ID[:], run)
	if err := oneRow(result, err); err != nil {
		return err
	}
	_, err = s.history.Exec(now, run, st.ID[:], string(ledger.Sending), string(st.State), st.Evidence)
	return err
}

// write keeps what is said of a row, in place of what was said before.
func (s *statements) write(r ledger.Record) error {
	_, err := s.record.Exec(place(r), string(r.Outcome))
	return err
}

// rowBits are the bits of a place that are the row's; the input's are above them.
const rowBits = 40

// place is where a record stands among those of all inputs.
func place(r ledger.Record) int64 { return int64(r.Input)<<rowBits + int64(r.Row) }
