// Package sample looks at the first rows of an input, and at the files and folders beside it, and
// writes a first mapping of what it finds. What columns mean, package draft guesses; here is what
// needs files.
//
//	input ──► header row ──► Guess of each column ──► files' folder, lookup ──► a mapping
//
// Its rules:
//
//   - It writes one file, and never over another.
//   - A guess that may be wrong becomes a TODO in the mapping: nothing is sent with one.
//   - What can't be looked at beside the input is not there. Only the input itself must be readable.
//   - Paths in the mapping are from its folder, so that the two can be moved together.
package sample

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/mapping/draft"
)

// sampleRows bounds how much of an input Init looks at: some seconds' worth, and enough for a day above
// 12 or a rare status to turn up.
const sampleRows = 100_000

// Drafted is what Init wrote.
type Drafted struct {
	Path  string
	Rows  int // that were looked at
	Todos int // places that a person has to complete
}

// Init writes a first mapping for an input into the reading's Mapping, beside the input if that is
// "". It never overwrites a file. Its errors are *usage.Error if the person can mend them. When ctx
// ends, it returns the context's error and has written nothing.
func Init(ctx context.Context, reading intake.Reading) (Drafted, error) {
	if len(reading.Inputs) != 1 {
		return Drafted{}, usage.Errorf("init looks at one input")
	}
	input := reading.Inputs[0]
	out := Drafted{Path: reading.Mapping}
	if out.Path == "" {
		// tickets.csv.gz becomes tickets.yaml.
		name, _, _ := strings.Cut(filepath.Base(input), ".")
		out.Path = filepath.Join(filepath.Dir(input), name+".yaml")
	}
	// Asked early: looking at the input may take a while.
	if _, err := os.Lstat(out.Path); err == nil {
		return out, usage.Errorf("%s exists already, and is not overwritten; give another name by -m", out.Path)
	}
	comma, err := mapping.ParseDelimiter(reading.Delimiter)
	if err != nil {
		return out, usage.Of(err)
	}
	options := source.Options{
		Sheet:     reading.Sheet,
		Delimiter: comma,
		Encoding:  reading.Encoding,
		Password:  reading.Password,
	}
	header, err := findHeaderRow(input, options)
	if err != nil {
		return out, usage.Of(err)
	}
	options.HeaderRow = header
	first := draft.Draft{Input: filepath.Base(input), HeaderRow: header, Sheet: reading.Sheet}
	folder := filesFolder{dir: filepath.Dir(input), given: reading.Attachments}
	guess, err := guessColumns(ctx, input, options, folder.exists)
	if err != nil {
		return out, usage.Of(err)
	}
	out.Rows = guess.Rows()
	if first.Root, err = folder.root(filepath.Dir(out.Path)); err != nil {
		return out, err
	}
	// Without a key nothing beside the input can be tied to its rows.
	if key := guess.KeyColumn(); key != "" {
		// Cells that name files say more than folders do.
		if !guess.HasFileColumn() {
			first.Root, first.Glob, err = folder.perKey(ctx, input, options, key, filepath.Dir(out.Path))
		}
		if err == nil {
			first.Lookup, err = findLookup(ctx, input, options, key, filepath.Dir(out.Path))
		}
		if err != nil {
			return out, err
		}
	}
	text, todos := first.Write(guess)
	out.Todos = todos
	return out, create(out.Path, text)
}

// create writes a file that must not exist, even if another program has made it since it was looked
// for.
func create(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return usage.Errorf("the mapping can't be written: %w", err)
	}
	return nil
}
