package intake

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Input is one open input, tied to the mapping. It is read by one goroutine, which also finds the
// keys; another one may make the cases.
//
// It has two programs because of that. A compiled mapping is for one goroutine at a time: it holds
// the row that it works on, and a lookup's open query. The reader needs the keys of a batch to ask
// the ledger for them while the batches before it are still being decided about. With one program
// for both, a key could be made of another row's lines.
type Input struct {
	Number  int            // within the job, from 0
	Path    string         // as it was given
	Out     string         // folder of its reports
	Source  reports.Source // what it was when it was opened
	Options source.Options // by which it can be opened again

	reader  *source.Reader
	program *mapping.Program // makes cases
	keys    *mapping.Key     // makes keys, ahead of the cases
	rejects *rejectColumns   // nil if this is no rejects file
	limit   int              // of rows; 0 is none
	counts  counts
}

// counts are of an input's rows. Only the goroutine that reads changes them; others may look at them
// when it has ended.
type counts struct {
	read  int // so far
	short int // of those, with fewer cells than the header
	ahead int // all, as they were counted beforehand; 0 is not known
}

// openInput opens an input and compiles the mapping against its header. The command goes over the
// mapping, which may be for many inputs. If it fails, nothing is left open.
func openInput(n int, path string, comma rune, r Reading, m *mapping.Mapping, log *slog.Logger) (*Input, error) {
	in := &Input{Number: n, Path: path, limit: r.Limit}
	in.Options = source.Options{
		Sheet:     cmp.Or(r.Sheet, m.Input.Sheet),
		HeaderRow: m.Input.HeaderRow,
		Delimiter: cmp.Or(comma, m.Input.Delimiter),
		Encoding:  cmp.Or(r.Encoding, m.Input.Encoding),
		Password:  r.Password,
	}
	if err := in.open(); err != nil {
		return nil, err
	}
	if err := in.compile(m, mapping.Options{Attachments: r.Attachments, When: r.When}); err != nil {
		in.Close()
		return nil, err
	}
	for _, note := range in.reader.Notes() {
		log.Info(note, "file", path)
	}
	in.reader.Show(in.program.Shown())
	return in, nil
}

// open reads the header. A rejects file is read as it was written, whatever the mapping says of
// its own inputs.
func (in *Input) open() (err error) {
	// The first look takes the file for what this program writes, so that the mapping's delimiter or
	// header row can't hide a rejects file.
	plain := source.TextHeader(in.Path)
	if err := inOneCell(in.Path, plain); err != nil {
		return err
	}
	if findRejectColumns(plain) != nil {
		in.Options = source.Options{}
	}
	if in.reader, err = source.Open(in.Path, in.Options); err != nil {
		return err
	}
	if err := inOneCell(in.Path, in.reader.Header()); err != nil {
		in.reader.Close()
		return err
	}
	in.rejects = findRejectColumns(in.reader.Header())
	return nil
}

// compile makes both programs, and takes the fingerprint that the reports are held against later.
// The caller closes what was made if it fails.
func (in *Input) compile(m *mapping.Mapping, options mapping.Options) error {
	sum, size, err := in.reader.Digest()
	if err != nil {
		return err
	}
	in.Source = reports.Source{Path: in.Path, SHA256: hex.EncodeToString(sum[:]), Bytes: size}
	if in.program, err = m.Compile(in.Header(), options); err != nil {
		return err
	}
	in.keys, err = m.CompileKey(in.Header())
	return err
}

// Anew is the same input, to be read from its beginning by a reader of its own: what must be known
// of all rows before the first is sent is found by such a pass. The caller calls Done on it instead
// of Close, since the programs stay this one's. So the two must not be used at the same time.
func (in *Input) Anew() (*Input, error) {
	again := *in
	again.counts = counts{}
	var err error
	if again.reader, err = in.reader.Again(); err != nil {
		return nil, err
	}
	again.reader.Show(in.program.Shown())
	return &again, nil
}

// Reopen reads the rows anew, through the handle that they were read by, if the file is still what
// it was: rejects.csv shows the person's cells, and must not show those of tomorrow's export. The
// caller closes the reader.
func (in *Input) Reopen() (*source.Reader, error) {
	same, err := in.reader.Same(true)
	if err == nil && !same {
		err = Gone(in.Path)
	}
	if err != nil {
		return nil, err
	}
	return in.reader.Again()
}

