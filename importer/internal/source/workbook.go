package source

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"wolkvox-import/importer/internal/source/xlsx"
)

// workbook is the rows of a sheet.
type workbook struct {
	file  *file
	book  *xlsx.Book
	lines *xlsx.Rows

	sheet xlsx.Sheet
	found xlsx.Check // in the sheet, before its first row was used
	read  atomic.Int64
	lent  bool // the book belongs to other records
	flaws []Flaw
}

// openWorkbook finds the sheet and makes sure that it is sound before a row of it is
// read.
func openWorkbook(f *file, opt Options) (*Reader, error) {
	book, err := xlsx.Open(f, f.size, 0, f.temp()...)
	if err != nil {
		return nil, f.damaged(err)
	}
	r, err := readSheet(f, book, opt)
	if err != nil {
		book.Close()
		return nil, err
	}
	return r, nil
}

// damaged says once more, for people, what a workbook's reader has found.
func (f *file) damaged(err error) error {
	const hint = "nothing of it was read; open it in a spreadsheet program, look whether all is there and save it as a new file"
	if e, ok := errors.AsType[*xlsx.Error](err); ok {
		return &Error{Path: f.path, Sheet: e.Sheet, What: e.Reason(), Hint: hint, Err: err}
	}
	return &Error{Path: f.path, What: "the workbook is damaged: " + err.Error(), Hint: hint, Err: err}
}

func readSheet(f *file, book *xlsx.Book, opt Options) (*Reader, error) {
	sheet, found, err := chooseSheet(f, book, opt.Sheet)
	if err != nil {
		return nil, err
	}
	rows, err := book.Rows(sheet)
	if err != nil {
		return nil, f.damaged(err)
	}
	r := &Reader{records: &workbook{file: f, book: book, lines: rows, sheet: sheet, found: found}}
	if found.Hidden > 0 {
		r.notes = append(r.notes, fmt.Sprintf("sheet %q: %s that the sheet hides, by a filter or by hand; they are read like the others", sheet.Name, count(found.Hidden, "row")))
	}
	if err := r.readHeader(f.path, opt.HeaderRow); err != nil {
		rows.Close()
		return nil, err
	}
	return r, nil
}

// chooseSheet finds the sheet that is meant and checks it: the one that was named, or
// the only one with rows. Hidden sheets count where no visible one has rows.
func chooseSheet(f *file, book *xlsx.Book, name string) (xlsx.Sheet, xlsx.Check, error) {
	if name != "" {
		return namedSheet(f, book, name)
	}
	for _, hidden := range []bool{false, true} {
		sheets, checks, err := sheetsWithRows(f, book, hidden)
		switch {
		case err != nil:
			return xlsx.Sheet{}, xlsx.Check{}, err
		case len(sheets) == 1:
			return sheets[0], checks[0], nil
		case len(sheets) > 1:
			return xlsx.Sheet{}, xlsx.Check{}, f.error("several sheets have rows: "+listSheets(sheets, checks), "choose one by --sheet, or in the mapping: input: {sheet: "+sheets[0].Name+"}")
		}
	}
	return xlsx.Sheet{}, xlsx.Check{}, f.error("the workbook has no rows", "export it again")
}

func namedSheet(f *file, book *xlsx.Book, name string) (xlsx.Sheet, xlsx.Check, error) {
	var names []string
	for _, s := range book.Sheets {
		if strings.EqualFold(strings.TrimSpace(s.Name), strings.TrimSpace(name)) {
			check, err := book.Check(s)
			if err != nil {
				return s, check, f.damaged(err)
			}
			return s, check, nil
		}
		names = append(names, fmt.Sprintf("%q", s.Name))
	}
	return xlsx.Sheet{}, xlsx.Check{}, f.error(fmt.Sprintf("there is no sheet %q; there is %s", name, strings.Join(names, ", ")), "correct the sheet's name")
}

func sheetsWithRows(f *file, book *xlsx.Book, hidden bool) (sheets []xlsx.Sheet, checks []xlsx.Check, err error) {
	for _, s := range book.Sheets {
		if s.Hidden != hidden {
			continue
		}
		check, err := book.Check(s)
		if err != nil {
			return nil, nil, f.damaged(err)
		}
		if check.Rows > 0 {
			sheets, checks = append(sheets, s), append(checks, check)
		}
	}
	return sheets, checks, nil
}

func listSheets(sheets []xlsx.Sheet, checks []xlsx.Check) string {
	var list []string
	for i, s := range sheets {
		list = append(list, fmt.Sprintf("%q (%s)", s.Name, count(checks[i].Rows, "row")))
	}
	return strings.Join(list, ", ")
}

func (w *workbook) next() bool {
	if !w.lines.Next() {
		return false
	}
	w.read.Add(1)
	return true
}

func (w *workbook) record() record {
	w.flaws = w.flaws[:0]
	for _, f := range w.lines.Flaws() {
		w.flaws = append(w.flaws, Flaw(f))
	}
	return record{number: w.lines.Number(), cells: w.lines.Cells(), flaws: w.flaws}
}

func (w *workbook) shown(column int) string { return w.lines.Shown(column) }

// unended is never so: the end of a sheet is marked.
func (w *workbook) unended() bool { return false }

// reason holds the number of rows against that of the check: a file that changed in
// between must not pass for a shorter one.
func (w *workbook) reason() error {
	if err := w.lines.Err(); err != nil {
		return w.file.damaged(err)
	}
	if read := int(w.read.Load()); read != w.found.Rows {
		const what = "the file changed while it was read: it had %d rows, and now %d"
		return w.file.error(fmt.Sprintf(what, w.found.Rows, read), "run the same command again")
	}
	return nil
}

func (w *workbook) rows() (int, bool) { return w.found.Rows - w.found.Blank, true }

func (w *workbook) progress() (done, total int64) { return w.read.Load(), int64(w.found.Rows) }

// again reads the sheet a second time with the same check, shared texts and styles.
func (w *workbook) again() (records, error) {
	rows, err := w.book.Rows(w.sheet)
	if err != nil {
		return nil, w.file.damaged(err)
	}
	return &workbook{file: w.file, book: w.book, lines: rows, sheet: w.sheet, found: w.found, lent: true}, nil
}

func (w *workbook) close() error {
	w.lines.Close()
	if w.lent {
		return nil
	}
	w.book.Close()
	return w.file.close()
}
