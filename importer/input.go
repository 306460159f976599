package importer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// batchRows is how many rows travel together from the reader to the ledger.
const batchRows = 256

// input is one open input, tied to the mapping.
type input struct {
	number  int // within the run
	path    string
	source  reports.Source
	options source.Options
	reader  *source.Reader
	program *mapping.Program
	keys    *mapping.Key    // of its own: the reader is ahead of the rows that program has
	rejects bool            // it has the columns of a rejects file
	mended  map[string]bool // the keys of such a file; nil if they are too many
	keyed   int             // column of import_key in it
	why     int             // column of import_error in it
	columns []columnSet
	out     string // folder of its reports
	limit   int
	read    int // rows so far
	counted int // rows, as the forecast has found them; 0 is not known
	short   int // of them, with fewer cells than the header
}

// item is one row on its way to a decision.
type item struct {
	number  int
	cells   []string
	err     *source.RowError
	flaws   []source.Flaw
	key     string
	problem *mapping.Problem // why it has no key
	given   bool             // the key is a rejects file's import_key
	known   knowledge
}

// openInput opens an input and compiles the mapping against its header.
func (p *plan) openInput(number int, path string) (*input, error) {
	in := &input{number: number, path: path, limit: p.job.Limit}
	if err := in.open(p); err != nil {
		return nil, err
	}
	for _, note := range in.reader.Notes() {
		p.job.Log.Info(note, "file", path)
	}
	var err error
	options := mapping.Options{Attachments: p.job.Attachments, When: p.job.When}
	if in.source, err = in.digest(); err == nil {
		in.program, err = p.mapping.Compile(in.header(), options)
	}
	if err == nil {
		if in.keys, err = p.mapping.CompileKey(in.header()); err != nil {
			in.program.Close()
		}
	}
	if err != nil {
		in.reader.Close()
		return nil, err
	}
	in.reader.Show(in.program.Shown())
	return in, nil
}

// open reads the header. An input with a rejects file's columns was written by us and
// is read as we write it, whatever the mapping says of its own inputs.
func (in *input) open(p *plan) (err error) {
	says := p.mapping.Input
	in.options = source.Options{Sheet: cmp.Or(p.job.Sheet, says.Sheet), HeaderRow: says.HeaderRow, Delimiter: cmp.Or(p.comma, says.Delimiter), Encoding: cmp.Or(p.job.Encoding, says.Encoding), Password: p.job.Password}
	plain := source.TextHeader(in.path)
	if err := in.inOneCell(plain); err != nil {
		return err
	}
	if in.isRejects(plain) {
		in.options = source.Options{}
	}
	if in.reader, err = source.Open(in.path, in.options); err != nil {
		return err
	}
	if err := in.inOneCell(in.reader.Header()); err != nil {
		in.reader.Close()
		return err
	}
	in.rejects = in.isRejects(in.reader.Header())
	return nil
}

// anew is the same input, to be read from its beginning by a reader of its own.
func (in *input) anew() (*input, error) {
	again := *in
	var err error
	if again.reader, err = in.reader.Again(); err != nil {
		return nil, err
	}
	again.reader.Show(in.program.Shown())
	return &again, nil
}

func (in *input) isRejects(names []string) bool {
	header := mapping.NewHeader(names)
	for _, name := range reports.RejectColumns {
		if _, err := header.Find(name); err != nil {
			return false
		}
	}
	in.keyed, _ = header.Find(reports.RejectColumns[0])
	in.why, _ = header.Find(reports.RejectColumns[2])
	return true
}

// inOneCell recognises a rejects file of which a spreadsheet has put each line into one cell:
// none of its rows would be known again.
func (in *input) inOneCell(header []string) error {
	for _, name := range header {
		name = strings.ReplaceAll(name, `"`, "")
		for _, delimiter := range []string{",", ";", "\t", "|"} {
			if strings.Contains(name, strings.Join(reports.RejectColumns, delimiter)) {
				return &source.Error{Path: in.path, What: "it is a rejects file, and each of its lines lies in one cell as a whole",
					Hint: fmt.Sprintf("open the file as it was written by the spreadsheet's import of texts, with %q as the delimiter and all columns as text; mend it there, and save it", delimiter)}
			}
		}
	}
	return nil
}

// header returns the input's column names, as they were before a rejects file
// defused them.
func (in *input) header() []string {
	if !in.rejects {
		return in.reader.Header()
	}
	header := slices.Clone(in.reader.Header())
	undefuse(header)
	return header
}

