package files

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// escape keeps a text from being read as a pattern.
var escape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`)

// Escape is the pattern that stands for a text alone.
func Escape(s string) string { return escape.Replace(s) }

// IsPattern tells whether a pattern can match below the folder.
func IsPattern(pattern string) bool {
	return doublestar.ValidatePattern(pattern) && fs.ValidPath(strings.Trim(pattern, "/"))
}

// Glob returns the paths of the files that a pattern matches, by name.
func (f *Folder) Glob(pattern string) ([]string, error) {
	options := []doublestar.GlobOption{doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors()}
	if f.ignoreCase {
		options = append(options, doublestar.WithCaseInsensitive())
	}
	names, err := doublestar.Glob(f.root.FS(), strings.Trim(pattern, "/"), options...)
	slices.Sort(names)
	return names, err
}
