package mapping

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/text"
)

// attached is the attachments' folder, and how the files of a row are found in it. Its zero
// value has none.
type attached struct {
	rules   *fileRules
	folder  *files.Folder
	sources []fileSource
	row     gathering
}

// fileSource is a fileRule tied to the columns of an input. It yields the files of a row,
// or their names.
type fileSource struct {
	names   row.Text
	split   string
	replace steps.Replacements
	glob    *globber
}

// attach ties the rules to the columns of an input and opens the folder: the one that is given
// or, without one, the mapping's, whose relative paths begin in base.
func attach(c *row.Columns, rules *fileRules, base, given string) attached {
	a := attached{rules: rules}
	dir := given
	if dir == "" {
		dir = filepath.FromSlash(rules.root)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(base, dir)
		}
	}
	var err error
	if a.folder, err = files.Open(dir, rules.ignoreCase); err != nil {
		c.Mistake(rules.at, "the attachments' folder %s can't be opened (%v); give it with --attachments or as root", dir, text.Reason(err))
		return attached{}
	}
	for _, rule := range rules.files {
		switch {
		case rule.glob != nil:
			a.sources = append(a.sources, fileSource{glob: &globber{c.Pieces(rule.glob)}})
		case rule.column != "":
			a.sources = append(a.sources, fileSource{names: c.Column(rule.column, rule.at), split: rule.split, replace: rule.replace})
		}
	}
	return a
}

// gathering is what a row's files come to.
type gathering struct {
	files    []Attachment
	leftOut  []LeftOut
	problems []row.Problem
	total    int64
}

// of finds the files of the row, in the order of the sources.
func (a *attached) of(r *row.Row) *gathering {
	g := &a.row
	*g = gathering{leftOut: g.leftOut[:0], problems: g.problems[:0]}
	for i := range a.sources {
		source := &a.sources[i]
		if source.glob == nil {
			a.take(g, source.named(a.folder, r, g))
			continue
		}
		found, problem := source.glob.find(a.folder, r)
		if problem != nil {
			g.problems = append(g.problems, *problem)
		}
		a.take(g, g.others(found))
	}
	if a.rules == nil {
		return g
	}
	switch limits := a.rules; {
	case limits.maxFiles > 0 && len(g.files) > limits.maxFiles:
		g.problems = append(g.problems, row.Problem{Field: "attachments", Error: "too_many_attachments", Message: fmt.Sprintf("attachments: the row has %d files; at most %d are allowed", len(g.files), limits.maxFiles),
			Hint: "put some of them into one file, or raise max_files in the mapping"})
	case limits.maxTotal > 0 && g.total > limits.maxTotal:
		g.problems = append(g.problems, row.Problem{Field: "attachments", Error: "attachments_too_large", Message: fmt.Sprintf("attachments: the row's files have %d bytes; at most %d are allowed", g.total, limits.maxTotal),
			Hint: "make the files smaller, or raise max_total in the mapping"})
	}
	return g
}

// named finds the files that a cell names.
func (s *fileSource) named(folder *files.Folder, r *row.Row, g *gathering) (found []Attachment) {
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
				g.problems = append(g.problems, row.Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: nothing is left of %q after replace", text.Shorten(name, 60)),
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
func (a *attached) take(g *gathering, found []Attachment) {
	for i := range found {
		file := &found[i]
		problem := file.look(a.folder, a.rules)
		switch {
		case problem == nil:
			g.total += file.Size
			a.folder.Used(file.Path)
			g.files = append(g.files, *file)
		case a.rules.leaveOut && slices.Contains(canBeLeftOut, problem.Error):
			g.leftOut = append(g.leftOut, LeftOut{file.Name, problem.Error})
		default:
			g.problems = append(g.problems, *problem)
		}
	}
}

var canBeLeftOut = []string{"missing_attachment", "empty_attachment", "attachment_too_large"}
