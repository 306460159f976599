package ledger

// NewestIDs returns the ids of the cases that were recorded last, at most so many.
func (v *View) NewestIDs(most int) ([]string, error) {
	rows, err := v.db.Query(`SELECT wolkvox_id FROM entries WHERE state = 'created' AND wolkvox_id <> ''
		ORDER BY seq DESC LIMIT ?`, most)
	if err != nil {
		return nil, explain(v.path, err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, explain(v.path, err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
