package intake

import (
	"context"
	"iter"
	"time"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/mapping"
)

// BatchRows is how many rows travel together: one query to the ledger is for a whole batch.
const BatchRows = 256

// Row is one row below the header, on its way to a decision. It and its slices belong to the reader:
// they may be used until ring-1 further batches have been read; see Batches. The texts of its cells
// are never written over, but a cell is a part of its row's whole text, so whoever keeps one for
// longer clones it, or keeps the row's text in memory.
type Row struct {
	Number  int // as a spreadsheet shows it
	Cells   []string
	Err     *source.RowError // why it can't be read
	Flaws   []source.Flaw    // cells without a value
	Key     string           // what the row is known by; "" if it has none, or none yet
	Problem *mapping.Problem // why it has no key
	Given   bool             // the key is a rejects file's import_key
}

// Batches reads the input. A batch may be used until ring-1 further batches have been read; then
// its memory is reused. So a loop that uses a batch at once has a ring of 1, and one that hands
// batches on has a ring of as many as may be under way, the one being read included.
//
// An error comes last, with no rows. The rows before it are good.
func (in *Input) Batches(ring int) iter.Seq2[[]*Row, error] {
	return func(yield func([]*Row, error) bool) {
		rows := make([]*Row, ring*BatchRows)
		for i := range rows {
			rows[i] = new(Row)
		}
		for turn, n := 0, 1; n > 0; turn++ {
			batch := rows[turn%ring*BatchRows:][:BatchRows]
			n = 0
			for n < len(batch) && in.Next(batch[n]) {
				n++
			}
			if n > 0 && !yield(batch[:n], nil) {
				return
			}
		}
		if err := in.reader.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Err is why Next ended before the end of the input, or nil.
func (in *Input) Err() error { return in.reader.Err() }

// Next reads one row into row, whose memory it uses again. A bad row is a row: it has its number, its
// error in Err, and counts as read. Next is false at the end, at the limit, and at an error of the
// file, which Err tells apart.
func (in *Input) Next(row *Row) bool {
	if in.limit > 0 && in.counts.read == in.limit || !in.reader.Next() {
		return false
	}
	in.counts.read++
	read := in.reader.Row()
	*row = Row{
		Number: read.Number,
		Cells:  append(row.Cells[:0], read.Cells...),
		Err:    read.Err,
		Flaws:  append(row.Flaws[:0], read.Flaws...),
	}
	if in.rejects != nil {
		if undefuse(row.Cells); row.Err == nil {
			row.Err = in.damaged(read)
		}
	}
	if read.Missing > 0 && row.Err == nil {
		in.counts.short++
	}
	return true
}

// Whole reads the input as Batches does, and holds the file against what it was at the start:
// before each batch by its size and time, before the last one by its content too. If the file has
// changed, a *stop.Halt comes with the batch, and the rest is read without further looks.
func (in *Input) Whole(ctx context.Context, ring int) iter.Seq2[[]*Row, error] {
	return func(yield func([]*Row, error) bool) {
		// Once it has changed, the rest is only listed, and no further look can add anything.
		ended, changed := false, error(nil)
		for batch, err := range in.Batches(ring) {
			if changed == nil && !ended {
				ended = err != nil || len(batch) < BatchRows
				if changed = in.changed(ctx, ended); changed != nil {
					err = changed
				}
			}
			if !yield(batch, err) {
				return
			}
		}
		if changed == nil && !ended {
			if changed = in.changed(ctx, true); changed != nil {
				yield(nil, changed)
			}
		}
	}
}

// Miscounted fails, with a *stop.Halt, if the input was read to its end and has other rows than
// were counted beforehand: it has changed.
func (in *Input) Miscounted() error {
	// 0 is not known, or no rows. Rows that were added to none are found by the file's change.
	if in.counts.ahead > 0 && in.counts.ahead != in.counts.read {
		return in.changedHalt()
	}
	return nil
}

// settling is how long a file has to be left alone before a row that ends with it, without a line
// end, is taken for a whole one.
const settling = 2 * time.Second

// changed tells whether the file is no longer what it was, as a *stop.Halt. It looks at the
// content only at the end, since that reads the whole file.
func (in *Input) changed(ctx context.Context, ended bool) error {
	// A last line without an end may be half of one that is still being written.
	if ended && in.reader.Unended() {
		if wait := min(settling-time.Since(in.reader.Written()), settling); wait > 0 {
			_ = stop.Sleep(ctx, wait) // after an interruption no row is sent any more
		}
	}
	same, err := in.reader.Same(ended)
	switch {
	case err != nil:
		return err
	case same:
		return nil
	}
	return in.changedHalt()
}

func (in *Input) changedHalt() *stop.Halt {
	return &stop.Halt{
		Status: stop.Stopped,
		Why:    "the input changed while it was read: " + in.Path,
		Hint: "run the same command again; " +
			"have the export written under another name, and renamed when it is whole",
	}
}

// Count is the number of rows. If the format doesn't tell it, the input is read to its end beforehand
// by a reader of its own, once only.
func (in *Input) Count() (n int, err error) {
	if in.counts.ahead > 0 {
		return in.counts.ahead, nil
	}
	n, known := in.reader.Rows()
	if in.limit > 0 {
		n = min(n, in.limit)
	}
	if !known {
		n, err = in.countAhead()
	}
	if err == nil {
		in.counts.ahead = n
	}
	return n, err
}

// countAhead counts the rows by reading them.
func (in *Input) countAhead() (n int, err error) {
	reader, err := in.reader.Again()
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for (in.limit == 0 || n < in.limit) && reader.Next() {
		n++
	}
	return n, reader.Err()
}
