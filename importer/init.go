package importer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/mapping/draft"
)

// sampleRows bounds how much of an input Init looks at.
const sampleRows = 100_000

// Drafted is what Init wrote.
type Drafted struct {
	Path  string
	Rows  int // that were looked at
	Todos int // places that a person has to complete
}

// Init writes a first mapping for an input into the job's Mapping, beside the input where
// that is "". It never overwrites a file.
func Init(ctx context.Context, job Job) (Drafted, error) {
	if len(job.Inputs) != 1 {
		return Drafted{}, usage("init looks at one input")
	}
	input := job.Inputs[0]
	out := Drafted{Path: job.Mapping}
	if out.Path == "" {
		name, _, _ := strings.Cut(filepath.Base(input), ".")
		out.Path = filepath.Join(filepath.Dir(input), name+".yaml")
	}
	if _, err := os.Lstat(out.Path); err == nil {
		return out, usage("%s exists already, and is not overwritten; give another name by -m", out.Path)
	}
	comma, err := mapping.ParseDelimiter(job.Delimiter)
	if err != nil {
		return out, &UsageError{err}
	}
	options := source.Options{Sheet: job.Sheet, Delimiter: comma, Encoding: job.Encoding, Password: job.Password}
	header, err := findHeaderRow(input, options)
	if err != nil {
		return out, &UsageError{err}
	}
	options.HeaderRow = header
	draft := draft.Draft{Input: filepath.Base(input), HeaderRow: header, Sheet: job.Sheet}
	folder := filesFolder{dir: filepath.Dir(input), given: job.Attachments}
	guess, err := look(ctx, input, options, folder.exists)
	if err != nil {
		return out, &UsageError{err}
	}
	out.Rows = guess.Rows()
	if draft.Root, err = folder.root(filepath.Dir(out.Path)); err != nil {
		return out, err
	}
	if key := guess.KeyColumn(); key != "" {
		if !guess.HasFileColumn() {
			draft.Root, draft.Glob, err = folder.perKey(ctx, input, options, key, filepath.Dir(out.Path))
		}
		if err == nil {
			draft.Lookup, err = findLookup(ctx, input, options, key, filepath.Dir(out.Path))
		}
		if err != nil {
			return out, err
		}
	}
	text, todos := draft.Write(guess)
	out.Todos = todos
	return out, create(out.Path, text)
}

// create writes a file that must not exist.
func create(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return usage("the mapping can't be written: %w", err)
	}
	return nil
}

// findHeaderRow finds the row that names the columns, where a title and empty rows stand
// above it: the first with the most names. It is 0 where that is the first row with
// anything in it.
func findHeaderRow(path string, options source.Options) (int, error) {
	best, most, first := 0, 0, 0
	for row := 1; row <= 12; row++ {
		options.HeaderRow = row
		r, err := source.Open(path, options)
		if err != nil {
			if row == 1 {
				plain := options
				plain.HeaderRow = 0 // an empty first row is no error of the file
				if r, again := source.Open(path, plain); again != nil {
					return 0, again
				} else {
					r.Close()
				}
			}
			continue
		}
		names := 0
		for _, name := range r.Header() {
			if strings.TrimSpace(name) != "" {
				names++
			}
		}
		r.Close()
		if first == 0 {
			first = row
		}
		if names > most {
			best, most = row, names
		}
	}
	if best == first {
		return 0, nil
	}
	return best, nil
}

