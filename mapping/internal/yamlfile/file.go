package yamlfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"wolkvox-import/mapping/internal/text"
)

// Position is a place in the mapping file, both counted from 1.
type Position struct{ Line, Column int }

// File walks the file's nodes and collects mistakes. We walk them ourselves,
// because the library's own File stops at the first mistake.
type File struct {
	Path     string
	Mistakes Mistakes

	lines [][]byte
}

// Mistake notes what is wrong at a place. Reading goes on, so that one run shows all of it.
func (d *File) Mistake(at Position, format string, args ...any) {
	m := Mistake{File: d.Path, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)}
	if at.Line >= 1 && at.Line <= len(d.lines) {
		m.Source = excerpt(strings.TrimRight(string(d.lines[at.Line-1]), "\r"), at.Column)
	}
	d.Mistakes = append(d.Mistakes, m)
}

// excerpt is a line as far as people can use it: one that is long is cut behind the column, and
// left out if that is far away.
func excerpt(line string, column int) string {
	const most = 160
	switch r := []rune(line); {
	case len(r) <= most:
		return line
	case column <= most/2:
		return string(r[:most]) + "…"
	}
	return ""
}

// syntax makes a mistake with its place of what the YAML library says. It stops at the first.
func (d *File) syntax(err error) error {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		return fmt.Errorf("%s: %w", d.Path, err)
	}
	d.Mistake(at(syntax.GetToken()), "this can't be read as YAML (%s); look at the indentation: keys of one level "+
		"begin in the same column, with blanks and not tabs", syntax.GetMessage())
	return d.Mistakes.Err()
}

// Node is a piece of a YAML document.
type Node = ast.Node

// At is where a node stands.
func At(n Node) Position { return at(n.GetToken()) }

// IsObject tells whether a node is a list of `name: value`.
func IsObject(n Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// IsFlag tells whether a node is true or false.
func IsFlag(n Node) bool {
	_, is := n.(*ast.BoolNode)
	return is
}

// IsNull tells whether nothing stands behind a key.
func IsNull(n Node) bool { return n.Type() == ast.NullType }

func at(t *token.Token) Position {
	return Position{t.Position.Line, t.Position.Column}
}

// mostLevels bounds how deep a mapping may be: the YAML library takes a level of the stack for
// each, and time that grows with their square.
const mostLevels = 100

// tooDeep returns the token that opens a level too many, or nil. Levels that have lines of
// their own need ever more blanks, and so are bounded by the file's size.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, row := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType, token.AliasType:
			row++ // one behind the other, without a value between
		default:
			row = 0
		}
		if brackets > mostLevels || row > mostLevels {
			return t
		}
	}
	return nil
}

// Pair is one `key: value` of a YAML mapping.
type Pair struct {
	Key   string
	At    Position // of the key
	Value Node
}

// Pairs returns the entries of a YAML mapping in the file's order; what names the
// place for the mistake that it isn't one.
func (d *File) Pairs(n Node, what string) []Pair {
	if n == nil {
		return nil
	}
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.Mistake(At(n), "%s must be a list of `name: value`", what)
		return nil
	}
	var pairs []Pair
	seen := map[string]bool{}
	for _, v := range values {
		key, at := v.Key.GetToken().Value, At(v.Key)
		if seen[key] {
			d.Mistake(at, "%q stands twice here", key)
			continue
		}
		seen[key] = true
		pairs = append(pairs, Pair{key, at, v.Value})
	}
	return pairs
}

// Text returns a scalar as it is written: 007 stays 007, and ~ is empty.
func (d *File) Text(n Node, what string) (string, Position, bool) {
	switch n := n.(type) {
	case *ast.NullNode:
		return "", At(n), true
	case *ast.LiteralNode:
		return n.Value.Value, At(n), true
	case *ast.StringNode:
		return n.Value, At(n), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, At(n), true
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		d.Mistake(At(n), "%s: anchors, aliases and tags are not used in mappings; write the value out", what)
	default:
		d.Mistake(At(n), "%s must be a text", what)
	}
	return "", At(n), false
}

// Flag returns a yes-or-no value.
func (d *File) Flag(n Node, what string) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.Mistake(At(n), "%s must be true or false", what)
		return false
	}
	return b.Value
}

// Count returns a whole number from 1.
func (d *File) Count(n Node, what string) int {
	i, ok := n.(*ast.IntegerNode)
	if ok {
		if v, ok := i.Value.(uint64); ok && v >= 1 && v <= 1<<31 {
			return int(v)
		}
	}
	d.Mistake(At(n), "%s must be a whole number from 1", what)
	return 0
}

// List returns the items of a YAML sequence; one item alone counts as a list of one.
func (d *File) List(n Node) []Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	return []Node{n}
}

// Unknown reports a key that the language doesn't have.
func (d *File) Unknown(p Pair, place string, known []string) {
	if near := text.Nearest(p.Key, known); near != "" {
		d.Mistake(p.At, "%s has no key %q; the nearest is %q", place, p.Key, near)
		return
	}
	d.Mistake(p.At, "%s has no key %q; it has %s", place, p.Key, text.QuoteList(known, 20))
}
