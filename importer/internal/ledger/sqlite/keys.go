package sqlite

import (
	"database/sql"
	"errors"
	"iter"
	"slices"

	"wolkvox-import/importer/internal/ledger"
)

// Find returns the state of a key, and its case's id. It looks one key up; for many there is Entries.
func (v *View) Find(id ledger.ID) (state ledger.State, wolkvoxID string, err error) {
	err = v.db.QueryRow("SELECT state, wolkvox_id FROM entries WHERE id = ?", id[:]).Scan(&state, &wolkvoxID)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Unknown, "", nil
	}
	return state, wolkvoxID, err
}

// FreeKeys are the keys that were rejected, invalid or given back, and may be sent again. Those
// that Purge has removed are not among them.
func (v *View) FreeKeys() iter.Seq2[string, error] {
	return sequence(v.reader, scanText,
		"SELECT key FROM entries WHERE state IN ('pending', 'rejected', 'invalid') AND key <> ''")
}

func scanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

// OtherContents are the contents of the rows that have, or may have, a case under a key of another
// template.
func (v *View) OtherContents(template string) iter.Seq2[[16]byte, error] {
	return sequence(v.reader, func(rows *sql.Rows) (sum [16]byte, err error) {
		var content sql.RawBytes
		err = rows.Scan(&content)
		copy(sum[:], content)
		return sum, err
	}, "SELECT content FROM entries WHERE template <> ? AND state IN ('created', 'in_doubt', 'sending')", template)
}

// OtherKey looks for a row with one of these contents that has, or may have, a case under a key of
// another template, and returns that template. Contents have no index, so each query looks through
// the whole ledger: callers sort out beforehand what OtherContents doesn't have.
func (v *View) OtherKey(contents [][16]byte, template string) (other string, found bool, err error) {
	for some := range slices.Chunk(contents, perQuery) {
		args := []any{template}
		for i := range some {
			args = append(args, some[i][:])
		}
		err = v.db.QueryRow("SELECT template FROM entries WHERE template <> ? "+
			"AND state IN ('created', 'in_doubt', 'sending') "+
			"AND content IN ("+marks(len(some))+") LIMIT 1", args...).Scan(&other)
		if err == nil {
			return other, true, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", false, explain(v.path, err)
		}
	}
	return "", false, nil
}

// Templates are those of all keys in the ledger, which it looks through: a run notes in its account
// what it has found, so that the next one needn't ask.
func (v *View) Templates() (list []string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		template, err := scanText(rows)
		list = append(list, template)
		return err
	}, "SELECT DISTINCT template FROM entries")
	return list, err
}

// ColumnSets returns the known sets of columns, by number, as JSON lists of names.
func (v *View) ColumnSets() (map[int64]string, error) {
	sets := map[int64]string{}
	err := v.each(func(rows *sql.Rows) error {
		var id int64
		var names string
		err := rows.Scan(&id, &names)
		sets[id] = names
		return err
	}, "SELECT id, names FROM column_sets")
	if err != nil {
		return nil, err
	}
	return sets, nil
}
