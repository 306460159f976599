package sample

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping/draft"
)

// findLookup looks beside the input for a file whose rows belong to the input's: one
// with a column of the key's values. The first in the order of names is taken. It is nil if there is
// none.
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
	guess, err := guessColumns(ctx, path, source.Options{}, nil)
	if err != nil {
		return nil
	}
	column := guess.ColumnOf(keys)
	// Its rows must belong to several of one key, or the column would be its own key.
	if column == "" || guess.KeyColumn() == column {
		return nil
	}
	each := guess.LineOf(column)
	if each == "" {
		return nil
	}
	return &draft.Lookup{Column: column, On: key, Each: each}
}
