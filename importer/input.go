package importer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

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
	rejects bool // it has the columns of a rejects file
	keyed   int  // column of import_key in it
	why     int  // column of import_error in it
	columns []columnSet
	out     string // folder of its reports
	limit   int
	read    int // rows so far
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
	if in.source, err = digest(path); err == nil {
		in.program, err = p.mapping.Compile(in.header(), mapping.Options{Attachments: p.job.Attachments, When: p.job.When})
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
	if in.isRejects(source.TextHeader(in.path)) {
		in.options = source.Options{}
	}
	if in.reader, err = source.Open(in.path, in.options); err != nil {
		return err
	}
	in.rejects = in.isRejects(in.reader.Header())
	return nil
}

// anew is the same input, to be read from its beginning by a reader of its own.
func (in *input) anew() (*input, error) {
	again := *in
	var err error
	if again.reader, err = source.Open(in.path, in.options); err != nil {
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
	if row.Missing > 0 {
		in.short++
	}
	*it = item{number: row.Number, cells: append(it.cells[:0], row.Cells...), err: row.Err, flaws: append(it.flaws[:0], row.Flaws...)}
	if in.rejects {
		undefuse(it.cells)
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
