package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
)

// columnSet is a set of columns whose cells stand for a row. The first of an input's
// is the one that the mapping uses today; the others are those of entries made when
// the mapping used other columns. They keep an edited mapping from making every row
// look changed, and rows without a `key:` from being sent again.
type columnSet struct {
	id      int64
	names   string // as the ledger has them
	numbers []int  // of the columns in this input, in the order of names
}

// knowledge is what the ledger has of a row.
type knowledge struct {
	id      ledger.ID
	content [16]byte // under the mapping's own columns
	before  ledger.Seen
	entry   ledger.Entry
	changed bool // its cells are not those that the entry was made of
}

// findColumns looks up which sets of columns rows can be known by.
func (r *run) findColumns(in *input) error {
	id, err := r.ledger.ColumnSet(in.ownColumns().names)
	if err != nil {
		return err
	}
	sets, err := r.ledger.ColumnSets()
	if err != nil {
		return err
	}
	in.columns = nil
	for number, text := range sets {
		if set, ok := in.resolve(number, text); ok {
			in.columns = append(in.columns, set)
		}
	}
	slices.SortFunc(in.columns, func(a, b columnSet) int {
		switch {
		case a.id == id:
			return -1
		case b.id == id:
			return 1
		}
		return int(b.id - a.id)
	})
	return nil
}

// ownColumns is the set that the mapping uses today.
func (in *input) ownColumns() columnSet {
	names, _ := in.program.Columns()
	slices.Sort(names)
	set, _ := in.resolve(0, namesJSON(names)) // they are the input's
	return set
}

// resolve finds a set's columns in the input; one that lacks a column is of no use.
func (in *input) resolve(id int64, text string) (columnSet, bool) {
	set := columnSet{id: id, names: text}
	var names []string
	if json.Unmarshal([]byte(text), &names) != nil {
		return set, false
	}
	for _, name := range names {
		number, err := in.program.Header.Find(name)
		if err != nil {
			return set, false
		}
		set.numbers = append(set.numbers, number)
	}
	return set, true
}

// digest is the row's content under this set of columns. scratch is memory to use.
func (s *columnSet) digest(scratch *[]byte, cells []string) [16]byte {
	text := append((*scratch)[:0], s.names...)
	for _, n := range s.numbers {
		text = binary.LittleEndian.AppendUint64(text, uint64(len(cells[n])))
		text = append(text, cells[n]...)
	}
	*scratch = text
	sum := sha256.Sum256(text)
	return [16]byte(sum[:16])
}

// identified reads an input, finds the keys of its rows and what the ledger knows of them,
// ahead of the loop that decides what becomes of each. An error comes with the batch that it
// has struck, if any: that one and all later ones are read without knowing anything of them, so
// that they can be listed.
func (r *run) identified(in *input) iter.Seq2[[]*item, error] {
	type step struct {
		batch []*item
		err   error
	}
	steps := ahead(func(yield func(step) bool) {
		failed := false
		for batch, err := range in.whole(r.stop, readAhead+2) {
			if err == nil && !failed {
				err = r.identify(in, batch)
			}
			if failed = failed || err != nil; failed {
				in.findKeys(batch)
			}
			if !yield(step{batch, err}) {
				return
			}
		}
	})
	return func(yield func([]*item, error) bool) {
		failed := false
		for s := range steps {
			failed = failed || s.err != nil
			if !yield(s.batch, s.err) {
				return
			}
		}
		if !failed && in.counted > 0 && in.counted != in.read {
			yield(nil, changedInput(in.path))
		}
	}
}

// findKeys finds the keys of a batch without asking the ledger.
func (in *input) findKeys(batch []*item) {
	for _, it := range batch {
		in.findKey(it)
		it.known = knowledge{}
	}
}

// identify finds the keys of a batch and what the ledger knows of them.
func (r *run) identify(in *input, batch []*item) error {
	var keyed, bare, bad []*item
	in.findKeys(batch)
	for _, it := range batch {
		switch {
		case it.err != nil && it.problem == nil && it.key != "":
			bad = append(bad, it)
		case it.err != nil, it.problem != nil:
		case it.key != "":
			keyed = append(keyed, it)
		default:
			bare = append(bare, it)
		}
	}
	for _, it := range slices.Concat(keyed, bare, bad) {
		it.known.content = in.columns[0].digest(&r.scratch, it.cells)
	}
	if err := r.lookUp(in, keyed); err != nil {
		return err
	}
	if err := r.find(in, bad); err != nil {
		return err
	}
	if in.rejects {
		if err := r.question(in, slices.Concat(keyed, bad)); err != nil {
			return err
		}
	}
	return r.nameByCells(in, bare)
}

// findKey computes the row's key; a rejects file's own wins over the mapping's.
func (in *input) findKey(it *item) {
	switch {
	case it.err != nil && it.err.Word != source.TooManyCells:
	case in.rejects && strings.TrimSpace(it.cells[in.keyed]) != "":
		it.key, it.given = it.cells[in.keyed], true
	case in.keys.Exists():
		it.key, it.problem = in.keys.Of(it.cells)
	}
}

