package sqlite

import (
	"database/sql"
	"iter"
)

// FreeKeys are the keys that were rejected, invalid or given back, and may be sent again. Those
// that purge has removed are not among them. It looks through the whole ledger, which nothing
// else may ask meanwhile.
func (v *View) FreeKeys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := v.each(func(rows *sql.Rows) error {
			var key string
			if err := rows.Scan(&key); err != nil || yield(key, nil) {
				return err
			}
			return errEnough
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
		err := v.each(func(rows *sql.Rows) error {
			var content sql.RawBytes
			if err := rows.Scan(&content); err != nil {
				return err
			}
			var sum [16]byte
			if copy(sum[:], content); yield(sum, nil) {
				return nil
			}
			return errEnough
		}, "SELECT content FROM entries WHERE template <> ? AND state IN ('created', 'in_doubt', 'sending')", template)
		if err != nil {
			yield([16]byte{}, err)
		}
	}
}

// Templates are those of all keys in the ledger.
func (v *View) Templates() (list []string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		var template string
		err := rows.Scan(&template)
		list = append(list, template)
		return err
	}, "SELECT DISTINCT template FROM entries")
	return list, err
}
