package files

import (
	"hash/maphash"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"wolkvox-import/mapping/internal/text"
)

// Folder is the folder of the attachments, in which files are found even if their
// names are spelt otherwise than in the input.
type Folder struct {
	root       *os.Root
	ignoreCase bool
	lists      map[string]map[string]string // of a folder: folded name to name
	seed       maphash.Seed
	marks      map[uint64]bool // files that rows use; nil if nobody asks
}

// Open opens a folder. ignoreCase is of the names of files.
func Open(dir string, ignoreCase bool) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, ignoreCase: ignoreCase, lists: map[string]map[string]string{},
		seed: maphash.MakeSeed()}, nil
}

// Find returns the path under which a file exists: as it is written, or with its accents
// composed or decomposed (systems differ), or with its %20 decoded, or, on request, with
// other letters in lower and upper case. If nothing exists it is the path as written.
func (f *Folder) Find(name string) string {
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

func (f *Folder) exists(name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	_, err := f.root.Lstat(name)
	return err == nil
}

// findFolded goes down the folders, at each step by the folded name.
func (f *Folder) findFolded(name string) (string, bool) {
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
func (f *Folder) list(dir string) map[string]string {
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

// Used notes that a row uses a file.
func (f *Folder) Used(name string) {
	if f.marks != nil {
		f.marks[maphash.String(f.seed, path.Clean(name))] = true
	}
}

// Watch begins to note which files are used, for [Folder.Unused].
func (f *Folder) Watch() { f.marks = map[uint64]bool{} }

// Unused counts the files of the folder that nobody has used since Watch, and names some of
// them.
func (f *Folder) Unused() (count int, examples []string, err error) {
	if f.marks == nil {
		return 0, nil, nil
	}
	err = fs.WalkDir(f.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || f.marks[maphash.String(f.seed, name)] {
			return err
		}
		if count++; len(examples) < 5 {
			examples = append(examples, name)
		}
		return nil
	})
	return count, examples, err
}

// Close lets go of the folder. Files that were looked at can't be opened any more.
func (f *Folder) Close() error { return f.root.Close() }
