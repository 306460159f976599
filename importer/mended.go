package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"wolkvox-import/importer/internal/filter"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/source/spreadsheet"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// damaged is what a spreadsheet has done to a row of a rejects file, which we wrote with all its
// cells; nil where nothing can be seen.
func (in *input) damaged(row source.Row) *source.RowError {
	header := in.reader.Header()
	if there := len(header) - row.Missing; there <= in.why { // an empty import_hint may be left out
		return &source.RowError{
			Word:    "too_few_cells",
			Message: fmt.Sprintf("the row has %d cells, and its rejects file was written with %d", there, len(header)),
			Hint:    "copy the row from the rejects file as it was written, and mend it again",
		}
	}
	if text, alone := onlyFirst(row.Cells); alone {
		if problem := source.InOneCell(text, len(header)); problem != nil {
			return problem
		}
	}
	if i := cutText(row.Cells[:len(header)]); i >= 0 {
		problem := cutCell(header[i], row.Cells[i])
		return &source.RowError{Word: problem.Error, Message: problem.Message, Hint: problem.Hint, Column: i}
	}
	return nil
}

func onlyFirst(cells []string) (text string, alone bool) {
	for _, cell := range cells[1:] {
		if cell != "" {
			return "", false
		}
	}
	return cells[0], true
}

// cutText finds a text that is as long as a spreadsheet's cell can be; -1 where there is none.
func cutText(cells []string) int {
	for i, cell := range cells {
		if len(cell) < mostExcel {
			continue
		}
		if n := len(utf16.Encode([]rune(cell))); n == mostExcel || n == mostLibreOffice {
			return i
		}
	}
	return -1
}

// The lengths at which spreadsheet programs cut a cell's text without a word.
const (
	mostExcel       = 1<<15 - 1
	mostLibreOffice = 1<<16 - 1
)

func cutCell(column, text string) mapping.Problem {
	return mapping.Problem{
		Field: column,
		Error: "cut_text",
		Message: fmt.Sprintf("the text in the column %q has %d characters, as many as a spreadsheet's cell can hold: "+
			"the rest was probably cut", column, len([]rune(text))),
		Hint: "take the row from the export, or mend it in a text editor",
	}
}

// similar are the keys that the ledger would let be sent, by what is left of them when a
// spreadsheet has changed them.
type similar struct {
	ledger ledger.View
	folded filter.Filter
}

func newSimilar(view ledger.View) (*similar, error) {
	s := &similar{view, filter.New()}
	for key, err := range view.FreeKeys() {
		if err != nil {
			return nil, err
		}
		s.folded.Add(idOf(spreadsheet.Fold(key)))
	}
	return s, nil
}

// mostNamed is how many keys are named that a row may mean.
const mostNamed = 3

// find returns, for those of the keys that may have been others once, the keys that are meant.
func (s *similar) find(keys []string) (map[string][]string, error) {
	folded, numbers := map[string][]string{}, []string{}
	for _, key := range keys {
		if fold := spreadsheet.Fold(key); s.folded.Has(idOf(fold)) {
			folded[fold] = append(folded[fold], key)
		}
		if spreadsheet.Scientific(key) {
			numbers = append(numbers, key)
		}
	}
	meant := map[string][]string{}
	if len(folded)+len(numbers) == 0 {
		return meant, nil
	}
	note := func(key, free string) {
		if key != free && len(meant[key]) < mostNamed {
			meant[key] = append(meant[key], free)
		}
	}
	for free, err := range s.ledger.FreeKeys() {
		if err != nil {
			return nil, err
		}
		for _, key := range folded[spreadsheet.Fold(free)] {
			note(key, free)
		}
		for _, number := range numbers {
			if spreadsheet.Shortened(number, free) {
				note(number, free)
			}
		}
	}
	return meant, nil
}

// question makes those rows of a rejects file invalid whose keys are probably not their own: a
// spreadsheet that changed import_key has changed the cells that the mapping makes a key of too.
func (r *run) question(in *input, rows []*item) error {
	var strange []*item
	var keys []string
	for _, it := range rows {
		state := it.known.entry.State
		if state == ledger.Unknown || it.given && it.known.changed && (state == ledger.Created || sendable(state)) {
			strange, keys = append(strange, it), append(keys, it.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if r.similar == nil {
		var err error
		if r.similar, err = newSimilar(r.ledger); err != nil {
			return err
		}
	}
	meant, err := r.similar.find(keys)
	if err != nil {
		return err
	}
	for _, it := range strange {
		others := meant[it.key]
		if it.given && it.known.entry.State != ledger.Unknown && sendable(it.known.entry.State) { // those that the file has too aren't this one
			others = slices.DeleteFunc(others, func(key string) bool { return in.mended[key] })
		}
		if it.problem = it.strange(others); it.problem != nil {
			it.known = knowledge{} // such a key must not become one that the ledger knows
		}
	}
	return nil
}

// strange is what is wrong with a rejects file's row whose key may have been one of others.
func (it *item) strange(meant []string) *mapping.Problem {
	which := strings.Join(quoted(meant), " or ")
	unknown := it.known.entry.State == ledger.Unknown
	switch {
	case it.given && unknown:
		return unknownImportKey(it.key, which)
	case len(meant) == 0:
		return nil
	case it.given && sendable(it.known.entry.State):
		return &mapping.Problem{
			Field: reports.RejectColumns[0],
			Error: unknownKey,
			Message: fmt.Sprintf("import_key: %q is the key of a rejected row, and so is %s, which this file doesn't have; "+
				"a spreadsheet may have made one of the other", it.key, which),
			Hint: "write the keys into the cells of import_key as the rejects file had them, in a column of texts, or correct the export and import that",
		}
	case it.given:
		return &mapping.Problem{
			Field: reports.RejectColumns[0],
			Error: unknownKey,
			Message: fmt.Sprintf("import_key: %q is the key of another row, which was imported with other cells; "+
				"a spreadsheet may have made it of %s", it.key, which),
			Hint: fmt.Sprintf(writeKey, which),
		}
	}
	return &mapping.Problem{
		Field: "key",
		Error: reports.SimilarKey,
		Message: fmt.Sprintf("import_key is empty, and the key %q is new; a spreadsheet may have made it of %s, "+
			"which is still to be sent", it.key, which),
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
		p.Message = fmt.Sprintf("import_key: the ledger doesn't know %q; a spreadsheet has probably made it of %s", key, which)
		p.Hint = fmt.Sprintf(writeKey, which)
		return p
	}
	p.Message = fmt.Sprintf("import_key: the ledger doesn't know %q; a spreadsheet may have changed it", key)
	p.Hint = "correct it as the rejects file was written; if the rows are new here, as those of a check, " +
		"a rehearsal or another ledger, empty the cells of the column import_key"
	return p
}

func quoted(texts []string) (list []string) {
	for _, text := range texts {
		list = append(list, strconv.Quote(text))
	}
	return list
}
