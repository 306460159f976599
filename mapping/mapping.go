// Package mapping is the language that turns the columns of a spreadsheet into
// the fields of a case.
//
// A mapping file is loaded, compiled against the header of one input, and then
// applied to each of its rows:
//
//	tickets.yaml ──Load──► Mapping ──Compile(header)──► Program ──Apply(cells)──► Case
//	                          │                            │
//	                          └──── every mistake, with file:line:column ◄──┘
//
// Its rules:
//
//   - All mistakes are found before a row is read and reported at once. Load keeps
//     those that it meets, so that Compile can report them together with the
//     columns that the header lacks.
//   - What a row's work needs is looked up when compiling: a Program holds closures
//     over column numbers and knows no names.
//   - A row that can't become a case is not an error but a list of [Problem]s, one
//     for each field that is at fault.
//   - The steps of a field are one table (steps.go), in the order in which they are
//     applied; so are the converters of {{column|converter}} (template.go).
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a mapping file, in bytes; a person's own never comes near it. Reading YAML
// takes some two hundred times as much memory.
const maxFile = 2 << 20

// Mapping is a mapping file that has been read, not yet tied to an input.
type Mapping struct {
	Path      string // of the file
	Operation string // tenant module that the token belongs to
	KeyText   string // the text of key:, in canonical spelling; "" where rows are known by their cells
	Input     Input  // how inputs are to be read

	key, marker *template
	fields      []*field // of the API, in the order in which they are sent
	form        []*formField
	closed      map[string]bool
	when        *expression // nil where all rows are meant
	lookups     []*lookup
	files       *fileRules // nil where a row has no attachments
	lines       [][]byte
	mistakes    Mistakes
}

// Input is what a mapping says of the files it is for; zero values leave a
// property to detection.
type Input struct {
	Sheet     string
	HeaderRow int // as the spreadsheet shows it
	Delimiter rune
	Encoding  string
	Empty     []string // cells with these texts count as empty
}

// Load reads a mapping file and, by tables, the files that it names; tables may be nil
// where it names none. It fails where the file can't be read as YAML at all; other
// mistakes are kept for [Mapping.Err] and [Mapping.Compile], so that all of them are
// reported at once. Close the Mapping when it is done with.
func Load(path string, tables Tables) (*Mapping, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	d := &decoder{path: path, lines: splitLines(text), tables: tables}
	root, err := parse(d, text)
	if err != nil {
		return nil, err
	}
	m := &Mapping{Path: path, lines: d.lines}
	d.mapping(root, m)
	m.mistakes = d.mistakes
	return m, nil
}

// Err returns the mistakes found so far, as [Mistakes], or nil.
func (m *Mapping) Err() error { return m.mistakes.err() }

// Dir is the folder that the mapping's relative paths start from.
func (m *Mapping) Dir() string { return filepath.Dir(m.Path) }

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no mapping file %s", path)
	case err != nil:
		return nil, fmt.Errorf("mapping: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the mapping %s is not a file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("the mapping %s has %d bytes; at most %d are read: is it the right file? long tables belong into a values_file", path, info.Size(), maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if at := invalidUTF8(text); at >= 0 {
		return nil, fmt.Errorf("%s:%d: the mapping is not UTF-8; save it with that encoding", path, bytes.Count(text[:at], []byte("\n"))+1)
	}
	return text, nil
}

func splitLines(text []byte) [][]byte { return bytes.Split(text, []byte("\n")) }

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// parse returns the file's one document. The YAML library has been seen to panic on
// hostile input; that too becomes a mistake in the file.
func parse(d *decoder, text []byte) (root ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("%s: this is not YAML that can be read (%v)", d.path, p)
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if t := tooDeep(tokens); t != nil {
		d.mistake(where(t), "more than %d levels of lists, objects and signs in one another; a mapping needs a handful", mostLevels)
		return nil, d.mistakes.err()
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, d.syntax(err)
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			return doc.Body, nil
		}
	}
	return nil, fmt.Errorf("the mapping %s is empty", d.path)
}
