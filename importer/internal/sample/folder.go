package sample

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/source"
)

// filesFolder finds the folder in which the files are that cells name: the given one, or else a folder
// beside the input, or the input's own. The first hit decides, since one folder is all that a mapping
// can name.
type filesFolder struct {
	dir, given string
	found      string
	candidates []string
}

// folders are those that may be it, in the order in which they are tried. This program's own reports
// are none.
func (f *filesFolder) folders() []string {
	// Each cell asks, so the folder is read once.
	if f.candidates != nil {
		return f.candidates
	}
	if f.given != "" {
		f.candidates = []string{f.given}
		return f.candidates
	}
	entries, _ := os.ReadDir(f.dir) // a folder that can't be read has no candidates
	for _, e := range entries {
		name := e.Name()
		reports := strings.HasSuffix(name, ".check") || strings.HasSuffix(name, ".import")
		if e.IsDir() && !reports && !strings.HasPrefix(name, ".") {
			f.candidates = append(f.candidates, filepath.Join(f.dir, name))
		}
	}
	// The input's own folder comes last: it holds other things too.
	f.candidates = append(f.candidates, f.dir)
	return f.candidates
}

// exists tells whether a cell names a file in one of the folders. A path that leads out of a folder
// names none, as in an import.
func (f *filesFolder) exists(name string) bool {
	if !fs.ValidPath(name) || name == "." {
		return false
	}
	// The folder of the last hit comes first: nearly all files are in one.
	for _, dir := range append([]string{f.found}, f.folders()...) {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
			f.found = dir
			return true
		}
	}
	return false
}

// root is the folder in which files were found, as a path from base, which is the mapping's folder; ""
// if no cell named a file.
func (f *filesFolder) root(base string) (string, error) {
	if f.found == "" {
		return "", nil
	}
	return fromFolder(base, f.found)
}

// fromFolder is a path from base, or an absolute one if there is none, as to another drive.
func fromFolder(base, dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if base, err = filepath.Abs(base); err != nil {
		return "", err
	}
	if relative, err := filepath.Rel(base, absolute); err == nil {
		return filepath.ToSlash(relative), nil
	}
	return filepath.ToSlash(absolute), nil
}

// perKey finds out whether there is a folder for each row, named by its key. One hit is enough: most
// tickets have no files. It returns the folder of these folders and the mapping's pattern in it, both
// "" if there are none.
func (f *filesFolder) perKey(
	ctx context.Context, input string, options source.Options, key, base string,
) (root, glob string, err error) {
	values, err := columnValues(ctx, input, options, key)
	if err != nil {
		return "", "", err
	}
	for _, dir := range f.folders() {
		hits := 0
		for _, v := range values {
			if info, err := os.Stat(filepath.Join(dir, filepath.Base(v))); err == nil && info.IsDir() {
				hits++
			}
		}
		if hits > 0 {
			root, err = fromFolder(base, dir)
			return root, "{{" + key + "}}/**", err
		}
	}
	return "", "", nil
}
