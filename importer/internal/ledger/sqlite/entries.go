package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
)

// scope is what a run has seen of the input at hand: in a file, and from when many keys
// come twice in a temporary table. Memory doesn't grow with the input, and nothing of it
// outlives the run.
type scope struct {
	db           *sql.DB // one connection, since temporary tables belong to it
	seen, insert *sql.Stmt
	known, next  *sql.Stmt
	sightings    sightings
	indexed      bool         // the sightings are in the table
	ahead        map[ID]entry // that come next in the ledger, as far as read; see Entries
	read         int64        // seq of the last one
}

// entry is an Entry with its place in the ledger.
type entry struct {
	Entry
	seq int64
}

// perQuery is how many keys one query looks up.
const perQuery = 128

func newScope(db *sql.DB, path string) (*scope, error) {
	if _, err := db.Exec(`CREATE TEMP TABLE seen (id BLOB PRIMARY KEY, row INTEGER NOT NULL, content BLOB NOT NULL, times INTEGER NOT NULL) WITHOUT ROWID`); err != nil {
		return nil, err
	}
	marks := marks(perQuery)
	s := &scope{db: db, sightings: sightings{path: path + ".keys"}}
	for _, p := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&s.seen, "SELECT id, row, content, times FROM temp.seen WHERE id IN (" + marks + ")"},
		{&s.insert, "INSERT INTO temp.seen (id, row, content, times) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET times = excluded.times"},
		{&s.known, "SELECT " + entryColumns + " FROM entries WHERE id IN (" + marks + ")"},
		{&s.next, "SELECT " + entryColumns + " FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"},
	} {
		var err error
		if *p.to, err = db.Prepare(p.text); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Sighting is a row's key as it is met in the input.
type Sighting struct {
	ID      ID
	Input   int
	Row     int
	Content [16]byte
}

// Seen is what was met before under the same key in this input.
type Seen struct {
	Times   int // 0: this is the first
	Input   int // the first one's
	Row     int // the first one's
	Content [16]byte
}

// Forget starts anew: what was seen before doesn't count any more.
func (l *Ledger) Forget() error {
	l.scope.indexed, l.scope.ahead = false, nil
	if err := l.scope.sightings.close(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if _, err := l.scope.db.Exec("DELETE FROM temp.seen"); err != nil {
		return explain(l.path, err)
	}
	return nil
}

// NextInput starts another input whose rows are held against those of the ones before, too.
func (l *Ledger) NextInput() { l.scope.ahead = nil }

// Seen notes rows of the input, in their order, and returns for each what had been
// met under its key before.
func (l *Ledger) Seen(batch []Sighting) ([]Seen, error) {
	if !l.scope.indexed && l.scope.sightings.scans >= mostScans {
		if err := l.scope.index(); err != nil {
			return nil, explain(l.path, err)
		}
	}
	met := map[ID]Seen{}
	var err error
	if l.scope.indexed {
		err = l.scope.lookUp(batch, met)
	} else {
		err = l.scope.suspect(batch, met)
	}
	if err != nil {
		return nil, explain(l.path, err)
	}
	before := make([]Seen, len(batch))
	for i, s := range batch {
		if seen, ok := met[s.ID]; ok || l.scope.indexed {
			before[i] = seen
			met[s.ID] = seen.and(s)
		}
	}
	if l.scope.indexed {
		if err := l.scope.note(met); err != nil {
			return nil, explain(l.path, err)
		}
	}
	return before, nil
}

// suspect notes the batch and finds what was met before of those of its keys that may
// not be new.
func (s *scope) suspect(batch []Sighting, met map[ID]Seen) error {
	rows := s.sightings.rows
	for _, row := range batch {
		maybe, err := s.sightings.add(row)
		if err != nil {
			return err
		}
		if maybe {
			met[row.ID] = Seen{}
		}
	}
	if len(met) == 0 {
		return nil
	}
	return s.sightings.before(rows, met)
}

// lookUp finds what was met before of the batch's keys, once they have an index.
func (s *scope) lookUp(batch []Sighting, met map[ID]Seen) error {
	ids := make([]ID, len(batch))
	for i, row := range batch {
		ids[i] = row.ID
	}
	return s.each(s.seen, ids, func(rows *sql.Rows) error {
		var id, content sql.RawBytes
		var seen Seen
		var place int64
		if err := rows.Scan(&id, &place, &content, &seen.Times); err != nil {
			return err
		}
		seen.Input, seen.Row = placed(place)
		copy(seen.Content[:], content)
		met[ID(id)] = seen
		return nil
	})
}

// index moves what was sighted so far into the table.
func (s *scope) index() error {
	met := map[ID]Seen{}
	flush := func() error {
		// What is in the table already came before.
		earlier := map[ID]Seen{}
		batch := make([]Sighting, 0, len(met))
		for id := range met {
			batch = append(batch, Sighting{ID: id})
		}
		if err := s.lookUp(batch, earlier); err != nil {
			return err
		}
		for id, seen := range earlier {
			seen.Times += met[id].Times
			met[id] = seen
		}
		err := s.note(met)
		clear(met)
		return err
	}
	err := s.sightings.each(s.sightings.rows, func(row Sighting) error {
		met[row.ID] = met[row.ID].and(row)
		if len(met) < 4096 {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	s.indexed = true
	return s.sightings.close() // the table has it all, and the filter's memory is free again
}

func (s *scope) note(met map[ID]Seen) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert := tx.Stmt(s.insert)
	for id, seen := range met {
		if _, err := insert.Exec(id[:], Record{Input: seen.Input, Row: seen.Row}.place(), seen.Content[:], seen.Times); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Entry is what the ledger has of a key.
type Entry struct {
	State     State
	Template  string
	Columns   int64
	Content   [16]byte
	WolkvoxID string
	IDPrefijo string
}

const entryColumns = "seq, id, state, template, columns, content, wolkvox_id, id_prefijo"

// Entries returns what the ledger has of the keys; those that it lacks are absent. What has
// changed since the last call need not show: only Claim is certain to see it.
//
// A file that comes every night has its rows in the order in which they were claimed, so
// the entries that follow those that were just found are read with them: that is several
// times as fast as looking each of them up.
func (l *Ledger) Entries(ids []ID) (map[ID]Entry, error) {
	s := l.scope
	known, last := make(map[ID]Entry, len(ids)), int64(0)
	var others []ID
	for _, id := range ids {
		if e, ok := s.ahead[id]; ok {
			known[id], last = e.Entry, max(last, e.seq)
			delete(s.ahead, id)
		} else {
			others = append(others, id)
		}
	}
	if len(known) < len(ids)/2 { // nothing is in order here, or not where we have read
		clear(s.ahead)
	}
	err := s.each(s.known, others, func(rows *sql.Rows) error {
		return scanEntry(rows, func(id ID, e entry) { known[id], last = e.Entry, max(last, e.seq) })
	})
	if err == nil && len(known) > len(ids)/2 && len(s.ahead) < len(ids) {
		if len(s.ahead) == 0 {
			s.read = last
		}
		err = s.readOn(2 * len(ids))
	}
	if err != nil {
		return nil, explain(l.path, err)
	}
	return known, nil
}

// readOn reads n entries behind the last one that was read.
func (s *scope) readOn(n int) error {
	if s.ahead == nil {
		s.ahead = make(map[ID]entry, 2*n)
	}
	return scan(s.next, []any{s.read, n}, func(rows *sql.Rows) error {
		return scanEntry(rows, func(id ID, e entry) { s.ahead[id], s.read = e, e.seq })
	})
}

func scanEntry(rows *sql.Rows, take func(ID, entry)) error {
	var id, content sql.RawBytes
	var e entry
	if err := rows.Scan(&e.seq, &id, &e.State, &e.Template, &e.Columns, &content, &e.WolkvoxID, &e.IDPrefijo); err != nil {
		return err
	}
	if len(id) != len(ID{}) || len(content) != len(e.Content) {
		return errors.New("it is damaged")
	}
	copy(e.Content[:], content)
	take(ID(id), e)
	return nil
}

// each looks ids up, so many a query; the last query repeats an id to fill its marks.
func (s *scope) each(query *sql.Stmt, ids []ID, take func(*sql.Rows) error) error {
	args := make([]any, perQuery)
	for len(ids) > 0 {
		some := ids[:min(len(ids), perQuery)]
		ids = ids[len(some):]
		for i := range args {
			args[i] = some[min(i, len(some)-1)][:]
		}
		if err := scan(query, args, take); err != nil {
			return err
		}
	}
	return nil
}

func scan(query *sql.Stmt, args []any, take func(*sql.Rows) error) error {
	rows, err := query.Query(args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return fmt.Errorf("a row of the ledger: %w", err)
		}
	}
	return rows.Err()
}
