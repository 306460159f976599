package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/source/spreadsheet"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// mostCompared bounds how many rows of a rejects file are held in memory, to be compared.
const mostCompared = 50_000

// respelled is what a spreadsheet has done to a column of a rejects file.
type respelled struct {
	rows     int
	row      int // of the first of them
	was, now string
}

// sayRespelled warns of cells of a rejects file that look as if a spreadsheet had changed them,
// and that were not to be mended. It needs the run that wrote the file to be the ledger's last
// one, and its input to be there as it was; else nothing can be known, and nothing is said.
func (r *run) sayRespelled(in *input) {
	mended := r.mendedRows(in)
	in.mended = make(map[string]bool, len(mended))
	for key := range mended {
		in.mended[key] = true
	}
	if len(mended) == 0 {
		return
	}
	changes := make([]respelled, len(in.header()))
	for i := range r.last.Inputs {
		r.compareMended(in, i, mended, changes)
	}
	for column, c := range changes {
		if c.rows > 0 {
			r.job.Log.Warn(fmt.Sprintf("%s: a spreadsheet has changed the column %q in %s: in row %d %q became %q; "+
				"to keep such cells, open the file by the spreadsheet's import of texts, with all columns as text",
				in.path, in.header()[column], several(c.rows, "row"), c.row, c.was, c.now))
		}
	}
}

// mendedRows are the rows of a rejects file by their import_key, without long texts, which are
// neither numbers nor dates; nil where they are too many.
func (r *run) mendedRows(in *input) map[string]*item {
	const longest = 40
	again, err := in.anew()
	if err != nil {
		return nil
	}
	defer again.reader.Close()
	rows := map[string]*item{}
	for batch, err := range again.batches(1) {
		if err != nil || len(rows)+len(batch) > mostCompared {
			return nil
		}
		for _, it := range batch {
			if it.err != nil || it.cells[in.keyed] == "" {
				continue
			}
			kept := &item{number: it.number, cells: slices.Clone(it.cells)}
			for i, cell := range kept.cells {
				if kept.cells[i] = ""; len(cell) <= longest {
					kept.cells[i] = strings.Clone(cell) // it is a part of the whole row's text
				}
			}
			rows[it.cells[in.keyed]] = kept
		}
	}
	return rows
}

// compareMended holds the rows of an input of the last run against what a person made of them.
func (r *run) compareMended(in *input, i int, mended map[string]*item, changes []respelled) {
	last := &r.last.Inputs[i]
	pairs := last.columns(in.header())
	cells := &cells{rejects: last.Rejects}
	for o, err := range outcomes(r.ledger, i) {
		now := mended[o.Key]
		if err != nil || now == nil || o.Status != reports.Rejected && o.Status != reports.Invalid {
			if err != nil {
				return
			}
			continue
		}
		if cells.reader == nil {
			if cells.reader, err = last.reopen(); err != nil {
				return
			}
			defer cells.reader.Close()
		}
		was, err := cells.at(o.Row)
		if err != nil {
			return
		}
		for column, before := range pairs {
			if before < 0 || toBeMended(&o, in.header()[column], was[before]) {
				continue
			}
			if spreadsheet.Changed(was[before], now.cells[column]) {
				changes[column].add(now.number, was[before], now.cells[column])
			}
		}
	}
}

func (c *respelled) add(row int, was, now string) {
	if c.rows++; c.rows == 1 {
		c.row, c.was, c.now = row, was, now
	}
}

// columns are the places of a rejects file's columns in the input that it was made of; -1 is
// none.
func (in *inputAccount) columns(header []string) []int {
	names := mapping.NewHeader(in.Header)
	places := make([]int, len(header))
	for i, name := range header {
		place, err := names.Find(name)
		if places[i] = place; err != nil || slices.Contains(reports.RejectColumns, name) {
			places[i] = -1
		}
	}
	return places
}

// toBeMended tells whether the row was refused for this cell: its column or its text is named.
func toBeMended(o *reports.Outcome, column, text string) bool {
	return slices.ContainsFunc([]string{strconv.Quote(column), "." + column, strconv.Quote(text)}, func(name string) bool {
		return strings.Contains(o.Message, name)
	})
}
