package sample

import (
	"context"
	"strings"

	"wolkvox-import/importer/internal/source"
	"wolkvox-import/mapping"
	"wolkvox-import/mapping/draft"
)

// findHeaderRow finds the row that names the columns if a title and empty rows stand above it: it
// is the first of those with the most names. It is 0, as mappings leave it out, if that is the
// first row with anything in it. A file that can't be opened at all is an error.
func findHeaderRow(path string, options source.Options) (int, error) {
	// Twelve rows are enough for a title, a logo's empty rows and a date.
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
		// The first row that can be a header is what a mapping without header_row means.
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

// guessColumns feeds the first rows of a file to a Guess, without those that can't be read. exists tells
// whether a cell names a file; nil is never.
func guessColumns(
	ctx context.Context, path string, options source.Options, exists func(string) bool,
) (*draft.Guess, error) {
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

// columnValues are the first values of a column, without blanks: as many as make a coincidence
// unlikely.
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
