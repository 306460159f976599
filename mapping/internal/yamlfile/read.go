package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a mapping file, in bytes; a person's own never comes near it. Reading YAML
// takes some two hundred times as much memory.
const maxFile = 2 << 20

// read returns the text of a file that is small enough and UTF-8, without its byte order mark.
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
		return nil, fmt.Errorf("the mapping %s has %d bytes; at most %d are read: is it the right file? long tables "+
			"belong into a values_file", path, info.Size(), maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if at := invalidUTF8(text); at >= 0 {
		return nil, fmt.Errorf("%s:%d: the mapping is not UTF-8; save it with that encoding", path,
			bytes.Count(text[:at], []byte("\n"))+1)
	}
	return text, nil
}

func splitLines(text []byte) [][]byte { return bytes.Split(text, []byte("\n")) }

// invalidUTF8 returns where the text stops being UTF-8, or -1.
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

// Open reads a file and returns its one document. Mistakes of the syntax are returned as
// [Mistakes]; those of the content are collected in the File while it is walked.
func Open(path string) (*File, Node, error) {
	text, err := read(path)
	if err != nil {
		return nil, nil, err
	}
	d := New(path, text)
	root, err := parse(d, text)
	if err != nil {
		return nil, nil, err
	}
	return d, root, nil
}

// New is a File of a text that is no YAML, or not read as such.
func New(path string, text []byte) *File { return &File{Path: path, lines: splitLines(text)} }

// Again is the same file without the mistakes found so far.
func (d *File) Again() *File { return &File{Path: d.Path, lines: d.lines} }

// parse returns the file's one document. The YAML library has been seen to panic on
// hostile input; that too becomes a mistake in the file.
func parse(d *File, text []byte) (root Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("%s: this is not YAML that can be read (%v)", d.Path, p)
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if t := tooDeep(tokens); t != nil {
		d.Mistake(at(t), "more than %d levels of lists, objects and signs in one another; a mapping needs a handful",
			mostLevels)
		return nil, d.Mistakes.Err()
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
	return nil, fmt.Errorf("the mapping %s is empty", d.Path)
}
