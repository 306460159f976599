package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"wolkvox-import/importer/internal/filter"
	"wolkvox-import/importer/internal/ledger"
)

// rekeyed looks for rows that were imported under another key, and would count as new. That may
// be meant, but sends them again, so it needs a person's word.
func (r *run) rekeyed(ctx context.Context) error {
	if err := r.findTemplates(); err != nil {
		return err
	}
	if len(r.templates) == 1 { // the one of this run: most ledgers never see another
		return nil
	}
	contents, err := r.otherContents()
	if err != nil || contents == nil {
		return err
	}
	for _, in := range r.inputs {
		key, found, err := r.rekeyedRow(in, contents)
		if err != nil {
			return err
		}
		if found {
			return r.allowRekeyed(ctx, in, key)
		}
	}
	return nil
}

// findTemplates lists the key templates of all entries, and this run's. Each run hands them on
// to the next: only a ledger that an older program wrote last has to be looked through.
func (r *run) findTemplates() (err error) {
	if r.templates = r.last.Templates; r.templates == nil && !r.ledger.Opening().Fresh {
		if r.templates, err = r.ledger.Templates(); err != nil {
			return err
		}
	}
	if !slices.Contains(r.templates, r.mapping.KeyText) {
		r.templates = append(slices.Clip(r.templates), r.mapping.KeyText)
	}
	return nil
}

// otherContents are the contents of what has, or may have, a case under another key; nil where
// there is nothing of that kind.
func (r *run) otherContents() (contents filter.Filter, err error) {
	for content, err := range r.ledger.OtherContents(r.mapping.KeyText) {
		if err != nil {
			return nil, err
		}
		if contents == nil {
			contents = filter.New()
		}
		contents.Add(content)
	}
	return contents, nil
}

// rekeyedRow looks through an input for a row that would be sent and has one of these contents
// under any set of columns. It returns the key by which the row was imported.
func (r *run) rekeyedRow(in *input, contents filter.Filter) (key string, found bool, err error) {
	first, err := in.anew()
	if err != nil {
		return "", false, err
	}
	defer first.reader.Close()
	defer func() { err = errors.Join(err, r.startOver()) }() // the rows come once more
	for batch, err := range first.batches(1) {
		if err != nil {
			return "", false, err
		}
		suspects, err := r.newRows(in, batch, contents)
		if err != nil {
			return "", false, err
		}
		if key, found, err := r.ledger.OtherKey(suspects, r.mapping.KeyText); err != nil || found {
			return key, found, err
		}
	}
	return "", false, nil
}

// newRows are the contents of those rows of a batch that are wanted, that the ledger doesn't
// have by their own key, and that contents may have.
func (r *run) newRows(in *input, batch []*item, contents filter.Filter) (found [][16]byte, err error) {
	type row struct {
		ids, contents [][16]byte
	}
	var rows []row
	var ids []ledger.ID
	for _, it := range batch {
		if in.findKey(it); it.err != nil || it.problem != nil || it.given {
			continue
		}
		if wanted, problem := in.program.Wants(it.cells); problem != nil || !wanted {
			continue // it may be another mapping's
		}
		var known row
		for i := range in.columns {
			content := in.columns[i].digest(&r.scratch, it.cells)
			if contents.Has(content) {
				known.contents = append(known.contents, content)
			}
			if it.key == "" {
				known.ids = append(known.ids, idOf(cellsKey(content, 0)))
			}
		}
		if it.key != "" {
			known.ids = [][16]byte{idOf(it.key)}
		}
		if known.contents != nil {
			rows = append(rows, known)
			for _, id := range known.ids {
				ids = append(ids, id)
			}
		}
	}
	if rows == nil {
		return nil, nil
	}
	entries, err := r.ledger.Entries(ids)
	for _, row := range rows {
		sent := slices.ContainsFunc(row.ids, func(id [16]byte) bool { e, ok := entries[id]; return ok && !sendable(e.State) })
		if !sent {
			found = append(found, row.contents...)
		}
	}
	return found, err
}

// sendable tells whether a key in this state may be sent.
func sendable(state ledger.State) bool {
	return slices.Contains([]ledger.State{ledger.Unknown, ledger.Pending, ledger.Rejected, ledger.Invalid}, state)
}

// allowRekeyed asks for a person's word.
func (r *run) allowRekeyed(ctx context.Context, in *input, key string) error {
	was := fmt.Sprintf("with the key %q", key)
	if key == "" {
		was = "without a key"
	}
	said := fmt.Sprintf("rows of %s were imported %s; with the key %q they count as new, and would be sent again",
		in.path, was, r.mapping.KeyText)
	if r.job.Agreed == nil {
		return usage("%s: nothing was sent; put the key back, or say --yes if it is meant", said)
	}
	r.job.Log.Warn(said)
	if !r.job.Agreed(ctx, "is that meant? [y/N] ") {
		return usage("nothing was sent; put the key back, and run the same command again")
	}
	return nil
}
