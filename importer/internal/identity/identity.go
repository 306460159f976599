// Package identity tells which row a row is: what is known of its key from this run's inputs and
// from the ledger.
//
//	intake.Row ──key──► seen in these inputs? ──► in the ledger? ──► Row with what is Known
//
// Its rules:
//
//   - A row is known by its key alone. Its cells only tell whether it has changed since.
//   - A row without a key is known by its cells under the columns that the mapping uses, today or
//     when its entry was made.
//   - A key that a spreadsheet may have made of another one is no key: the row is invalid, since
//     it could be sent a second time.
package identity

import (
	"crypto/sha256"
	"slices"

	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
)

// Row is a row with what is known of it. The intake.Row belongs to its reader; see
// intake.Input.Batches.
type Row struct {
	*intake.Row
	Known
}

// Known is what is known of a row. The zero value is a row that nothing is known of. Its ID is zero if
// the row has no key that may be written into the ledger.
type Known struct {
	ID      ledger.ID
	Content [16]byte // of the cells, under the mapping's own columns
	Before  Earlier
	Copy    Earlier // in another input, with the same cells; only a Memory tells, since a ledger knows more
	Entry   ledger.Entry
	Changed bool // the cells are not those that the entry was made of
}

// Earlier is the row of these inputs that had a row's key first. The zero value is none.
type Earlier struct {
	Input int
	Row   int
	Same  bool // it has the same cells
}

// Met tells whether there is one.
func (e Earlier) Met() bool { return e.Row > 0 }

// IDOf is how the ledger knows a key: half of its SHA-256, which stays when the key is purged.
func IDOf(key string) (id ledger.ID) {
	sum := sha256.Sum256([]byte(key))
	copy(id[:], sum[:])
	return id
}

// Finder identifies the rows of a run's inputs. It is for one goroutine at a time: its memory, and the
// ledger's Lookup, are. It notes each row that it is shown as met, so a pass beforehand must Forget.
type Finder struct {
	inputs    []*intake.Input
	columns   [][]columnSet // of each input; the first is today's
	ledger    ledger.Ledger
	seen      *duplicates.Keys // of all inputs, as far as they have been read
	templates []string         // of the keys in the ledger, this run's among them
	key       string           // the mapping's key, as it is written there
	spellings spellings
	memory    []byte // of digests

	// NewKeys lets rows be sent whose keys look like sent ones that a spreadsheet has changed: a person
	// has said that they are others.
	NewKeys bool
}

// NewFinder prepares to identify rows. The templates are those of the keys that earlier runs have
// left; nil if an older program left none.
func NewFinder(l ledger.Ledger, seen *duplicates.Keys, inputs *intake.Inputs, templates []string) (*Finder, error) {
	f := &Finder{
		inputs:  inputs.All,
		columns: make([][]columnSet, len(inputs.All)),
		ledger:  l,
		seen:    seen,
		key:     inputs.Mapping.KeyText,
	}
	f.spellings.mended = make([]map[string]bool, len(inputs.All))
	var err error
	for i, in := range f.inputs {
		if f.columns[i], err = columnSets(in, l); err != nil {
			return nil, err
		}
	}
	return f, f.findTemplates(templates)
}

// findTemplates lists the key templates of all entries, and this run's. Each run hands them on to
// the next, so a ledger has to be looked through only if an older program wrote last.
func (f *Finder) findTemplates(last []string) (err error) {
	if f.templates = last; last == nil && !f.ledger.Opening().Fresh {
		if f.templates, err = f.ledger.Templates(); err != nil {
			return err
		}
	}
	if !slices.Contains(f.templates, f.key) {
		f.templates = append(slices.Clip(f.templates), f.key)
	}
	return nil
}

// Templates are those of all keys in the ledger once this run has begun, for the next one.
func (f *Finder) Templates() []string { return f.templates }

// Mended notes the keys of a rejects file, if they are few enough to be held: a key that is in
// the file itself is not what another one of its keys was made of.
func (f *Finder) Mended(input int, keys map[string]bool) { f.spellings.mended[input] = keys }

// Keys finds the keys of a batch without asking the ledger, for rows that are only listed. The
// rows are made in memory, if that has room for them.
func Keys(in *intake.Input, batch []*intake.Row, memory []Row) []Row {
	rows := memory[:0]
	for _, row := range batch {
		in.FindKey(row)
		rows = append(rows, Row{Row: row})
	}
	return rows
}

// Find identifies the rows of a batch. Rows must come in their order, each once; after Forget they
// may come again. If it fails, nothing is known of any of them. The rows are made in memory, if that
// has room for them.
func (f *Finder) Find(in *intake.Input, batch []*intake.Row, memory []Row) ([]Row, error) {
	rows := Keys(in, batch, memory)
	var keyed, bare, bad []*Row
	for i := range rows {
		row := &rows[i]
		switch {
		// Its entry is to say that it is invalid, unless the ledger knows better.
		case row.Err != nil && row.Problem == nil && row.Key != "":
			bad = append(bad, row)
		case row.Err != nil, row.Problem != nil:
			continue
		case row.Key != "":
			keyed = append(keyed, row)
		default:
			bare = append(bare, row)
		}
		// The claim needs it, whatever the row was known by.
		row.Content = f.columns[in.Number][0].digest(&f.memory, row.Cells)
	}
	err := f.findKeyed(in, keyed)
	if err == nil {
		err = f.findEntries(in, bad)
	}
	if err == nil && in.IsRejects() {
		err = f.questionKeys(in, slices.Concat(keyed, bad))
	}
	if err == nil {
		err = f.questionNewKeys(in, keyed)
	}
	if err == nil {
		err = f.nameByCells(in, bare)
	}
	if err != nil { // what was found of some must not pass for what is known of all
		return Keys(in, batch, memory), err
	}
	return rows, nil
}

