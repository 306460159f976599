package importer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// rekeyed looks for what makes rows that were imported before count as new: another key in
// the same mapping, or another ledger. Both may be meant, so it is said; and where a person
// is there, the key is asked for.
func (r *run) rekeyed(ctx context.Context) error {
	if usual := filepath.Join(r.mapping.Dir(), r.ledgerName()); r.ledger.Fresh && !r.job.Rehearsal && !sameFile(usual, r.ledgerPath()) {
		if _, err := os.Stat(usual); err == nil {
			r.job.Log.Warn(fmt.Sprintf("the new ledger %s knows nothing of what was imported with %s: those rows count as new", r.ledgerPath(), usual))
		}
	}
	if r.last.Key == nil {
		return nil
	}
	old := *r.last.Key
	if old == r.mapping.KeyText || filepath.Clean(r.last.About.Mapping.Path) != filepath.Clean(r.job.Mapping) {
		return nil
	}
	if sent, err := r.ledger.Sent(old); err != nil || !sent {
		return err
	}
	said := fmt.Sprintf("the key in %s was %q when rows were imported, and is %q now: those rows count as new, and would be sent again", r.job.Mapping, old, r.mapping.KeyText)
	r.job.Log.Warn(said)
	if r.job.Agreed != nil && !r.job.Agreed(ctx, "is that meant? [y/N] ") {
		return usage("%s: nothing was sent; put the key back, and run the same command again", r.job.Mapping)
	}
	return nil
}

// lastAccount is what the last run has left of itself, the zero value where there was none.
func (r *run) lastAccount() (a account, err error) {
	last, err := r.ledger.LastRun()
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil
	} else if err == nil {
		err = json.Unmarshal(last.About, &a)
	}
	return a, err
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
