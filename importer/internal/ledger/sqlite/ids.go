package sqlite

import "database/sql"

// NewestIDs returns the ids of the cases that were recorded last, at most so many.
func (v *View) NewestIDs(most int) (ids []string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT wolkvox_id FROM entries WHERE state = 'created' AND wolkvox_id <> '' ORDER BY seq DESC LIMIT ?", most)
	return ids, err
}
