package sqlite

import (
	"database/sql"
	"errors"
	"iter"
	"strings"

	"wolkvox-import/importer/internal/ledger"
)

// reader is a connection that is read from. It is the only one of its database: while the rows of
// one query are being read, another query waits for their end, for ever if it comes from within.
type reader struct {
	db   *sql.DB
	path string // for errors
}

// errEnough ends the reading of rows early.
var errEnough = errors.New("no more rows are needed")

// each goes through the rows of a query, to its end or until take returns errEnough.
func (r reader) each(take func(*sql.Rows) error, query string, args ...any) error {
	rows, err := r.db.Query(query, args...)
	if err != nil {
		return explain(r.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err == errEnough {
			return nil
		} else if err != nil {
			return explain(r.path, err)
		}
	}
	return explain(r.path, rows.Err())
}

// sequence is the rows of a query, each made a value by scan. The reader is held while it lasts.
func sequence[T any](r reader, scan func(*sql.Rows) (T, error), query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := r.each(func(rows *sql.Rows) error {
			value, err := scan(rows)
			if err != nil || yield(value, nil) {
				return err
			}
			return errEnough
		}, query, args...)
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// perQuery is how many keys one query looks up: enough that preparing and starting a query doesn't
// count, and few enough that a small batch doesn't pay for marks it doesn't need.
const perQuery = 128

// marks are the places of n values in a query.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// anys makes arguments of a query, which are any, of a list.
func anys[T any](list []T) []any {
	values := make([]any, len(list))
	for i, v := range list {
		values[i] = v
	}
	return values
}

// oneRow checks that a statement changed the one entry that it was about. The condition on the
// entry's state stands in the statement itself, so nothing can come between look and change.
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
