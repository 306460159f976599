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
func (l *Ledger) Resolve(r Resolution) error {
	if !resolvable[[2]State{r.From, r.To}] {
		return fmt.Errorf("a key that is %s can't become %s", r.From, r.To)
	}
	return l.writer.exec(func(tx *sql.Tx) error {
		now := time.Now().UnixMilli()
		result, err := tx.Exec(`UPDATE entries SET state = ?, wolkvox_id = ?, id_prefijo = ?, settled_at = ? WHERE id = ? AND state = ?`,
			string(r.To), r.WolkvoxID, r.IDPrefijo, now, r.ID[:], string(r.From))
		if err := oneRow(result, err); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO history (at, run, id, from_state, to_state, evidence) VALUES (?, ?, ?, ?, ?, ?)`, now, l.run, r.ID[:], string(r.From), string(r.To), r.Evidence)
		return err
	})
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
