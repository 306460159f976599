package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// Resolve writes what proof or a person says of keys: of all of them or of none.
func (l *Ledger) Resolve(list ...ledger.Resolution) error {
	for _, r := range list {
		if err := r.Check(); err != nil {
			return err
		}
	}
	return l.writer.exec(func(tx *sql.Tx) error {
		// A key in another state fails this change alone, and others share its transaction:
		// what was done for the keys before it has to be undone by itself.
		if _, err := tx.Exec("SAVEPOINT resolutions"); err != nil {
			return err
		}
		err := l.resolve(tx, list)
		if err != nil {
			if _, undone := tx.Exec("ROLLBACK TO resolutions"); undone != nil {
				return undone
			}
		}
		if _, released := tx.Exec("RELEASE resolutions"); released != nil {
			return released
		}
		return err
	})
}

func (l *Ledger) resolve(tx *sql.Tx, list []ledger.Resolution) error {
	entry, err := tx.Prepare(`UPDATE entries SET state = ?, wolkvox_id = ?, id_prefijo = ?, settled_at = ? WHERE id = ? AND state = ?`)
	if err != nil {
		return err
	}
	defer entry.Close()
	history, err := tx.Prepare(`INSERT INTO history (at, run, id, from_state, to_state, evidence) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer history.Close()
	now := time.Now().UnixMilli()
	for i, r := range list {
		result, err := entry.Exec(string(r.To), r.WolkvoxID, r.IDPrefijo, now, r.ID[:], string(r.From))
		if err := oneRow(result, err); err != nil {
			return fmt.Errorf("resolution %d of %d: %w", i+1, len(list), err)
		}
		if _, err := history.Exec(now, l.run, r.ID[:], string(r.From), string(r.To), r.Evidence); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the entry of a key, and its id.
func (v *View) Find(id ledger.ID) (state ledger.State, wolkvoxID string, err error) {
	err = v.db.QueryRow("SELECT state, wolkvox_id FROM entries WHERE id = ?", id[:]).Scan(&state, &wolkvoxID)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Unknown, "", nil
	}
	return state, wolkvoxID, err
}

// Owner returns the key that a case was recorded under. The key is "" if it has been purged;
// taken is false if there is none.
func (v *View) Owner(wolkvoxID string) (key string, taken bool, err error) {
	owners, err := v.Owners([]string{wolkvoxID})
	owner, taken := owners[wolkvoxID]
	return owner.Key, taken, err
}

const knownColumns = "wolkvox_id, key, claimed_at, settled_at"

// Owners returns who of the ledger's rows has these cases, by their ids. A case that none has is
// absent. It looks through the ledger once, however many there are: ids have no index.
func (v *View) Owners(wolkvoxIDs []string) (map[string]ledger.Known, error) {
	owners := map[string]ledger.Known{}
	if len(wolkvoxIDs) == 0 {
		return owners, nil
	}
	if len(wolkvoxIDs) <= perQuery {
		err := v.known(func(k ledger.Known) { owners[k.WolkvoxID] = k }, "wolkvox_id IN ("+marks(len(wolkvoxIDs))+")", anys(wolkvoxIDs)...)
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

// KnownOf returns the cases of a contact, in whatever spelling.
func (v *View) KnownOf(contact string) (list []ledger.Known, err error) {
	err = v.known(func(k ledger.Known) { list = append(list, k) }, "contact = ? COLLATE NOCASE", contact)
	return list, err
}

// known goes through the created cases for which the condition holds.
func (v *View) known(take func(ledger.Known), condition string, args ...any) error {
	return v.each(func(rows *sql.Rows) error {
		var k ledger.Known
		var claimed, settled int64
		err := rows.Scan(&k.WolkvoxID, &k.Key, &claimed, &settled)
		k.Claimed, k.Settled = time.UnixMilli(claimed), time.UnixMilli(settled)
		take(k)
		return err
	}, "SELECT "+knownColumns+" FROM entries WHERE state = 'created' AND "+condition, args...)
}

// Longer returns a marker of a row in doubt that begins with this one and goes on; "" if there is
// none.
func (v *View) Longer(marker string) (longer string, err error) {
	err = v.each(func(rows *sql.Rows) error {
		if err := rows.Scan(&longer); err != nil {
			return err
		}
		return errEnough
	}, `SELECT marker FROM entries WHERE state IN ('in_doubt', 'sending') AND length(marker) > length(?1) AND substr(marker, 1, length(?1)) = ?1`, marker)
	return longer, err
}

// Controls returns created cases that fit, the newest first, at most so many. Their descriptions
// have at least so many characters and bytes. How many bytes there were, an old program didn't
// note: at least as many as characters.
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
		WHERE state = 'created' AND marker <> '' AND length >= ? AND max(bytes, length) >= ? ORDER BY seq DESC`, length, bytes)
	return list, err
}

var errEnough = errors.New("no more rows are needed")

// each goes through the rows of a query, to its end or until take has enough.
func (v *View) each(take func(*sql.Rows) error, query string, args ...any) error {
	rows, err := v.db.Query(query, args...)
	if err != nil {
		return explain(v.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err == errEnough {
			return nil
		} else if err != nil {
			return explain(v.path, err)
		}
	}
	return v.explain(rows.Err())
}

func (v *View) explain(err error) error {
	if err == nil {
		return nil
	}
	return explain(v.path, err)
}

// perQuery is how many keys one query looks up.
const perQuery = 128

// marks are the places of n values in a query.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func anys[T any](list []T) []any {
	values := make([]any, len(list))
	for i, v := range list {
		values[i] = v
	}
	return values
}
