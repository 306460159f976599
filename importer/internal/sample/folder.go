package sample

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wolkvox-import/importer/internal/source"
)

// filesFolder finds the folder in which the files are that cells name.
type filesFolder struct {
	dir, given string
	found      string
	candidates []string
}

func (f *filesFolder) folders() []string {
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
	f.candidates = append(f.candidates, f.dir)
	return f.candidates
}

func (f *filesFolder) exists(name string) bool {
	if !fs.ValidPath(name) || name == "." {
		return false
	}
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

// root is the folder, from the mapping's.
func (f *filesFolder) root(base string) (string, error) {
	if f.found == "" {
		return "", nil
	}
	return fromFolder(base, f.found)
}

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

// perKey finds out whether there is a folder for each row, named by its key.
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
