package reports

import (
	"encoding/json"
	"io"
	"path/filepath"
)

// A document shows a whole import: what the rows come to, and not each of them.
type document struct {
	name   string // of its file
	render func(w io.Writer, s Summary) error
}

// summaryName is the one report that knows of the others.
const summaryName = "summary.json"

// documents of a set, in the order in which they are put in their places. A new one is a file
// beside this one and a line here. summary.json is the last: it lists all other files as they
// were written, by which the next reports know what somebody has worked on since.
var documents = []document{
	{summaryName, renderJSON},
}

// draft writes the document for a folder and returns it complete, stored but not in its place.
func (doc document) draft(dir string, s Summary) (*draft, error) {
	d, err := newDraft(filepath.Join(dir, doc.name))
	if err != nil {
		return nil, err
	}
	if err = failed(d.path, doc.render(d, s)); err == nil {
		err = d.complete()
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// renderJSON is for programs. What a terminal would obey in it is made visible: people look at
// it there too.
func renderJSON(w io.Writer, s Summary) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, visible(string(text))+"\n")
	return err
}
