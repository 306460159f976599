package duplicates

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// index has every key that was met in a table, by key: for inputs in which many keys come twice,
// each of which would cost a search of the whole spill.
type index struct {
	db          *sql.DB // one connection: the table lives as long as that
	find, write *sql.Stmt
}

// perQuery is how many keys one query looks up.
const perQuery = 128

// newIndex makes an index of what was spilled so far, in the folder of this path.
func newIndex(path string, s *spill) (*index, error) {
	x, err := openIndex(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if err := x.fill(s); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// openIndex makes an empty one. A database without a name is SQLite's own to keep: in memory, and
// what is too much for that in a file which it removes as soon as it is open. It goes into this
// folder, since a run must not depend on one for temporary files, and nobody else reads this one.
// Nothing of it is ever synced.
func openIndex(folder string) (*index, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	x := &index{db: db}
	if err := x.prepare(folder); err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

// prepare makes the table. The place where SQLite keeps what has no name is the process's, and not the
// connection's: a ledger that is open in the same folder has set the same one.
func (x *index) prepare(folder string) (err error) {
	for _, statement := range []string{
		"PRAGMA temp_store_directory = '" + strings.ReplaceAll(folder, "'", "''") + "'",
		`CREATE TABLE seen (
			id      BLOB PRIMARY KEY,
			place   INTEGER NOT NULL, -- of the first row; see pack
			content BLOB NOT NULL,    -- the first row's
			times   INTEGER NOT NULL
		) WITHOUT ROWID`,
	} {
		if _, err := x.db.Exec(statement); err != nil {
			return err
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", perQuery), ",")
	x.find, err = x.db.Prepare("SELECT id, place, content, times FROM seen WHERE id IN (" + marks + ")")
	if err != nil {
		return err
	}
	x.write, err = x.db.Prepare(`INSERT INTO seen (id, place, content, times) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET times = excluded.times`)
	return err
}

// fill takes over what was spilled. It goes through the rows once, with a bounded number of keys
// in memory.
func (x *index) fill(s *spill) error {
	const most = 4096
	met := make(map[[16]byte]Seen, most)
	err := s.each(s.rows, func(row Sighting) error {
		met[row.ID] = met[row.ID].and(row)
		if len(met) < most {
			return nil
		}
		return x.merge(met)
	})
	if err != nil {
		return err
	}
	return x.merge(met)
}

// merge adds keys that come after all that the index has, and empties the map.
func (x *index) merge(met map[[16]byte]Seen) error {
	batch := make([]Sighting, 0, len(met))
	for id := range met {
		batch = append(batch, Sighting{ID: id})
	}
	earlier := map[[16]byte]Seen{}
	if err := x.lookUp(batch, earlier); err != nil {
		return err
	}
	for id, seen := range earlier {
		seen.Times += met[id].Times
		met[id] = seen
	}
	err := x.put(met)
	clear(met)
	return err
}

// lookUp finds what was met before under the batch's keys. The last query repeats a key to fill
// its marks.
func (x *index) lookUp(batch []Sighting, met map[[16]byte]Seen) error {
	args := make([]any, perQuery)
	for len(batch) > 0 {
		some := batch[:min(len(batch), perQuery)]
		batch = batch[len(some):]
		for i := range args {
			args[i] = some[min(i, len(some)-1)].ID[:]
		}
		if err := x.scan(args, met); err != nil {
			return err
		}
	}
	return nil
}

// scan adds what one query finds to met.
func (x *index) scan(args []any, met map[[16]byte]Seen) error {
	rows, err := x.find.Query(args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, content sql.RawBytes
		var place int64
		var seen Seen
		if err := rows.Scan(&id, &place, &content, &seen.Times); err != nil {
			return err
		}
		seen.Input, seen.Row = unpack(place)
		copy(seen.Content[:], content)
		met[[16]byte(id)] = seen
	}
	return rows.Err()
}

// put writes what is known of keys now, in one transaction.
func (x *index) put(met map[[16]byte]Seen) error {
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	write := tx.Stmt(x.write)
	for id, seen := range met {
		if _, err := write.Exec(id[:], pack(seen.Input, seen.Row), seen.Content[:], seen.Times); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// close gives the index's memory and its disk space back.
func (x *index) close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{x.find, x.write} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(append(errs, x.db.Close())...)
}
