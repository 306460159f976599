package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"wolkvox-import/importer/internal/ledger"
)

// lookup is a ledger.Lookup: it finds the entries of an input's keys.
//
// A file that comes every night has its rows in the order in which they were claimed. So when most
// keys of a batch are known, the entries that follow those that were just found are read with
// them, in the order of their first claims: that is several times as fast as looking each of them
// up.
type lookup struct {
	path        string // for errors
	known, next *sql.Stmt
	ahead       map[ledger.ID]entry // read and not yet asked for
	read        int64               // seq of the last one that was read ahead
}

// entry is an Entry with its place in the order of first claims.
type entry struct {
	ledger.Entry
	seq int64
}

// entryColumns are in the order in which scan reads them.
const entryColumns = "seq, id, state, template, columns, content, wolkvox_id, id_prefijo"

func newLookup(r reader) (*lookup, error) {
	known, err := r.db.Prepare("SELECT " + entryColumns + " FROM entries WHERE id IN (" + marks(perQuery) + ")")
	if err != nil {
		return nil, explain(r.path, err)
	}
	next, err := r.db.Prepare("SELECT " + entryColumns + " FROM entries WHERE seq > ? ORDER BY seq LIMIT ?")
	if err != nil {
		return nil, explain(r.path, err)
	}
	return &lookup{path: r.path, known: known, next: next}, nil
}

// Entries returns what the ledger has of the keys. An entry that was read ahead is told once: who
// asks again, as for a row that is there twice, is told what has become of it since.
func (l *lookup) Entries(ids []ledger.ID) (map[ledger.ID]ledger.Entry, error) {
	found, last := make(map[ledger.ID]ledger.Entry, len(ids)), int64(0)
	var others []ledger.ID
	for _, id := range ids {
		if e, ok := l.ahead[id]; ok {
			found[id], last = e.Entry, max(last, e.seq)
			delete(l.ahead, id)
		} else {
			others = append(others, id)
		}
	}
	// If less than half were foreseen, nothing is in order here, or not where we have read. What was
	// foreseen in vain would only take up memory.
	if len(found) < len(ids)/2 {
		clear(l.ahead)
	}
	err := l.each(others, func(id ledger.ID, e entry) { found[id], last = e.Entry, max(last, e.seq) })
	// Reading on pays if most of the batch is known, since then most of the next one is. It begins
	// behind what the batch found, and otherwise goes on from where it was.
	if err == nil && len(found) > len(ids)/2 && len(l.ahead) < len(ids) {
		if len(l.ahead) == 0 {
			l.read = last
		}
		err = l.readOn(2 * len(ids))
	}
	if err != nil {
		return nil, explain(l.path, err)
	}
	return found, nil
}

// NextInput drops what was read ahead: it may have changed since.
func (l *lookup) NextInput() { l.ahead = nil }

// readOn reads n entries behind the last one that was read.
func (l *lookup) readOn(n int) error {
	if l.ahead == nil {
		l.ahead = make(map[ledger.ID]entry, 2*n)
	}
	return scan(l.next, []any{l.read, n}, func(id ledger.ID, e entry) { l.ahead[id], l.read = e, e.seq })
}

// each looks ids up, so many a query; the last query repeats an id to fill its marks.
func (l *lookup) each(ids []ledger.ID, take func(ledger.ID, entry)) error {
	args := make([]any, perQuery)
	for len(ids) > 0 {
		some := ids[:min(len(ids), perQuery)]
		ids = ids[len(some):]
		for i := range args {
			args[i] = some[min(i, len(some)-1)][:]
		}
		if err := scan(l.known, args, take); err != nil {
			return err
		}
	}
	return nil
}

// scan takes each row of a query. A row that isn't what a ledger writes is damage, and an error: its
// key must not pass for one that was never sent.
func scan(query *sql.Stmt, args []any, take func(ledger.ID, entry)) error {
	rows, err := query.Query(args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, content sql.RawBytes
		var e entry
		err := rows.Scan(&e.seq, &id, &e.State, &e.Template, &e.Columns, &content, &e.WolkvoxID, &e.IDPrefijo)
		if err == nil && (len(id) != len(ledger.ID{}) || len(content) != len(e.Content)) {
			err = errors.New("it is damaged")
		}
		if err != nil {
			return fmt.Errorf("a row of the ledger: %w", err)
		}
		copy(e.Content[:], content)
		take(ledger.ID(id), e)
	}
	return rows.Err()
}
