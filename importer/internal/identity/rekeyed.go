package identity

import (
	"errors"
	"fmt"
	"slices"

	"wolkvox-import/importer/internal/filter"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
)

// Rekeyed looks for rows that were imported under another key and would count as new. That may be
// meant, but sends them again, so it needs a person's word. It returns what to ask the person
// about, or "" if there is no such row.
func (f *Finder) Rekeyed() (said string, err error) {
	if len(f.templates) == 1 { // the one of this run: most ledgers never see another
		return "", nil
	}
	contents, err := f.otherContents()
	if err != nil || contents == nil {
		return "", err
	}
	for _, in := range f.inputs {
		key, found, err := f.rekeyedRow(in, contents)
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		was := fmt.Sprintf("with the key %q", key)
		if key == "" {
			was = "without a key"
		}
		return fmt.Sprintf("rows of %s were imported %s; with the key %q they count as new, and would be sent again",
			in.Path, was, f.key), nil
	}
	return "", nil
}

// otherContents are the contents of what has, or may have, a case under another key; nil if
// there is nothing of that kind. They go into a filter of a fixed size, as a ledger may have
// millions. What the filter lets through is asked of the ledger, so its errors cost time alone.
func (f *Finder) otherContents() (contents filter.Filter, err error) {
	for content, err := range f.ledger.OtherContents(f.key) {
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
func (f *Finder) rekeyedRow(in *intake.Input, contents filter.Filter) (key string, found bool, err error) {
	first, err := in.Anew()
	if err != nil {
		return "", false, err
	}
	defer first.Done()
	defer func() { err = errors.Join(err, f.Forget()) }() // the rows come once more
	for batch, err := range first.Batches(1) {
		if err != nil {
			return "", false, err
		}
		suspects, err := f.newRows(in, batch, contents)
		if err != nil {
			return "", false, err
		}
		if key, found, err := f.ledger.OtherKey(suspects, f.key); err != nil || found {
			return key, found, err
		}
	}
	return "", false, nil
}

// suspect is a row that may have been imported under another key.
type suspect struct {
	ids, contents [][16]byte // under each set of columns
}

// suspects are those rows of a batch that are wanted and whose contents may be among these.
func (f *Finder) suspects(in *intake.Input, batch []*intake.Row, contents filter.Filter) (list []suspect) {
	for _, row := range batch {
		// Bad rows are not sent, and an import_key is the old key itself.
		if in.FindKey(row); row.Err != nil || row.Problem != nil || row.Given {
			continue
		}
		if wanted, problem := in.Program().Wants(row.Cells); problem != nil || !wanted {
			continue // it may be another mapping's
		}
		var s suspect
		for i := range f.columns[in.Number] {
			content := f.columns[in.Number][i].digest(&f.memory, row.Cells)
			if contents.Has(content) {
				s.contents = append(s.contents, content)
			}
			if row.Key == "" {
				// The first of equal rows is enough: if it was sent under its cells, so were they.
				s.ids = append(s.ids, IDOf(cellsKey(content, 0)))
			}
		}
		if row.Key != "" {
			s.ids = [][16]byte{IDOf(row.Key)}
		}
		if s.contents != nil {
			list = append(list, s)
		}
	}
	return list
}

// newRows are the contents of those suspects of a batch that the ledger doesn't have by their own
// key.
func (f *Finder) newRows(in *intake.Input, batch []*intake.Row, contents filter.Filter) (found [][16]byte, err error) {
	list := f.suspects(in, batch, contents)
	if list == nil {
		return nil, nil
	}
	var ids []ledger.ID
	for _, s := range list {
		for _, id := range s.ids {
			ids = append(ids, id)
		}
	}
	entries, err := f.ledger.Entries(ids)
	for _, s := range list {
		sent := slices.ContainsFunc(s.ids, func(id [16]byte) bool {
			e, ok := entries[id]
			return ok && !e.State.Claimable()
		})
		if !sent {
			found = append(found, s.contents...)
		}
	}
	return found, err
}
