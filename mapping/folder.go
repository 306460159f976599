package mapping

import (
	"fmt"
	"hash/maphash"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/text/unicode/norm"

	"wolkvox-import/mapping/internal/text"
)

// folder is the folder of the attachments, in which files are found even where their
// names are spelt otherwise than in the input.
type folder struct {
	root       *os.Root
	ignoreCase bool
	lists      map[string]map[string]string // of a folder: folded name to name
	seed       maphash.Seed
	marks      map[uint64]bool // files that rows use; nil where nobody asks
}

func newFolder(root *os.Root, ignoreCase bool) *folder {
	return &folder{root: root, ignoreCase: ignoreCase, lists: map[string]map[string]string{}, seed: maphash.MakeSeed()}
}

// find returns the path under which a file exists: as it is written, or with its accents
// composed or decomposed (systems differ), or with its %20 decoded, or, on request, with
// other letters in lower and upper case. Where nothing exists it is the path as written.
func (f *folder) find(name string) string {
	if f.exists(name) {
		return name
	}
	spellings := []string{norm.NFC.String(name), norm.NFD.String(name)}
	if decoded, err := url.PathUnescape(name); err == nil && decoded != name {
		spellings = append(spellings, decoded, norm.NFC.String(decoded), norm.NFD.String(decoded))
	}
	for _, s := range spellings {
		if s != name && f.exists(s) {
			return s
		}
	}
	if f.ignoreCase {
		for _, s := range append([]string{name}, spellings[2:]...) {
			if found, ok := f.findFolded(s); ok {
				return found
			}
		}
	}
	return name
}

func (f *folder) exists(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	_, err := f.root.Lstat(name)
	return err == nil
}

// findFolded goes down the folders, at each step by the folded name.
func (f *folder) findFolded(name string) (string, bool) {
	if !fs.ValidPath(name) {
		return "", false
	}
	at := "."
	for step := range strings.SplitSeq(name, "/") {
		real, ok := f.list(at)[text.FoldName(step)]
		if !ok {
			return "", false
		}
		at = path.Join(at, real)
	}
	return at, true
}

// list returns the names in a folder by their folded form. Of two that differ in nothing
// else neither is there: which of them is meant can't be known.
func (f *folder) list(dir string) map[string]string {
	if names, ok := f.lists[dir]; ok {
		return names
	}
	names := map[string]string{}
	entries, err := fs.ReadDir(f.root.FS(), dir) // a folder that can't be read has nothing to find
	for _, e := range entries {
		folded := text.FoldName(e.Name())
		if _, twice := names[folded]; twice {
			names[folded] = ""
			continue
		}
		names[folded] = e.Name()
	}
	for folded, name := range names {
		if name == "" {
			delete(names, folded)
		}
	}
	if err == nil && len(f.lists) < 10_000 {
		f.lists[dir] = names
	}
	return names
}

// used notes that a row uses a file.
func (f *folder) used(name string) {
	if f.marks != nil {
		f.marks[maphash.String(f.seed, path.Clean(name))] = true
	}
}

// Watch begins to note which files rows use, for [Program.Unused].
func (p *Program) Watch() {
	if p.folder != nil {
		p.folder.marks = map[uint64]bool{}
	}
}

// Unused counts the files of the attachments' folder that no row has used since Watch,
// and names some of them.
func (p *Program) Unused() (count int, examples []string, err error) {
	if p.folder == nil || p.folder.marks == nil {
		return 0, nil, nil
	}
	err = fs.WalkDir(p.folder.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || p.folder.marks[maphash.String(p.folder.seed, name)] {
			return err
		}
		if count++; len(examples) < 5 {
			examples = append(examples, name)
		}
		return nil
	})
	if err != nil {
		return count, examples, fmt.Errorf("attachments: %w", reason(err))
	}
	return count, examples, nil
}

// globber finds files by a pattern with columns in it.
type globber struct {
	parts []globPart
}

type globPart struct {
	literal string
	text    func(*row) string // nil for a literal
}

// checkGlob reports a pattern that can't match, with something in each column's place.
func (d *decoder) checkGlob(t *template) {
	var probe strings.Builder
	for _, p := range t.parts {
		probe.WriteString(p.literal)
		if p.column != "" {
			probe.WriteByte('x')
		}
	}
	if !doublestar.ValidatePattern(probe.String()) || !fs.ValidPath(strings.Trim(probe.String(), "/")) {
		d.Mistake(t.at, "the pattern %q can't be used: write it from the attachments' folder on, with /, as {{ID}}/**/*.pdf", t.source)
	}
}

func (c *compiler) glob(t *template) *globber {
	g := &globber{}
	for _, p := range t.parts {
		if p.column == "" {
			g.parts = append(g.parts, globPart{literal: p.literal})
			continue
		}
		g.parts = append(g.parts, globPart{text: c.part(p, t.at)})
	}
	return g
}

// globEscape keeps what a cell holds from being read as a pattern.
var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`)

// find returns the files of the row, by name. A blank column finds nothing: it would
// otherwise stand for every folder.
func (g *globber) find(f *folder, r *row, out *gathering) (found []Attachment) {
	var pattern strings.Builder
	for _, p := range g.parts {
		if p.text == nil {
			pattern.WriteString(p.literal)
			continue
		}
		cell := strings.TrimSpace(p.text(r))
		switch {
		case cell == "":
			return nil
		case strings.ContainsAny(cell, "/\\") || cell == "." || cell == "..":
			out.problems = append(out.problems, Problem{Field: "attachments", Error: "attachment_outside_root", Message: fmt.Sprintf("attachments: %q is no name of a folder or a file", text.Shorten(cell, 60)),
				Hint: "correct the cell: it stands for one part of a path"})
			return nil
		}
		pattern.WriteString(globEscape.Replace(cell))
	}
	options := []doublestar.GlobOption{doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors()}
	if f.ignoreCase {
		options = append(options, doublestar.WithCaseInsensitive())
	}
	names, err := doublestar.Glob(f.root.FS(), strings.Trim(pattern.String(), "/"), options...)
	if err != nil {
		out.problems = append(out.problems, Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: the files of %s can't be listed: %v", pattern.String(), reason(err)),
			Hint: "look at the permissions of the attachments' folder", Err: err})
		return nil
	}
	slices.Sort(names)
	for _, name := range names {
		found = append(found, Attachment{Name: name, root: f.root, path: name})
	}
	return found
}
