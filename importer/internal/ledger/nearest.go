package ledger

import (
	"database/sql"
	"iter"
)

// FreeKeys are the keys that were rejected, invalid or given back, and may be sent again. Those
// that purge has removed are not among them. It looks through the whole ledger, which nothing
// else may ask meanwhile.
func (v *View) FreeKeys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := v.scan(func(rows *sql.Rows) (bool, error) {
			var key string
			err := rows.Scan(&key)
			return err == nil && yield(key, nil), err
		}, "SELECT key FROM entries WHERE state IN ('pending', 'rejected', 'invalid') AND key <> ''")
		if err != nil {
			yield("", err)
		}
	}
}

// OtherContents are the contents of the rows that have, or may have, a case under a key of
// another template. It looks through the whole ledger, which nothing else may ask meanwhile.
func (v *View) OtherContents(template string) iter.Seq2[[16]byte, error] {
	return func(yield func([16]byte, error) bool) {
		err := v.scan(func(rows *sql.Rows) (bool, error) {
			var content sql.RawBytes
			if err := rows.Scan(&content); err != nil {
				return false, err
			}
			var sum [16]byte
			copy(sum[:], content)
			return yield(sum, nil), nil
		}, "SELECT content FROM entries WHERE template <> ? AND state IN ('created', 'in_doubt', 'sending')", template)
		if err != nil {
			yield([16]byte{}, err)
		}
	}
}

// Templates are those of all keys in the ledger.
func (v *View) Templates() (list []string, err error) {
	err = v.scan(func(rows *sql.Rows) (bool, error) {
		var template string
		err := rows.Scan(&template)
		list = append(list, template)
		return true, err
	}, "SELECT DISTINCT template FROM entries")
	return list, err
}

// scan hands the rows of a query on, as long as take wants more.
func (v *View) scan(take func(*sql.Rows) (bool, error), query string, args ...any) error {
	rows, err := v.db.Query(query, args...)
	if err != nil {
		return explain(v.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		if more, err := take(rows); err != nil {
			return explain(v.path, err)
		} else if !more {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return explain(v.path, err)
	}
	return nil
}
