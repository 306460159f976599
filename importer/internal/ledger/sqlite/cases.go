package sqlite

import (
	"database/sql"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// Owner returns the key that a case was recorded under. For many cases there is Owners, which looks
// through the ledger no more often.
func (v *View) Owner(wolkvoxID string) (key string, taken bool, err error) {
	owners, err := v.Owners([]string{wolkvoxID})
	owner, taken := owners[wolkvoxID]
	return owner.Key, taken, err
}

// Owners returns who of the ledger's rows has these cases, by their ids. It looks through the
// ledger once, however many there are: ids have no index, which would cost every row that is
// settled.
func (v *View) Owners(wolkvoxIDs []string) (map[string]ledger.Known, error) {
	owners := map[string]ledger.Known{}
	if len(wolkvoxIDs) == 0 {
		return owners, nil
	}
	if len(wolkvoxIDs) <= perQuery {
		err := v.known(func(k ledger.Known) { owners[k.WolkvoxID] = k },
			"wolkvox_id IN ("+marks(len(wolkvoxIDs))+")", anys(wolkvoxIDs)...)
		return owners, err
	}
	wanted := make(map[string]bool, len(wolkvoxIDs))
	for _, id := range wolkvoxIDs {
		wanted[id] = true
	}
	err := v.known(func(k ledger.Known) {
		if wanted[k.WolkvoxID] {
			owners[k.WolkvoxID] = k
		}
	}, "wolkvox_id <> ''")
	return owners, err
}

// KnownOf returns the cases of a contact, in whatever spelling: NOCASE takes capitals of ASCII for
// small letters.
func (v *View) KnownOf(contact string) (list []ledger.Known, err error) {
	err = v.known(func(k ledger.Known) { list = append(list, k) }, "contact = ? COLLATE NOCASE", contact)
	return list, err
}

// known goes through the created cases for which the condition holds. Ignored and purged rows keep
// their ids, but only a created one has a case for certain.
func (v *View) known(take func(ledger.Known), condition string, args ...any) error {
	return v.each(func(rows *sql.Rows) error {
		var k ledger.Known
		var claimed, settled int64
		err := rows.Scan(&k.WolkvoxID, &k.Key, &claimed, &settled)
		k.Claimed, k.Settled = time.UnixMilli(claimed), time.UnixMilli(settled)
		take(k)
		return err
	}, "SELECT wolkvox_id, key, claimed_at, settled_at FROM entries WHERE state = 'created' AND "+condition, args...)
}

// Controls returns created cases that fit, the newest first, at most so many. Programs before
// version 4 didn't note how many bytes a description had: at least as many as characters.
func (v *View) Controls(length, bytes, most int, fits func(ledger.Control) bool) ([]ledger.Control, error) {
	var list []ledger.Control
	err := v.each(func(rows *sql.Rows) error {
		var c ledger.Control
		if err := rows.Scan(&c.WolkvoxID, &c.Marker, &c.Contact); err != nil {
			return err
		}
		if fits(c) {
			list = append(list, c)
		}
		if len(list) == most {
			return errEnough
		}
		return nil
	}, `SELECT wolkvox_id, marker, contact FROM entries
		WHERE state = 'created' AND marker <> '' AND length >= ? AND max(bytes, length) >= ?
		ORDER BY seq DESC`, length, bytes)
	return list, err
}

// NewestIDs returns the ids of the cases that were claimed last, at most so many. The order is that
// of first claims, which is how entries are stored.
func (v *View) NewestIDs(most int) (ids []string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT wolkvox_id FROM entries WHERE state = 'created' AND wolkvox_id <> '' ORDER BY seq DESC LIMIT ?", most)
	return ids, err
}

// Longer returns a marker of a row in doubt that begins with this one and goes on. It compares with
// substr and not with LIKE, for which letters of a marker could be wildcards.
func (v *View) Longer(marker string) (longer string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		if err := rows.Scan(&longer); err != nil {
			return err
		}
		return errEnough
	}, `SELECT marker FROM entries
		WHERE state IN ('in_doubt', 'sending') AND length(marker) > length(?1) AND substr(marker, 1, length(?1)) = ?1`,
		marker)
	return longer, err
}
