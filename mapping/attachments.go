package mapping

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// fileRules are the mapping's section `attachments`.
type fileRules struct {
	at         yamlfile.Position
	root       string
	files      []fileRule
	maxSize    map[string]int64 // of a file, in bytes, by type such as pdf; * is the rest
	maxTotal   int64            // of a case's files, in bytes; 0 is no limit
	maxFiles   int              // of a case; 0 is no limit
	types      map[string]bool  // that are sent; nil is all
	leaveOut   bool             // what is missing, empty or too large doesn't hold the row up
	named      bool             // the description lists the files
	ignoreCase bool             // of the names of files
}

// fileRule says where names come from: a column, split into several by a text, or a
// pattern of names.
type fileRule struct {
	column, split string
	replace       steps.Replacements
	glob          *template
	at            yamlfile.Position
}

var attachmentKeys = []string{"root", "files", "max_size", "max_total", "max_files", "types", "unusable", "names_in_description", "ignore_case"}

func (d *decoder) fileRules(p yamlfile.Pair) *fileRules {
	rules := &fileRules{at: p.At}
	for _, e := range d.Pairs(p.Value, "attachments") {
		switch e.Key {
		case "root":
			rules.root, _, _ = d.Text(e.Value, "root")
		case "files":
			for _, n := range d.List(e.Value) {
				rules.files = append(rules.files, d.fileRule(n, e.At))
			}
		case "max_size":
			rules.maxSize = d.sizes(e.Value)
		case "max_total":
			rules.maxTotal = d.size(e.Value, "max_total")
		case "max_files":
			rules.maxFiles = d.Count(e.Value, "max_files")
		case "types":
			rules.types = d.fileTypes(e.Value)
		case "unusable":
			rules.leaveOut = d.unusable(e.Value)
		case "names_in_description":
			rules.named = d.Flag(e.Value, e.Key)
		case "ignore_case":
			rules.ignoreCase = d.Flag(e.Value, e.Key)
		default:
			d.Unknown(e, "attachments", attachmentKeys)
		}
	}
	if len(rules.files) == 0 {
		d.Mistake(p.At, "attachments has no `files:`; write files: [{column: …}]")
	}
	return rules
}

func (d *decoder) fileRule(n yamlfile.Node, at yamlfile.Position) fileRule {
	rule := fileRule{at: at}
	for _, e := range d.Pairs(n, "an entry of files") {
		switch e.Key {
		case "column":
			rule.column, rule.at, _ = d.Text(e.Value, "column")
		case "split":
			rule.split, _, _ = d.Text(e.Value, "split")
		case "replace":
			rule.replace = steps.ReadReplacements(d.Reader, e.Value)
		case "glob":
			if text, at, ok := d.Text(e.Value, "glob"); ok {
				rule.glob, rule.at = d.template(text, at), at
			}
		default:
			d.Unknown(e, "an entry of files", []string{"column", "split", "replace", "glob"})
		}
	}
	switch {
	case rule.column == "" && rule.glob == nil:
		d.Mistake(rule.at, "an entry of files needs a column or a glob")
	case rule.column != "" && rule.glob != nil:
		d.Mistake(rule.at, "an entry of files has both column and glob; make two entries")
	case rule.glob != nil && (rule.split != "" || rule.replace != nil):
		d.Mistake(rule.at, "split and replace are for an entry with a column")
	case rule.glob != nil:
		d.checkGlob(rule.glob)
	}
	return rule
}

func (d *decoder) unusable(n yamlfile.Node) (leaveOut bool) {
	text, at, ok := d.Text(n, "unusable")
	if ok && text != "reject" && text != "leave_out" {
		d.Mistake(at, "unusable is reject, or leave_out")
	}
	return text == "leave_out"
}

func (d *decoder) fileTypes(n yamlfile.Node) map[string]bool {
	types := map[string]bool{}
	for _, item := range d.List(n) {
		if text, _, ok := d.Text(item, "a type of files"); ok {
			types[fileType("x."+strings.TrimPrefix(text, "."))] = true
		}
	}
	return types
}

// fileType is the end of a file's name, without the dot, in lower case.
func fileType(name string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
}