func undefuse(cells []string) {
	for i := range cells {
		cells[i] = reports.Undefuse(cells[i])
	}
}

// digest fingerprints the input through the handle that its rows are read by.
func (in *input) digest() (reports.Source, error) {
	sum, size, err := in.reader.Digest()
	return reports.Source{Path: in.path, SHA256: hex.EncodeToString(sum[:]), Bytes: size}, err
}

// whole reads the input as batches does, and holds the file against what it was at the start:
// before each batch by its size and time, before the last one by its content too. Where it has
// changed, the batch comes with a *Halt, and what is left of the file without further looks.
func (in *input) whole(ctx context.Context, ring int) iter.Seq2[[]*item, error] {
	return func(yield func([]*item, error) bool) {
		ended, changed := false, error(nil)
		for batch, err := range in.batches(ring) {
			if changed == nil && !ended {
				ended = err != nil || len(batch) < batchRows
				if changed = in.changed(ctx, ended); changed != nil {
					err = changed
				}
			}
			if !yield(batch, err) {
				return
			}
		}
		if changed != nil || ended {
			return
		}
		if changed = in.changed(ctx, true); changed != nil {
			yield(nil, changed)
		}
	}
}

// quiet is how long a file has to be left alone before a row that ends with it, without a line
// end, is taken for a whole one.
const quiet = 2 * time.Second

// changed tells whether the file is not what it was any more, as a *Halt. It looks at the
// content where the input has come to its end.
func (in *input) changed(ctx context.Context, ended bool) error {
	if ended && in.reader.Unended() {
		if wait := min(quiet-time.Since(in.reader.Written()), quiet); wait > 0 {
			_ = sleep(ctx, wait) // who interrupts the run sends no row any more
		}
	}
	same, err := in.reader.Same(ended)
	switch {
	case err != nil:
		return err
	case same:
		return nil
	}
	return changedInput(in.path)
}

func changedInput(path string) *Halt {
	return &Halt{StatusStopped, "the input changed while it was read: " + path, "run the same command again; have the export written under another name, and renamed when it is whole"}
}

// batches reads the input. A batch and its items are good until as many more have been
// read as ring says.
func (in *input) batches(ring int) iter.Seq2[[]*item, error] {
	return func(yield func([]*item, error) bool) {
		items := make([]*item, ring*batchRows)
		for i := range items {
			items[i] = new(item)
		}
		for turn, n := 0, 1; n > 0; turn++ {
			batch := items[turn%ring*batchRows:][:batchRows]
			n = 0
			for n < len(batch) && in.next(batch[n]) {
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

// next reads one row into it.
func (in *input) next(it *item) bool {
	if in.limit > 0 && in.read == in.limit || !in.reader.Next() {
		return false
	}
	in.read++
	row := in.reader.Row()
	*it = item{number: row.Number, cells: append(it.cells[:0], row.Cells...), err: row.Err, flaws: append(it.flaws[:0], row.Flaws...)}
	if in.rejects {
		if undefuse(it.cells); it.err == nil {
			it.err = in.damaged(row)
		}
	}
	if row.Missing > 0 && it.err == nil {
		in.short++
	}
	return true
}

// flawed lists the cells that the mapping needs and that have no text.
func (in *input) flawed(it *item) (problems []mapping.Problem) {
	if len(it.flaws) == 0 {
		return nil
	}
	for _, f := range it.flaws {
		if slices.Contains(in.program.Used(), f.Column) {
			name := in.reader.Header()[f.Column]
			problems = append(problems, mapping.Problem{Field: name, Error: "no_value", Message: fmt.Sprintf("the column %q has no value: %s", name, f.What),
				Hint: "correct the cell in the spreadsheet program and save the file"})
		}
	}
	return problems
}

func (in *input) close() {
	in.reader.Close()
	in.program.Close()
}

// digest fingerprints a file, so that a report that is written later can tell whether
// it is still the same.
func digest(path string) (reports.Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return reports.Source{}, err
	}
	defer file.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, file)
	if err != nil {
		return reports.Source{}, fmt.Errorf("%s: %w", path, err)
	}
	return reports.Source{Path: path, SHA256: hex.EncodeToString(hash.Sum(nil)), Bytes: n}, nil
}

// namesJSON is how the ledger knows a set of columns.
func namesJSON(names []string) string {
	text, err := json.Marshal(names)
	if err != nil {
		panic(err) // a list of texts always becomes JSON
	}
	return string(text)
}