// Forget lets rows be met again as if they had not been: they were only looked at beforehand.
func (f *Finder) Forget() error {
	f.spellings.respelled = 0
	f.NextInput()
	return f.seen.Forget()
}

// NextInput goes on to another input, whose rows are held against those of the ones before. What the
// ledger reads ahead for one input it must not tell the next: it may have been claimed since.
func (f *Finder) NextInput() { f.ledger.NextInput() }

// findKeyed notes rows with keys as met, and finds what is known of them. Rows of one batch see each
// other: the second of two equal keys is a repetition even if the first isn't claimed yet.
func (f *Finder) findKeyed(in *intake.Input, rows []*Row) error {
	sightings := make([]duplicates.Sighting, len(rows))
	for i, row := range rows {
		row.ID = IDOf(row.Key)
		sightings[i] = duplicates.Sighting{ID: row.ID, Input: in.Number, Row: row.Number, Content: row.Content}
	}
	before, err := f.seen.Seen(sightings)
	if err != nil {
		return err
	}
	for i, row := range rows {
		if seen := before[i]; seen.Times > 0 {
			same := seen.Content == row.Content
			// Inputs with other columns have other digests of the same row.
			comparable := f.columns[seen.Input][0].names == f.columns[in.Number][0].names
			if !allowedTwice(in, row.Row, seen.Input, same, comparable) {
				row.Before = Earlier{seen.Input, seen.Row, same}
			}
		}
	}
	return f.findEntries(in, rows)
}

// allowedTwice tells whether the first row of a key is no reason against this one. It stands in
// another input, and it has the same cells, or its cells can't be compared, or this one is a
// mended row. Then the ledger tells what became of it.
func allowedTwice(in *intake.Input, row *intake.Row, first int, same, comparable bool) bool {
	return first != in.Number && (row.Given || same || !comparable)
}

// findEntries looks up the ledger's entries of rows with keys. For bad rows that is all: the next
// row with the same key is no repetition, but the ledger has to know theirs when they are mended.
func (f *Finder) findEntries(in *intake.Input, rows []*Row) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]ledger.ID, len(rows))
	for i, row := range rows {
		row.ID = IDOf(row.Key)
		ids[i] = row.ID
	}
	entries, err := f.ledger.Entries(ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		row.Entry = entries[row.ID]
		row.Changed = f.changed(in, row)
	}
	return nil
}

// changed compares the row with its entry, under the columns that the entry was made of. If the
// input lacks one of those, there is nothing to compare.
func (f *Finder) changed(in *intake.Input, row *Row) bool {
	sets := f.columns[in.Number]
	for i := range sets {
		switch set := &sets[i]; {
		case set.id != row.Entry.Columns:
		case i == 0:
			return row.Content != row.Entry.Content
		default:
			return set.digest(&f.memory, row.Cells) != row.Entry.Content
		}
	}
	return false
}

// nameByCells gives rows without a key one made of their cells; equal rows count as first,
// second, third. A row that the ledger has under an older set of columns keeps the key that it
// was given then.
func (f *Finder) nameByCells(in *intake.Input, rows []*Row) error {
	if len(rows) == 0 {
		return nil
	}
	sets := f.columns[in.Number]
	for i := len(sets) - 1; i >= 0; i-- { // today's columns last: they decide
		if err := f.nameBySet(in, &sets[i], i == 0, rows); err != nil {
			return err
		}
	}
	return nil
}

// nameBySet names the rows by one set of columns. Under an older set a row gets a name only if the
// ledger has it; under the mapping's own it gets one in any case. Every set counts its equal rows,
// and counts all of them, or a third copy would take the second one's key.
func (f *Finder) nameBySet(in *intake.Input, set *columnSet, own bool, rows []*Row) error {
	sightings := make([]duplicates.Sighting, len(rows))
	for i, row := range rows {
		content := set.digest(&f.memory, row.Cells)
		sightings[i] = duplicates.Sighting{
			ID: inInput(content, in.Number), Input: in.Number, Row: row.Number, Content: content,
		}
	}
	before, err := f.seen.Seen(sightings)
	if err != nil {
		return err
	}
	keys, ids := make([]string, len(rows)), make([]ledger.ID, len(rows))
	for i := range rows {
		keys[i] = cellsKey(sightings[i].Content, before[i].Times)
		ids[i] = IDOf(keys[i])
	}
	entries, err := f.ledger.Entries(ids)
	if err != nil {
		return err
	}
	for i, row := range rows {
		entry, ok := entries[ids[i]]
		if ok || own && row.Entry.State == ledger.Unknown {
			row.Key, row.ID, row.Entry = keys[i], ids[i], entry
			row.Changed = ok && f.changed(in, row)
		}
	}
	return nil
}

// Claim is what the ledger keeps of the row when it is claimed or refused. A key that a rejects
// file gave stays with the template that it was made by.
func (f *Finder) Claim(in *intake.Input, row *Row) ledger.Claim {
	template := f.key
	if row.Given { // a given key without an entry is never claimed
		template = row.Entry.Template
	}
	return ledger.Claim{
		ID:       row.ID,
		Key:      row.Key,
		Template: template,
		Columns:  f.columns[in.Number][0].id,
		Content:  row.Content,
	}
}