// look feeds the first rows of a file to a Guess.
func look(ctx context.Context, path string, options source.Options, exists func(string) bool) (*draft.Guess, error) {
	r, err := source.Open(path, options)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	guess := draft.NewGuess(r.Header(), exists)
	for guess.Rows() < sampleRows && r.Next() {
		if row := r.Row(); row.Err == nil {
			guess.Add(row.Cells)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return guess, r.Err()
}

// filesFolder finds the folder in which the files are that cells name.
type filesFolder struct {
	dir, given string
	found      string
	candidates []string
}

func (f *filesFolder) folders() []string {
	if f.candidates != nil {
		return f.candidates
	}
	if f.given != "" {
		f.candidates = []string{f.given}
		return f.candidates
	}
	entries, _ := os.ReadDir(f.dir) // a folder that can't be read has no candidates
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".check") && !strings.HasSuffix(e.Name(), ".import") {
			f.candidates = append(f.candidates, filepath.Join(f.dir, e.Name()))
		}
	}
	f.candidates = append(f.candidates, f.dir)
	return f.candidates
}

func (f *filesFolder) exists(name string) bool {
	if !fs.ValidPath(name) || name == "." {
		return false
	}
	for _, dir := range append([]string{f.found}, f.folders()...) {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
			f.found = dir
			return true
		}
	}
	return false
}

// root is the folder, from the mapping's.
func (f *filesFolder) root(base string) (string, error) {
	if f.found == "" {
		return "", nil
	}
	return fromFolder(base, f.found)
}

func fromFolder(base, dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if base, err = filepath.Abs(base); err != nil {
		return "", err
	}
	if relative, err := filepath.Rel(base, absolute); err == nil {
		return filepath.ToSlash(relative), nil
	}
	return filepath.ToSlash(absolute), nil
}

// perKey finds out whether there is a folder for each row, named by its key.
func (f *filesFolder) perKey(ctx context.Context, input string, options source.Options, key, base string) (root, glob string, err error) {
	values, err := columnValues(ctx, input, options, key)
	if err != nil {
		return "", "", err
	}
	for _, dir := range f.folders() {
		hits := 0
		for _, v := range values {
			if info, err := os.Stat(filepath.Join(dir, filepath.Base(v))); err == nil && info.IsDir() {
				hits++
			}
		}
		if hits > 0 {
			root, err = fromFolder(base, dir)
			return root, "{{" + key + "}}/**", err
		}
	}
	return "", "", nil
}

// columnValues are the first values of a column.
func columnValues(ctx context.Context, path string, options source.Options, name string) ([]string, error) {
	r, err := source.Open(path, options)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	column, err := mapping.NewHeader(r.Header()).Find(name)
	if err != nil {
		return nil, err
	}
	var values []string
	for len(values) < 500 && r.Next() && ctx.Err() == nil {
		if row := r.Row(); row.Err == nil && strings.TrimSpace(row.Cells[column]) != "" {
			values = append(values, strings.TrimSpace(row.Cells[column]))
		}
	}
	return values, r.Err()
}

// findLookup looks beside the input for a file whose rows belong to the input's: one
// with a column of the key's values.
func findLookup(ctx context.Context, input string, options source.Options, key, base string) (*draft.Lookup, error) {
	entries, err := os.ReadDir(filepath.Dir(input))
	if err != nil {
		return nil, nil // then there is nothing to find
	}
	keys, err := columnValues(ctx, input, options, key)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if e.IsDir() || e.Name() == filepath.Base(input) || ext != ".csv" && ext != ".xlsx" {
			continue
		}
		path := filepath.Join(filepath.Dir(input), e.Name())
		if l := lookupIn(ctx, path, keys, key); l != nil {
			l.File, err = fromFolder(base, path)
			return l, err
		}
	}
	return nil, nil
}

// lookupIn proposes a lookup in a file, or nil. A file with one row for each key is a
// copy of the input and not what belongs to it.
func lookupIn(ctx context.Context, path string, keys []string, key string) *draft.Lookup {
	guess, err := look(ctx, path, source.Options{}, nil)
	if err != nil {
		return nil
	}
	column := guess.ColumnOf(keys)
	if column == "" || guess.KeyColumn() == column {
		return nil
	}
	each := guess.LineOf(column)
	if each == "" {
		return nil
	}
	return &draft.Lookup{Column: column, On: key, Each: each}
}
