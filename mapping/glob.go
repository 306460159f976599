package mapping

import (
	"fmt"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/text"
)

// globber finds files by a pattern with columns in it.
type globber struct {
	pieces []row.Piece
}

// find returns the files of the row, by name. A blank column finds nothing: it would
// otherwise stand for every folder.
func (g *globber) find(folder *files.Folder, r *row.Row) (found []Attachment, problem *row.Problem) {
	var pattern strings.Builder
	for _, p := range g.pieces {
		if p.Text == nil {
			pattern.WriteString(p.Literal)
			continue
		}
		cell := strings.TrimSpace(p.Text(r))
		switch {
		case cell == "":
			return nil, nil
		case strings.ContainsAny(cell, "/\\") || cell == "." || cell == "..":
			return nil, &row.Problem{Field: "attachments", Error: "attachment_outside_root", Message: fmt.Sprintf("attachments: %q is no name of a folder or a file", text.Shorten(cell, 60)),
				Hint: "correct the cell: it stands for one part of a path"}
		}
		pattern.WriteString(files.Escape(cell))
	}
	names, err := folder.Glob(pattern.String())
	if err != nil {
		return nil, &row.Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: the files of %s can't be listed: %v", pattern.String(), text.Reason(err)),
			Hint: "look at the permissions of the attachments' folder", Err: err}
	}
	for _, name := range names {
		found = append(found, Attachment{Name: name, File: files.File{Path: name}})
	}
	return found, nil
}
