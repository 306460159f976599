package identity

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/filter"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/source/spreadsheet"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// similar are keys that the ledger has, by what is left of them when a spreadsheet has changed them.
// The keys themselves stay in the ledger: a filter says whether looking through it may pay.
type similar struct {
	keys   func() iter.Seq2[string, error]
	folded filter.Filter
}

// newSimilar goes through all of the keys, once.
func newSimilar(keys func() iter.Seq2[string, error]) (*similar, error) {
	s := &similar{keys, filter.New()}
	for key, err := range keys() {
		if err != nil {
			return nil, err
		}
		s.folded.Add(IDOf(spreadsheet.Fold(key)))
	}
	return s, nil
}

// spellings is what is needed to tell a key from what a spreadsheet has made of another one. Both lists
// are made only when the first row needs them: most runs meet no key that the ledger doesn't know.
type spellings struct {
	mended    []map[string]bool // of each rejects file: its keys; nil if they are too many
	free      *similar          // keys that may be sent
	sent      *similar          // keys that may not
	respelled int               // rows whose keys a spreadsheet has probably changed
}

// mostNamed is how many keys are named that a row may mean.
const mostNamed = 3

// find returns, for those of the keys that may have been others once, the keys that are meant. Only if
// there are such keys does it look through the ledger.
func (s *similar) find(keys []string) (map[string][]string, error) {
	folded, numbers := map[string][]string{}, []string{}
	for _, key := range keys {
		if fold := spreadsheet.Fold(key); s.folded.Has(IDOf(fold)) {
			folded[fold] = append(folded[fold], key)
		}
		if spreadsheet.Scientific(key) {
			numbers = append(numbers, key)
		}
	}
	// The filter's doubts cost one pass over the ledger for the whole batch.
	meant := map[string][]string{}
	if len(folded)+len(numbers) == 0 {
		return meant, nil
	}
	note := func(key, other string) {
		if key != other && len(meant[key]) < mostNamed {
			meant[key] = append(meant[key], other)
		}
	}
	for other, err := range s.keys() {
		if err != nil {
			return nil, err
		}
		for _, key := range folded[spreadsheet.Fold(other)] {
			note(key, other)
		}
		for _, number := range numbers {
			if spreadsheet.Shortened(number, other) {
				note(number, other)
			}
		}
	}
	return meant, nil
}

// questionKeys makes those rows of a rejects file invalid whose keys are probably not their own: a
// spreadsheet that changed import_key has changed the cells that the mapping makes a key of too.
// Rows that a person has only mended have keys that the ledger knows as refused, and pass.
func (f *Finder) questionKeys(in *intake.Input, rows []*Row) error {
	var strange []*Row
	var keys []string
	for _, row := range rows {
		state := row.Entry.State
		// A key that the ledger has may still be another row's: then the cells are not those of its entry.
		if state == ledger.Unknown || row.Given && row.Changed && (state == ledger.Created || state.Claimable()) {
			strange, keys = append(strange, row), append(keys, row.Key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	known := &f.spellings
	if known.free == nil {
		var err error
		if known.free, err = newSimilar(f.ledger.FreeKeys); err != nil {
			return err
		}
	}
	meant, err := known.free.find(keys)
	if err != nil {
		return err
	}
	for _, row := range strange {
		others := meant[row.Key]
		if row.Given && row.Entry.State != ledger.Unknown && row.Entry.State.Claimable() {
			others = slices.DeleteFunc(others, func(key string) bool { return known.mended[in.Number][key] })
		}
		if row.Problem = row.strange(others); row.Problem != nil {
			row.Known = Known{} // such a key must not become one that the ledger knows
		}
	}
	return nil
}

// strange is what is wrong with a rejects file's row whose key may have been one of others.
func (row *Row) strange(meant []string) *mapping.Problem {
	which := strings.Join(say.Quoted(meant), " or ")
	unknown := row.Entry.State == ledger.Unknown
	switch {
	case row.Given && unknown:
		return unknownImportKey(row.Key, which)
	case len(meant) == 0:
		return nil
	case row.Given && row.Entry.State.Claimable():
		return &mapping.Problem{
			Field: reports.RejectColumns[0],
			Error: unknownKey,
			Message: fmt.Sprintf("import_key: %q is the key of a rejected row, and so is %s, "+
				"which this file doesn't have; a spreadsheet may have made one of the other", row.Key, which),
			Hint: "write the keys into the cells of import_key as the rejects file had them, in a column of texts, " +
				"or correct the export and import that",
		}
	case row.Given:
		return &mapping.Problem{
			Field: reports.RejectColumns[0],
			Error: unknownKey,
			Message: fmt.Sprintf("import_key: %q is the key of another row, which was imported with other cells; "+
				"a spreadsheet may have made it of %s", row.Key, which),
			Hint: fmt.Sprintf(writeKey, which),
		}
	}
	return &mapping.Problem{
		Field: "key",
		Error: reports.SimilarKey,
		Message: fmt.Sprintf("import_key is empty, and the key %q is new; a spreadsheet may have made it of %s, "+
			"which is still to be sent", row.Key, which),
		Hint: fmt.Sprintf(writeKey+"; if it is another row, import it by a file without the import_ columns", which),
	}
}

const (
	// unknownKey is the Error of a row whose import_key the ledger doesn't have.
	unknownKey = "unknown_import_key"
	writeKey   = "write %s into the cell of import_key, in a column of texts"
)

// unknownImportKey is what is wrong with an import_key that the ledger doesn't have; which are
// those that may be meant, if any.
func unknownImportKey(key, which string) *mapping.Problem {
	p := &mapping.Problem{Field: reports.RejectColumns[0], Error: unknownKey}
	if which != "" {
		p.Message = fmt.Sprintf("import_key: the ledger doesn't know %q; a spreadsheet has probably made it of %s",
			key, which)
		p.Hint = fmt.Sprintf(writeKey, which)
		return p
	}
	p.Message = fmt.Sprintf("import_key: the ledger doesn't know %q; a spreadsheet may have changed it", key)
	p.Hint = "correct it as the rejects file was written; if the rows are new here, as those of a check, " +
		"a rehearsal or another ledger, empty the cells of the column import_key"
	return p
}
