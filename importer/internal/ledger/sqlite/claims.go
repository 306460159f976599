package sqlite

import "wolkvox-import/importer/internal/ledger"

// Claim writes durably that the key's request is about to leave. Its statement changes one entry, if
// that is free, and says how many it changed: of two claims of one key in one commit, the second
// finds the state that the first has made.
func (l *Ledger) Claim(c ledger.Claim) error {
	return l.writer.begin(func(s *statements, now int64) error {
		result, err := s.claim.Exec(c.ID[:], c.Key, c.Template, l.run, c.Columns, c.Content[:],
			c.Marker, c.Contact, c.Length, c.Bytes, now)
		return oneRow(result, err)
	})
}

// Release writes durably that a claim's request was not sent or not processed. It isn't refused on
// a full disk: it is about a claim that is there.
func (l *Ledger) Release(id ledger.ID, evidence string) error {
	return l.writer.do(func(s *statements, now int64) error {
		return s.conclude(l.run, now, ledger.Settlement{ID: id, State: ledger.Pending, Evidence: evidence})
	})
}

// Settle writes what became of a claim of this run, and what is said of it. It doesn't wait: the
// queue keeps it before every later claim, and a worker that claims its next row a moment later
// shares its sync.
func (l *Ledger) Settle(st ledger.Settlement, r ledger.Record, done func(error)) {
	l.writer.later(func(s *statements, now int64) error {
		if err := s.conclude(l.run, now, st); err != nil {
			return err
		}
		return s.write(r)
	}, done)
}

// Refuse records that a row with a key could not become a case. That no entry is changed is no
// error: the key's case exists, is being sent, or is in doubt.
func (l *Ledger) Refuse(c ledger.Claim, r ledger.Record) error {
	return l.writer.post(func(s *statements, now int64) error {
		if _, err := s.invalid.Exec(c.ID[:], c.Key, c.Template, l.run, c.Columns, c.Content[:], now, now); err != nil {
			return err
		}
		return s.write(r)
	})
}
