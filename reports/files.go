package reports

import "path/filepath"

// A file is a view on its way to disk.
type file struct {
	view    view
	encoder encoder
	draft   *draft
}

// files are written side by side, in one pass.
type files []file

// begin makes the draft of a view in a format, with the header in it.
func begin(dir string, v view, f format) (file, error) {
	d, err := newDraft(filepath.Join(dir, v.name+"."+f.name))
	if err != nil {
		return file{}, err
	}
	e, err := f.new(d.Writer, v.header)
	if err != nil {
		d.discard()
		return file{}, failed(d.path, err)
	}
	return file{v, e, d}, nil
}

// add offers the line to every view; each takes those that it is for.
func (fs files) add(l *Line) error {
	for _, f := range fs {
		if err := f.view.add(l, f.encoder); err != nil {
			return failed(f.draft.path, err)
		}
	}
	return nil
}

// complete gives the drafts, all of them durably stored.
func (fs files) complete() ([]*draft, error) {
	var drafts []*draft
	for _, f := range fs {
		if err := f.encoder.close(); err != nil {
			return nil, failed(f.draft.path, err)
		}
		if err := f.draft.complete(); err != nil {
			return nil, err
		}
		drafts = append(drafts, f.draft)
	}
	return drafts, nil
}

// discard removes what is not in its place, after an error and at the end alike.
func (fs files) discard() {
	for _, f := range fs {
		f.draft.discard()
	}
}
