package mapping

import (
	"fmt"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/text"
)

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
	if !files.IsPattern(probe.String()) {
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

// find returns the files of the row, by name. A blank column finds nothing: it would
// otherwise stand for every folder.
func (g *globber) find(folder *files.Folder, r *row, out *gathering) (found []Attachment) {
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
		pattern.WriteString(files.Escape(cell))
	}
	names, err := folder.Glob(pattern.String())
	if err != nil {
		out.problems = append(out.problems, Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: the files of %s can't be listed: %v", pattern.String(), text.Reason(err)),
			Hint: "look at the permissions of the attachments' folder", Err: err})
		return nil
	}
	for _, name := range names {
		found = append(found, Attachment{Name: name, File: files.File{Path: name}})
	}
	return found
}
