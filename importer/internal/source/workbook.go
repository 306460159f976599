package source

import (
	"fmt"
	"sync/atomic"

	"wolkvox-import/importer/internal/source/xlsx"
)

// workbook is the records of a sheet.
type workbook struct {
	file *file
	book *xlsx.Book
	*xlsx.Rows
	sheet xlsx.Sheet
	found xlsx.Check // in the sheet, before its first row was used
	read  atomic.Int64
	lent  bool // the book and the file belong to other records
	flaws []Flaw
}

// openWorkbook finds the sheet and makes sure that it is sound before a row of it is
// read.
func openWorkbook(f *file, opt Options) (records, error) {
	book, err := xlsx.Open(f, f.size, 0, f.temp()...)
	if err != nil {
		return nil, damaged(f, err)
	}
	w, err := openSheet(f, book, opt.Sheet)
	if err != nil {
		book.Close()
		return nil, err
	}
	return w, nil
}

// openSheet begins to read the sheet that is meant, which has been checked to its end by then.
func openSheet(f *file, book *xlsx.Book, name string) (*workbook, error) {
	sheet, found, err := chooseSheet(f, book, name)
	if err != nil {
		return nil, err
	}
	rows, err := book.Rows(sheet)
	if err != nil {
		return nil, damaged(f, err)
	}
	return &workbook{file: f, book: book, Rows: rows, sheet: sheet, found: found}, nil
}

// next counts the rows, by which reason finds a file that changed in between.
func (w *workbook) next() bool {
	if !w.Next() {
		return false
	}
	w.read.Add(1)
	return true
}

// record passes the flaws on in the types of this package. No row has an error of its own: what is
// wrong with the XML of a sheet ends the reading.
func (w *workbook) record() record {
	w.flaws = w.flaws[:0]
	for _, f := range w.Flaws() {
		w.flaws = append(w.flaws, Flaw(f))
	}
	return record{number: w.Number(), cells: w.Cells(), flaws: w.flaws}
}

// expect has nothing to do: where a row ends, the sheet says.
func (w *workbook) expect(int) {}

func (w *workbook) show(columns []int) { w.Show(columns) }

func (w *workbook) shown(column int) string { return w.Shown(column) }

// unended is never so: the end of a sheet is marked.
func (w *workbook) unended() bool { return false }

// notes say how many rows nobody sees in the spreadsheet program. They may be left out on purpose, or
// be forgotten under a filter: only a person knows.
func (w *workbook) notes() []string {
	if w.found.Hidden == 0 {
		return nil
	}
	const note = "sheet %q: %s that the sheet hides, by a filter or by hand; they are read like the others"
	return []string{fmt.Sprintf(note, w.sheet.Name, count(w.found.Hidden, "row"))}
}

// rows is what the check has counted, without the rows that [Reader.Next] passes over.
func (w *workbook) rows() (int, bool) { return w.found.Rows - w.found.Blank, true }

func (w *workbook) progress() (done, total int64) { return w.read.Load(), int64(w.found.Rows) }

// again reads the sheet a second time with the same check, shared texts and styles.
func (w *workbook) again() (records, error) {
	rows, err := w.book.Rows(w.sheet)
	if err != nil {
		return nil, damaged(w.file, err)
	}
	return &workbook{file: w.file, book: w.book, Rows: rows, sheet: w.sheet, found: w.found, lent: true}, nil
}

// reason holds the number of rows against that of the check: a file that changed in
// between must not pass for a shorter one.
func (w *workbook) reason() error {
	if err := w.Err(); err != nil {
		return damaged(w.file, err)
	}
	if read := int(w.read.Load()); read != w.found.Rows {
		const what = "the file changed while it was read: it had %d rows, and now %d"
		return w.file.error(fmt.Sprintf(what, w.found.Rows, read), "run the same command again")
	}
	return nil
}

// close ends the rows, and the book with its temporary file unless those are lent.
func (w *workbook) close() error {
	w.Close()
	if w.lent {
		return nil
	}
	w.book.Close()
	return w.file.close()
}
