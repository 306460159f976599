// Package source reads the rows of CSV and XLSX files.
//
//	file ─► formats ─► packed, protected ─► formats ─► records ─┬─► Reader ─► Row
//	        by content  zip, gz, zst, OLE               of csv  │    header, blank rows,
//	                                                    of xlsx ┘    ragged rows
//
// Its rules:
//
//   - What a file is, its content says and not its name. What can't be read is
//     recognised too, and the error says what to do with it.
//   - A bad row is a row: it travels in the stream with its error, and the next one
//     follows. Err is for what ends the reading: a disk, a damaged archive.
//   - Never fewer rows in silence. What is found out about a whole file before its
//     first row (that a workbook is sound, which encoding a text has) is found out by
//     Open, and not a second time by Again.
//   - Cells are texts. Those of a row are as many as the header's, empty ones included.
//   - A temporary file has no name: it can't outlive the process, however that ends.
//
// To add a format, write a file that gives its rows as [records], as text.go and workbook.go do
// for the packages csv and xlsx, and put a line into the table of formats.go.
//
// Measured by BenchmarkCSV on two cores, a million rows of twelve columns, 324 MB:
// encoding/csv 0.64 s, this package 0.60 s and 18 MB at the peak, the detection of
// dialect and encoding included. Workbooks are measured in package xlsx.
package source

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"wolkvox-import/importer/internal/source/csv"
)

// Reader reads the rows of a file in their order. It is not safe for concurrent use,
// but for Progress and Again.
//
// A Reader owns the file that it reads until Close; one that Again made borrows it.
type Reader struct {
	original *original
	options  Options
	records  records
	header   header
	notes    []string
	row      Row
	cells    []string
	show     []int
	err      error
}

// Open opens a file and reads as much of it as is needed to know how to read it. Its
// errors are [*Error], of one line.
// The file is open until the reader is closed. If Open fails, nothing stays open.
func Open(path string, opt Options) (*Reader, error) {
	f, o, err := openFile(path)
	if err != nil {
		return nil, err
	}
	records, err := openFormat(f, opt)
	if err != nil {
		f.close()
		return nil, err
	}
	return begin(o, opt, records)
}

// TextHeader is the header of a CSV file, as it is read if nothing is known of the file;
// nil for all others.
// It has no error: who asks is looking for a hint, and finds none in a file that can't be read.
func TextHeader(path string) []string {
	f, o, err := openFile(path)
	if err != nil {
		return nil
	}
	records, err := openPlainText(f)
	if err != nil {
		f.close()
		return nil
	}
	r, err := begin(o, Options{}, records)
	if err != nil {
		return nil
	}
	defer r.Close()
	return r.Header()
}

// begin reads the records up to the header. It closes them if there is none.
func begin(o *original, opt Options, records records) (*Reader, error) {
	header, err := readHeader(records, o.path, opt.HeaderRow)
	if err != nil {
		records.close()
		return nil, err
	}
	// From here on a bad record can be told from the next good one by its number of cells.
	records.expect(len(header.names))
	notes := slices.Concat(records.notes(), header.notes)
	return &Reader{original: o, options: opt, records: records, header: header, notes: notes}, nil
}

// Again begins to read the same file from its start, in the same way, also if its name belongs
// to another one by now. What Open has found out is taken for granted: the file is not checked,
// unpacked or counted a second time. The new reader needs this one to stay open. Again may be
// called while another goroutine reads.
func (r *Reader) Again() (*Reader, error) {
	records, err := r.records.again()
	if err != nil {
		return nil, err
	}
	return begin(r.original, r.options, records)
}

// Header is the names of the columns, as they stand in the file.
func (r *Reader) Header() []string { return r.header.names }

// Notes are what a person should know of how the file is read, a line each.
func (r *Reader) Notes() []string { return r.notes }

// Progress tells how much of the file has been read, and of how much. It may be
// called while another goroutine reads.
func (r *Reader) Progress() (done, total int64) { return r.records.progress() }

// Rows is how many rows Next is going to read in all, if the format tells that before
// they are read: a workbook's check counts them, and a text's rows have to be read.
func (r *Reader) Rows() (n int, known bool) {
	n, known = r.records.rows()
	return max(n-r.header.above, 0), known
}

// Row is the last one that Next has read.
// Its slices are used again by Next.
func (r *Reader) Row() Row { return r.row }

// Err is what ended the reading; nil at the end of a whole file.
func (r *Reader) Err() error { return r.err }

// Unended tells whether the last row ends where the file does, without a line end: a file that
// is still being written may have only a part of it.
func (r *Reader) Unended() bool { return r.records.unended() }

// Close ends the reading.
// It closes the file too, unless Again lent it. Texts of cells stay good.
func (r *Reader) Close() error { return r.records.close() }

// Next reads the next row that isn't empty. It returns false at the end of the file,
// and on an error that ends it early.
func (r *Reader) Next() bool {
	for r.records.next() {
		if rec := r.records.record(); !rec.blank() {
			r.fit(rec)
			return true
		}
	}
	r.err = r.records.reason()
	return false
}

// fit makes a row of a record: as many cells as the header has.
func (r *Reader) fit(rec record) {
	surplus := rec.cells[min(len(rec.cells), len(r.header.names)):]
	r.row = Row{Number: rec.number, Flaws: rec.flaws, Err: rec.err}
	if i := slices.IndexFunc(surplus, func(cell string) bool { return cell != "" }); i >= 0 && rec.err == nil {
		const what = "the row has %d cells and the header %d; without a column is %q"
		r.row.Err = &RowError{
			Word:    TooManyCells,
			Message: fmt.Sprintf(what, len(rec.cells), len(r.header.names), csv.Excerpt(surplus[i])),
			Hint:    "a delimiter within a text needs quotes around that text",
			Column:  len(r.header.names) + i,
			surplus: slices.Clone(surplus),
		}
	}
	// A row in one cell has too few cells and would pass for a short one, with its key missing.
	if len(rec.cells) == 1 && r.row.Err == nil {
		r.row.Err = InOneCell(rec.cells[0], len(r.header.names))
	}
	r.cells = append(r.cells[:0], rec.cells[:len(rec.cells)-len(surplus)]...)
	// Sheets leave out empty cells at a row's end; in a CSV file that is worth a word.
	if rec.ragged {
		r.row.Missing = len(r.header.names) - len(r.cells)
	}
	for len(r.cells) < len(r.header.names) {
		r.cells = append(r.cells, "")
	}
	for _, column := range r.show {
		r.cells = append(r.cells, r.records.shown(column))
	}
	r.row.Cells = r.cells
}

// Show asks for more cells behind those of the header: what a sheet shows of these
// columns, which may be rounded or in another order. It has to be called before Next.
func (r *Reader) Show(columns []int) {
	r.show = columns
	r.records.show(columns)
}

// Digest returns the SHA-256 and the size of the file on the disk. It has to be called before
// the first row is read: it is what Same holds the file against.
func (r *Reader) Digest() (sum [sha256.Size]byte, size int64, err error) {
	if err := r.original.fix(); err != nil {
		return sum, 0, err
	}
	return r.original.sum, r.original.size, nil
}

// Same tells whether the file on the disk is still what it was when it was opened. If its
// size and time are as they were, its content is taken for the same, unless it is to be looked
// at thoroughly. What was read before a call that finds it the same was read from that file.
func (r *Reader) Same(thoroughly bool) (bool, error) { return r.original.same(thoroughly) }

// Written is when the file on the disk was last written.
func (r *Reader) Written() time.Time { return r.original.written }