var sizePattern = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([KMG]?)(i?)B?$`)

// everyType is the entry of max_size for all types without one of their own.
const everyType = "*"

// sizes reads one size for all types of files, or one for each: {pdf: 20MB, "*": 5MB}.
func (d *decoder) sizes(n yamlfile.Node) map[string]int64 {
	sizes := map[string]int64{}
	switch {
	case yamlfile.IsObject(n):
		for _, e := range d.Pairs(n, "max_size") {
			if e.Key == everyType {
				sizes[everyType] = d.size(e.Value, "max_size")
				continue
			}
			sizes[fileType("x."+strings.TrimPrefix(e.Key, "."))] = d.size(e.Value, "max_size")
		}
	default:
		sizes[everyType] = d.size(n, "max_size")
	}
	return sizes
}

func (d *decoder) size(n yamlfile.Node, what string) int64 {
	text, at, ok := d.Text(n, what)
	if !ok {
		return 0
	}
	size, err := ParseSize(text)
	if err != nil {
		d.Mistake(at, "%s %v", what, err)
	}
	return size
}

// ParseSize reads 20MB (20,000,000 bytes), 20MiB (20 × 1,048,576) or plain bytes.
func ParseSize(text string) (bytes int64, err error) {
	m := sizePattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, fmt.Errorf("%q is not a size such as 20MB", text)
	}
	number, _ := strconv.ParseFloat(m[1], 64) // the pattern has only numbers
	unit := 1000.0
	if m[3] != "" {
		unit = 1024
	}
	for range strings.Index("KMG", m[2]) + min(len(m[2]), 1) {
		number *= unit
	}
	return int64(number), nil
}

// fileSource is a fileRule tied to the columns of an input. It yields the files of a row,
// or their names.
type fileSource struct {
	names   func(*row) string
	split   string
	replace steps.Replacements
	glob    *globber
}

func (c *compiler) attachments(m *Mapping, p *Program, override string) {
	if m.files == nil {
		return
	}
	p.rules = m.files
	dir := override
	if dir == "" {
		dir = filepath.FromSlash(m.files.root)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(m.Dir(), dir)
		}
	}
	var err error
	if p.folder, err = files.Open(dir, m.files.ignoreCase); err != nil {
		c.Mistake(m.files.at, "the attachments' folder %s can't be opened (%v); give it with --attachments or as root", dir, text.Reason(err))
		return
	}
	for _, rule := range m.files.files {
		switch {
		case rule.glob != nil:
			p.files = append(p.files, fileSource{glob: c.glob(rule.glob)})
		case rule.column != "":
			p.files = append(p.files, fileSource{names: c.column(rule.column, rule.at), split: rule.split, replace: rule.replace})
		}
	}
}

// gathering is what a row's files come to.
type gathering struct {
	files    []Attachment
	leftOut  []LeftOut
	problems []Problem
	total    int64
}

// attachments finds the files of the row, in the order of the sources.
func (p *Program) attachments(r *row) *gathering {
	g := &p.gathering
	*g = gathering{files: nil, leftOut: g.leftOut[:0], problems: g.problems[:0]}
	for i := range p.files {
		source := &p.files[i]
		if source.glob != nil {
			p.take(g, g.others(source.glob.find(p.folder, r, g)))
			continue
		}
		p.take(g, source.named(p.folder, r, g))
	}
	if p.rules == nil {
		return g
	}
	switch limits := p.rules; {
	case limits.maxFiles > 0 && len(g.files) > limits.maxFiles:
		g.problems = append(g.problems, Problem{Field: "attachments", Error: "too_many_attachments", Message: fmt.Sprintf("attachments: the row has %d files; at most %d are allowed", len(g.files), limits.maxFiles),
			Hint: "put some of them into one file, or raise max_files in the mapping"})
	case limits.maxTotal > 0 && g.total > limits.maxTotal:
		g.problems = append(g.problems, Problem{Field: "attachments", Error: "attachments_too_large", Message: fmt.Sprintf("attachments: the row's files have %d bytes; at most %d are allowed", g.total, limits.maxTotal),
			Hint: "make the files smaller, or raise max_total in the mapping"})
	}
	return g
}

// named finds the files that a cell names.
func (s *fileSource) named(folder *files.Folder, r *row, g *gathering) (found []Attachment) {
	cell := s.names(r)
	for len(cell) > 0 {
		name := cell
		cell = ""
		if s.split != "" {
			name, cell, _ = strings.Cut(name, s.split)
		}
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		path := name
		if s.replace != nil {
			var ok bool
			if path, ok = s.replace.Apply(name); !ok || text.Blank(path) {
				g.problems = append(g.problems, Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: nothing is left of %q after replace", text.Shorten(name, 60)),
					Hint: "correct the pattern in the mapping"})
				continue
			}
		}
		found = append(found, Attachment{Name: name, File: files.File{Path: folder.Find(strings.ReplaceAll(strings.TrimSpace(path), `\`, "/"))}})
	}
	return found
}

// others drops the files that an earlier source has found: a pattern is meant for the
// rest.
func (g *gathering) others(found []Attachment) []Attachment {
	return slices.DeleteFunc(found, func(a Attachment) bool {
		return slices.ContainsFunc(g.files, func(b Attachment) bool { return a.Path == b.Path })
	})
}

// take looks at files and keeps those that can be sent.
func (p *Program) take(g *gathering, found []Attachment) {
	for i := range found {
		a := &found[i]
		problem := a.look(p.folder, p.rules)
		switch {
		case problem == nil:
			g.total += a.Size
			p.folder.Used(a.Path)
			g.files = append(g.files, *a)
		case p.rules.leaveOut && slices.Contains(canBeLeftOut, problem.Error):
			g.leftOut = append(g.leftOut, LeftOut{a.Name, problem.Error})
		default:
			g.problems = append(g.problems, *problem)
		}
	}
}

var canBeLeftOut = []string{"missing_attachment", "empty_attachment", "attachment_too_large"}

// maxSize is the limit for a file; 0 is none.
func (r *fileRules) limit(name string) int64 {
	if n, ok := r.maxSize[fileType(name)]; ok {
		return n
	}
	return r.maxSize[everyType]
}

// Watch begins to note which files rows use, for [Program.Unused].
func (p *Program) Watch() {
	if p.folder != nil {
		p.folder.Watch()
	}
}

// Unused counts the files of the attachments' folder that no row has used since Watch,
// and names some of them.
func (p *Program) Unused() (count int, examples []string, err error) {
	if p.folder == nil {
		return 0, nil, nil
	}
	count, examples, err = p.folder.Unused()
	if err != nil {
		return count, examples, fmt.Errorf("attachments: %w", text.Reason(err))
	}
	return count, examples, nil
}