func idOf(key string) (id ledger.ID) {
	sum := sha256.Sum256([]byte(key))
	copy(id[:], sum[:])
	return id
}

// lookUp asks the ledger for rows whose keys are known.
func (r *run) lookUp(in *input, rows []*item) error {
	sightings := make([]ledger.Sighting, len(rows))
	for i, it := range rows {
		it.known.id = idOf(it.key)
		sightings[i] = ledger.Sighting{ID: it.known.id, Input: in.number, Row: it.number, Content: it.known.content}
	}
	before, err := r.ledger.Seen(sightings)
	if err != nil {
		return err
	}
	for i, it := range rows {
		it.known.before = r.before(in, it, before[i])
	}
	return r.find(in, rows)
}

// find looks up the ledger's entries of rows with keys. For bad rows that is all: the next one
// with the same key is no repetition, but the ledger has to know theirs when they are mended.
func (r *run) find(in *input, rows []*item) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]ledger.ID, len(rows))
	for i, it := range rows {
		it.known.id = idOf(it.key)
		ids[i] = it.known.id
	}
	entries, err := r.ledger.Entries(ids)
	if err != nil {
		return err
	}
	for _, it := range rows {
		it.known.entry = entries[it.known.id]
		it.known.changed = r.changed(in, it)
	}
	return nil
}

// rowName is how a row of any input is called in the reports of this one.
func (p *plan) rowName(in *input, input, row int) string {
	name := fmt.Sprintf("row %d", row)
	if input != in.number {
		name += " of " + p.inputs[input].path
	}
	return name
}

// own makes the contents of an input differ from those of all others: equal rows without a key
// are counted in each input for itself.
func (in *input) own(content [16]byte) [16]byte {
	number := binary.LittleEndian.Uint64(content[:]) + uint64(in.number)
	binary.LittleEndian.PutUint64(content[:], number)
	return content
}

// before is what was met under the row's key before, in this input or in those of the same
// command that came first.
func (r *run) before(in *input, it *item, seen ledger.Seen) ledger.Seen {
	if seen.Times > 0 && r.elsewhere(in, it, seen.Input, seen.Content == it.known.content) {
		return ledger.Seen{}
	}
	return seen
}

// elsewhere tells whether the first row of a key stands in another input than this one, and is no reason
// against this one: it has the same cells, or they can't be compared, or this one is a mended
// row. Then the ledger tells what became of it.
func (p *plan) elsewhere(in *input, it *item, first int, same bool) bool {
	return first != in.number && (it.given || same || p.inputs[first].columns[0].names != in.columns[0].names)
}

// changed compares the row with its entry, under the columns that the entry was made
// of. Where the input lacks one of those there is nothing to compare.
func (r *run) changed(in *input, it *item) bool {
	e := it.known.entry
	for i := range in.columns {
		switch set := &in.columns[i]; {
		case set.id != e.Columns:
		case i == 0:
			return it.known.content != e.Content
		default:
			return set.digest(&r.scratch, it.cells) != e.Content
		}
	}
	return false
}

// nameByCells gives rows without a key one made of their cells; equal rows count as
// first, second, third. A row that the ledger has under an older set of columns keeps
// the key that it was given then.
func (r *run) nameByCells(in *input, rows []*item) error {
	if len(rows) == 0 {
		return nil
	}
	for i := len(in.columns) - 1; i >= 0; i-- { // today's columns last: they decide
		if err := r.nameBySet(in, &in.columns[i], i == 0, rows); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) nameBySet(in *input, set *columnSet, own bool, rows []*item) error {
	sightings := make([]ledger.Sighting, len(rows))
	for i, it := range rows {
		content := set.digest(&r.scratch, it.cells)
		sightings[i] = ledger.Sighting{ID: in.own(content), Input: in.number, Row: it.number, Content: content}
	}
	before, err := r.ledger.Seen(sightings)
	if err != nil {
		return err
	}
	keys, ids := make([]string, len(rows)), make([]ledger.ID, len(rows))
	for i := range rows {
		keys[i] = cellsKey(sightings[i].Content, before[i].Times)
		ids[i] = idOf(keys[i])
	}
	entries, err := r.ledger.Entries(ids)
	if err != nil {
		return err
	}
	for i, it := range rows {
		entry, ok := entries[ids[i]]
		if ok || own && it.known.entry.State == ledger.Unknown {
			it.key, it.known.id, it.known.entry = keys[i], ids[i], entry
			it.known.changed = ok && r.changed(in, it)
		}
	}
	return nil
}

// cellsKey is the key of a row without one, of which there were so many in the input before.
func cellsKey(content [16]byte, before int) string {
	key := "row-" + hex.EncodeToString(content[:])
	if before > 0 {
		key += fmt.Sprintf("#%d", before+1)
	}
	return key
}
