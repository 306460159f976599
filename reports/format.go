package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A format turns a table into the bytes of a file.
type format struct {
	name string // and the ending of its files
	new  func(w io.Writer, header []string) (encoder, error)
}

// An encoder writes the rows of one table. It owns no file: close writes what is still
// missing and leaves the writer open.
type encoder interface {
	row(cells []cell) error
	close() error
}

// formats of results. A new one is a file beside this one and a line here.
var formats = []format{
	{"csv", newCSV},
	{"jsonl", newJSONL},
	{"xlsx", newXLSX},
}

// plain is what the other tables are written in, so that they can be imported again.
var plain = formats[0]

// byDefault are the formats of results where none is asked for.
var byDefault = []string{"csv", "xlsx"}

// Formats names what results can be written in.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// CheckFormats says which of the names is no format.
func CheckFormats(names []string) error {
	for _, name := range names {
		if !slices.Contains(Formats(), name) {
			return fmt.Errorf("unknown format %q: the known ones are %s", name, strings.Join(Formats(), ", "))
		}
	}
	return nil
}

// choose gives each format that is named once, however often it is.
func choose(names []string) ([]format, error) {
	if err := CheckFormats(names); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = byDefault
	}
	var chosen []format
	for _, f := range formats {
		if slices.Contains(names, f.name) {
			chosen = append(chosen, f)
		}
	}
	return chosen, nil
}