// Gone is why an input's rows can't be shown once more.
func Gone(path string) error { return fmt.Errorf("the input %s is not there any more as it was", path) }

// Done ends the reading of what Anew has opened.
func (in *Input) Done() { in.reader.Close() }

// Close releases the file and the programs.
func (in *Input) Close() {
	in.reader.Close()
	if in.program != nil {
		in.program.Close()
	}
}

// Header is the input's column names, as they were before a rejects file defused them.
func (in *Input) Header() []string {
	if in.rejects == nil {
		return in.reader.Header()
	}
	header := slices.Clone(in.reader.Header())
	undefuse(header)
	return header
}

// Written is the input's column names as the file has them.
func (in *Input) Written() []string { return in.reader.Header() }

// Program makes cases of the input's rows. It is for one goroutine at a time.
func (in *Input) Program() *mapping.Program { return in.program }

// Read is the number of rows that were read so far.
func (in *Input) Read() int { return in.counts.read }

// Unread takes rows back that were read and are not accounted for: rows read and outcomes must add
// up, or the summary says that something was lost.
func (in *Input) Unread(n int) { in.counts.read -= n }

// SayShort tells of rows whose missing cells were taken for empty.
func (in *Input) SayShort(log *slog.Logger) {
	if in.counts.short > 0 {
		log.Info(fmt.Sprintf("rows with fewer cells than the header: %d; the cells that they lack were taken for empty",
			in.counts.short), "file", in.Path)
	}
}

// FindKey finds the row's key. That of a rejects file goes over the mapping's: the row was known by
// it when it was refused, and mending a cell that the key is made of must not make another row of
// it. A row with too many cells has a key too, since its first cells are where they belong.
func (in *Input) FindKey(row *Row) {
	switch {
	case row.Err != nil && row.Err.Word != source.TooManyCells:
	case in.rejects != nil && strings.TrimSpace(row.Cells[in.rejects.key]) != "":
		row.Key, row.Given = row.Cells[in.rejects.key], true
	case in.keys.Exists():
		row.Key, row.Problem = in.keys.Of(row.Cells)
	}
}

// Case is what the mapping makes of a row. The case is good if it is wanted and has no problems.
func (in *Input) Case(row *Row) (c mapping.Case, wanted bool, problems []mapping.Problem) {
	if problems := in.flawed(row); len(problems) > 0 {
		return c, false, problems
	}
	wanted, problem := in.program.Wants(row.Cells)
	if problem != nil {
		return c, false, []mapping.Problem{*problem}
	}
	if wanted {
		c, problems = in.program.Apply(row.Cells, row.Key)
	}
	return c, wanted, problems
}

// Unreadable lists what is wrong with a row that can't be read or has no key; nil if it is good. A
// key that is empty for want of a formula's result is said after the formula: that is its cause.
func (in *Input) Unreadable(row *Row) []mapping.Problem {
	switch {
	case row.Err != nil:
		return []mapping.Problem{{Field: "row", Error: row.Err.Word, Message: row.Err.Message, Hint: row.Err.Hint}}
	case row.Problem != nil:
		return append(in.flawed(row), *row.Problem)
	}
	return nil
}

// flawed lists the cells that the mapping needs and that have no text, such as failed formulas. They
// would pass for empty ones. Columns that the mapping leaves alone may fail as they like.
func (in *Input) flawed(row *Row) (problems []mapping.Problem) {
	for _, f := range row.Flaws {
		if slices.Contains(in.program.Used(), f.Column) {
			name := in.reader.Header()[f.Column]
			problems = append(problems, mapping.Problem{
				Field:   name,
				Error:   "no_value",
				Message: fmt.Sprintf("the column %q has no value: %s", name, f.What),
				Hint:    "correct the cell in the spreadsheet program and save the file",
			})
		}
	}
	return problems
}

// DigestFile fingerprints a file, so that a report that is written later can tell whether it is
// still the same.
func DigestFile(path string) (reports.Source, error) {
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
