package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Resolution is what proof or a person says of a key.
type Resolution struct {
	ID        ID
	From, To  State
	WolkvoxID string // where To is Created
	IDPrefijo string
	Evidence  string // who says so, and on what grounds
}

// resolvable are the changes that a Resolution may make.
var resolvable = map[[2]State]bool{
	{InDoubt, Created}:  true,
	{InDoubt, Pending}:  true, // there is no case: the row may be sent
	{InDoubt, Ignored}:  true,
	{Pending, Ignored}:  true,
	{Rejected, Ignored}: true,
	{Invalid, Ignored}:  true,
	{Created, Pending}:  true, // the case was removed at the CRM
	{Ignored, Pending}:  true,
}

// Resolve writes durably what became of a key. It fails where the key is not in the
// state that the resolution was made for.
func (l *Ledger) Resolve(r Resolution) error { return l.ResolveAll([]Resolution{r}) }

// ResolveAll is Resolve for many keys: all of them or, where one fails or the process dies,
// none.
func (l *Ledger) ResolveAll(list []Resolution) error {
	for _, r := range list {
		if !resolvable[[2]State{r.From, r.To}] {
			return fmt.Errorf("a key that is %s can't become %s", r.From, r.To)
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

func (l *Ledger) resolve(tx *sql.Tx, list []Resolution) error {
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
func (v *View) Find(id ID) (state State, wolkvoxID string, err error) {
	err = v.db.QueryRow("SELECT state, wolkvox_id FROM entries WHERE id = ?", id[:]).Scan(&state, &wolkvoxID)
	if errors.Is(err, sql.ErrNoRows) {
		return Unknown, "", nil
	}
	return state, wolkvoxID, err
}

// Owner returns the key that a case was recorded under. The key is "" where it has been
// purged; taken is false where there is none.
func (v *View) Owner(wolkvoxID string) (key string, taken bool, err error) {
	err = v.db.QueryRow("SELECT key FROM entries WHERE state = 'created' AND wolkvox_id = ?", wolkvoxID).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return key, err == nil, err
}

// Control is a case that the ledger knows to exist: if the CRM doesn't show it, then
// that it doesn't show another one proves nothing.
type Control struct {
	WolkvoxID, Marker, Contact string
}

// Control returns the newest created case whose description is at least so long. ok is
// false where there is none.
func (v *View) Control(length int) (c Control, ok bool, err error) {
	err = v.db.QueryRow(`SELECT wolkvox_id, marker, contact FROM entries
		WHERE state = 'created' AND marker <> '' AND length >= ? ORDER BY length, settled_at DESC LIMIT 1`, length).Scan(&c.WolkvoxID, &c.Marker, &c.Contact)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}
