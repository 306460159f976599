package mapping

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"wolkvox-import/mapping/internal/text"
)

// position is a place in the mapping file, both counted from 1.
type position struct{ line, column int }

// decoder walks the file's nodes and collects mistakes. We walk them ourselves,
// because the library's own decoder stops at the first mistake.
type decoder struct {
	path     string
	lines    [][]byte
	tables   Tables
	mistakes Mistakes
}

func (d *decoder) mistake(at position, format string, args ...any) {
	m := Mistake{File: d.path, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)}
	if at.line >= 1 && at.line <= len(d.lines) {
		m.Source = excerpt(strings.TrimRight(string(d.lines[at.line-1]), "\r"), at.column)
	}
	d.mistakes = append(d.mistakes, m)
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

func (d *decoder) syntax(err error) error {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	d.mistake(where(syntax.GetToken()), "this can't be read as YAML (%s); look at the indentation: keys of one level begin in the same column, with blanks and not tabs", syntax.GetMessage())
	return d.mistakes.err()
}

func where(t *token.Token) position {
	return position{t.Position.Line, t.Position.Column}
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

// pair is one `key: value` of a YAML mapping.
type pair struct {
	key   string
	at    position // of the key
	value ast.Node
}

// pairs returns the entries of a YAML mapping in the file's order; what names the
// place for the mistake that it isn't one.
func (d *decoder) pairs(n ast.Node, what string) []pair {
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
		d.mistake(where(n.GetToken()), "%s must be a list of `name: value`", what)
		return nil
	}
	var pairs []pair
	seen := map[string]bool{}
	for _, v := range values {
		key, at := v.Key.GetToken().Value, where(v.Key.GetToken())
		if seen[key] {
			d.mistake(at, "%q stands twice here", key)
			continue
		}
		seen[key] = true
		pairs = append(pairs, pair{key, at, v.Value})
	}
	return pairs
}

// text returns a scalar as it is written: 007 stays 007, and ~ is empty.
func (d *decoder) text(n ast.Node, what string) (string, position, bool) {
	switch n := n.(type) {
	case *ast.NullNode:
		return "", where(n.GetToken()), true
	case *ast.LiteralNode:
		return n.Value.Value, where(n.GetToken()), true
	case *ast.StringNode:
		return n.Value, where(n.GetToken()), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, where(n.GetToken()), true
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		d.mistake(where(n.GetToken()), "%s: anchors, aliases and tags are not used in mappings; write the value out", what)
	default:
		d.mistake(where(n.GetToken()), "%s must be a text", what)
	}
	return "", where(n.GetToken()), false
}

// flag returns a yes-or-no value.
func (d *decoder) flag(n ast.Node, what string) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.mistake(where(n.GetToken()), "%s must be true or false", what)
		return false
	}
	return b.Value
}

// count returns a whole number from 1.
func (d *decoder) count(n ast.Node, what string) int {
	i, ok := n.(*ast.IntegerNode)
	if ok {
		if v, ok := i.Value.(uint64); ok && v >= 1 && v <= 1<<31 {
			return int(v)
		}
	}
	d.mistake(where(n.GetToken()), "%s must be a whole number from 1", what)
	return 0
}

// list returns the items of a YAML sequence; one item alone counts as a list of one.
func (d *decoder) list(n ast.Node) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	return []ast.Node{n}
}

// unknown reports a key that the language doesn't have.
func (d *decoder) unknown(p pair, place string, known []string) {
	if near := text.Nearest(p.key, known); near != "" {
		d.mistake(p.at, "%s has no key %q; the nearest is %q", place, p.key, near)
		return
	}
	d.mistake(p.at, "%s has no key %q; it has %s", place, p.key, text.QuoteList(known, 20))
}
