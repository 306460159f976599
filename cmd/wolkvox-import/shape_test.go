package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The shape that every package keeps to, its tests aside.
const (
	mostInACircle = 4   // files that refer to each other
	mostInALine   = 120 // characters; a tab is four
)

// TestPackagesKeepTheirShape holds that files of a package depend on each other in one direction,
// that lines can be read, and that doc comments document what they stand at.
func TestPackagesKeepTheirShape(t *testing.T) {
	for _, p := range loaded(t) {
		name := strings.TrimPrefix(p.path, module+"/")
		t.Run(name, func(t *testing.T) {
			if circle := p.circle(); len(circle) > mostInACircle {
				t.Errorf("%d files refer to each other in a circle: %s", len(circle), strings.Join(circle, ", "))
			}
			for _, found := range append(p.wideLines(t), p.wrongDocs()...) {
				t.Error(found)
			}
		})
	}
}

// A checked is a package with its syntax and what its names mean.
type checked struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// loaded are all packages of the module, checked against the export data of what they import.
func loaded(t *testing.T) (packages []*checked) {
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,DepOnly", module+"/...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		ImportPath, Export, Dir string
		GoFiles                 []string
		DepOnly                 bool
	}
	var ours []listed
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if exports[p.ImportPath] = p.Export; !p.DepOnly {
			ours = append(ours, p)
		}
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range ours {
		c := &checked{path: p.ImportPath, fset: fset, info: &types.Info{Uses: map[*ast.Ident]types.Object{}}}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			c.files = append(c.files, f)
		}
		config := types.Config{Importer: imports}
		if c.types, err = config.Check(p.ImportPath, fset, c.files, c.info); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, c)
	}
	if len(packages) < 8 {
		t.Errorf("only %d packages were looked at", len(packages))
	}
	return packages
}

// file is the name of the file that a position is in.
func (c *checked) file(pos token.Pos) string { return filepath.Base(c.fset.Position(pos).Filename) }

// circle is the largest set of files each of which refers to all others, by itself or through
// files that it refers to.
func (c *checked) circle() (largest []string) {
	refers := map[string]map[string]bool{}
	for _, f := range c.files {
		refers[c.file(f.Pos())] = map[string]bool{}
	}
	for id, object := range c.info.Uses {
		if from := c.file(id.Pos()); object.Pkg() == c.types && object.Pos().IsValid() {
			refers[from][c.file(object.Pos())] = true
		}
	}
	for from := range refers {
		var circle []string
		for to := range reached(refers, from) {
			if reached(refers, to)[from] {
				circle = append(circle, to)
			}
		}
		if slices.Sort(circle); len(circle) > len(largest) && len(circle) > 1 {
			largest = circle
		}
	}
	return largest
}

// reached are the files that a file refers to, and those that they refer to, and so on.
func reached(refers map[string]map[string]bool, from string) map[string]bool {
	seen := map[string]bool{}
	for todo := []string{from}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for to := range refers[at] {
			if !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	return seen
}

// wideLines are those that are too long, but for addresses, which can't be cut, and the inner lines
// of raw strings, which are tables or texts that are printed as they stand.
func (c *checked) wideLines(t *testing.T) (wide []string) {
	for _, f := range c.files {
		raw := map[int]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, is := n.(*ast.BasicLit); is && s.Kind == token.STRING && s.Value[0] == '`' {
				for line := c.fset.Position(s.Pos()).Line + 1; line <= c.fset.Position(s.End()).Line; line++ {
					raw[line] = true
				}
			}
			return true
		})
		text, err := os.ReadFile(c.fset.Position(f.Pos()).Filename)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			long := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) > mostInALine
			if long && !raw[i+1] && !strings.Contains(line, "://") {
				at := c.fset.File(f.Pos()).LineStart(i + 1)
				wide = append(wide, c.at(at)+strings.TrimSpace(line))
			}
		}
	}
	return wide
}

// at is a position, for a finding.
func (c *checked) at(pos token.Pos) string {
	p := c.fset.Position(pos)
	return filepath.Base(p.Filename) + ":" + strings.TrimSpace(strings.Split(p.String(), ":")[1]) + ": "
}

// wrongDocs are doc comments that begin with another name than that of what they stand at, or that
// refer to something that isn't there.
func (c *checked) wrongDocs() (wrong []string) {
	for _, f := range c.files {
		if f.Doc != nil && c.types.Name() != "main" && !begins(f.Doc, "Package "+c.types.Name()) {
			wrong = append(wrong, c.at(f.Doc.Pos())+"it doesn't begin with Package "+c.types.Name())
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, body := n.(*ast.BlockStmt); body {
				return false // comments within a function are no documents
			}
			doc, name := documented(n)
			if doc == nil {
				return true
			}
			if name != "" && !begins(doc, name) && !begins(doc, "A "+name) && !begins(doc, "An "+name) {
				wrong = append(wrong, c.at(doc.Pos())+"it doesn't begin with "+name)
			}
			for _, link := range link.FindAllStringSubmatch(prose(doc), -1) {
				if !c.exists(f, strings.Split(link[1], ".")) {
					wrong = append(wrong, c.at(doc.Pos())+"there is no "+link[1])
				}
			}
			return true
		})
	}
	return wrong
}

// prose is a doc comment without its examples, which are indented.
func prose(doc *ast.CommentGroup) string {
	var lines []string
	for line := range strings.Lines(doc.Text()) {
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, " ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// documented is a node's doc comment, and the name that it has to begin with; "" if it may begin
// with anything, as that of a field or of several names may.
func documented(n ast.Node) (doc *ast.CommentGroup, name string) {
	switch n := n.(type) {
	case *ast.File:
		return n.Doc, ""
	case *ast.FuncDecl:
		return n.Doc, n.Name.Name
	case *ast.TypeSpec:
		return n.Doc, n.Name.Name
	case *ast.GenDecl:
		if len(n.Specs) != 1 || n.Lparen.IsValid() {
			return n.Doc, ""
		}
		switch s := n.Specs[0].(type) {
		case *ast.TypeSpec:
			return n.Doc, s.Name.Name
		case *ast.ValueSpec:
			if len(s.Names) == 1 && s.Names[0].Name != "_" {
				return n.Doc, s.Names[0].Name
			}
		}
		return n.Doc, ""
	case *ast.ValueSpec:
		return n.Doc, ""
	case *ast.Field:
		return n.Doc, ""
	}
	return nil, ""
}

// begins tells whether a comment's first words are these.
func begins(doc *ast.CommentGroup, words string) bool {
	after, ok := strings.CutPrefix(doc.Text(), words)
	return ok && (after == "" || !strings.ContainsAny(after[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
}

// link is a name in brackets, which godoc makes a link of.
var link = regexp.MustCompile(`(?m)(?:^|[ (])\[\*?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,2})\]`)

// exists tells whether a name is one of the package, of a type of its, or of what the file imports.
func (c *checked) exists(f *ast.File, name []string) bool {
	scope := c.types.Scope()
	if scope.Lookup(name[0]) == nil {
		for _, imported := range c.types.Imports() {
			if imported.Name() == name[0] && len(name) > 1 && imports(f, imported.Path()) {
				scope, name = imported.Scope(), name[1:]
				break
			}
		}
	}
	object := scope.Lookup(name[0])
	if object == nil || len(name) == 1 {
		return object != nil
	}
	member, _, _ := types.LookupFieldOrMethod(object.Type(), true, c.types, name[1])
	return member != nil && len(name) == 2
}

func imports(f *ast.File, path string) bool {
	return slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool { return strings.Trim(s.Path.Value, `"`) == path })
}
