package account

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/source/spreadsheet"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// mostCompared bounds how many rows of a rejects file are held in memory, to be compared. A person
// mends hundreds of rows; larger files come from scripts, which keep cells as they are.
const mostCompared = 50_000

// respelled is what a spreadsheet has done to a column of a rejects file.
type respelled struct {
	rows     int
	row      int // of the first of them
	was, now string
}

// SayRespelled warns of cells of a rejects file that look as if a spreadsheet had changed them, and
// that were not to be mended. It needs the run that wrote the file to be the ledger's last one,
// and its input to be there as it was; otherwise nothing can be known, and nothing is said. It
// returns the file's keys, none if they are too many.
func (a *Account) SayRespelled(in *intake.Input, view ledger.View, log *slog.Logger) (keys map[string]bool) {
	mended := mendedRows(in)
	// The keys are wanted even if nothing can be compared: identity asks for them.
	keys = make(map[string]bool, len(mended))
	for key := range mended {
		keys[key] = true
	}
	if len(mended) == 0 {
		return keys
	}
	header := in.Header()
	changes := make([]respelled, len(header))
	for i := range a.Inputs {
		a.compareMended(header, view, i, mended, changes)
	}
	for column, c := range changes {
		if c.rows > 0 {
			log.Warn(fmt.Sprintf("%s: a spreadsheet has changed the column %q in %s: in row %d %q became %q; "+
				"to keep such cells, open the file by the spreadsheet's import of texts, with all columns as text",
				in.Path, header[column], say.Several(c.rows, "row"), c.row, c.was, c.now))
		}
	}
	return keys
}

// mendedRows are the rows of a rejects file by their import_key, without long texts, which are
// neither numbers nor dates; nil if they are too many.
func mendedRows(in *intake.Input) map[string]*intake.Row {
	const longest = 40
	again, err := in.Anew()
	if err != nil {
		return nil
	}
	defer again.Done()
	rows := map[string]*intake.Row{}
	for batch, err := range again.Batches(1) {
		if err != nil || len(rows)+len(batch) > mostCompared {
			return nil
		}
		for _, row := range batch {
			if row.Err != nil || again.ImportKey(row) == "" {
				continue
			}
			kept := &intake.Row{Number: row.Number, Cells: make([]string, len(row.Cells))}
			for i, cell := range row.Cells {
				if len(cell) <= longest {
					kept.Cells[i] = strings.Clone(cell) // it is a part of the whole row's text
				}
			}
			rows[strings.Clone(again.ImportKey(row))] = kept
		}
	}
	return rows
}

// compareMended holds the rows of an input of the last run against what a person made of them. What
// can't be compared any more is passed over: this is a warning, and no reason to stop.
func (a *Account) compareMended(
	header []string, view ledger.View, i int, mended map[string]*intake.Row, changes []respelled,
) {
	last := &a.Inputs[i]
	pairs := last.columns(header)
	c := &cells{rejects: last.Rejects}
	for o, err := range Outcomes(view, i) {
		if err != nil {
			return
		}
		now := mended[o.Key]
		if now == nil || o.Status != reports.Rejected && o.Status != reports.Invalid {
			continue
		}
		// The input is opened only when a row is to be compared: its digest reads all of it.
		if c.reader == nil {
			if c.reader, err = last.Reopen(); err != nil {
				return
			}
			defer c.reader.Close()
		}
		was, err := c.at(o.Row)
		if err != nil {
			return
		}
		for column, before := range pairs {
			if before < 0 || toBeMended(&o, header[column], was[before]) {
				continue
			}
			if spreadsheet.Changed(was[before], now.Cells[column]) {
				changes[column].add(now.Number, was[before], now.Cells[column])
			}
		}
	}
}

// add notes a changed cell; the first one stands as the example.
func (c *respelled) add(row int, was, now string) {
	if c.rows++; c.rows == 1 {
		c.row, c.was, c.now = row, was, now
	}
}

// columns are the numbers of a rejects file's columns in the input that it was made of; -1 is
// none.
func (in *Input) columns(header []string) []int {
	names := mapping.NewHeader(in.Header)
	numbers := make([]int, len(header))
	for i, name := range header {
		number, err := names.Find(name)
		if numbers[i] = number; err != nil || slices.Contains(reports.RejectColumns, name) {
			numbers[i] = -1
		}
	}
	return numbers
}

// toBeMended tells whether the row was refused for this cell: its column or its text is named. Such a
// cell is meant to become another one.
func toBeMended(o *reports.Outcome, column, text string) bool {
	names := []string{strconv.Quote(column), "." + column, strconv.Quote(text)}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(o.Message, name) })
}
