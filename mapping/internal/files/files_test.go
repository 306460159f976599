package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// folder opens a folder with these files, each with its own path as its content. Beside the
// folder lies a file that is none of its business.
func folder(t *testing.T, ignoreCase bool, paths ...string) (*Folder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	for _, p := range append(paths, "../outside.txt") {
		file := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(dir, ignoreCase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, dir
}

func TestFilesAreFoundInEverySpelling(t *testing.T) {
	paths := []string{"a.txt", "sub/Informe final.pdf", "canci\u00f3n.txt", "n\u0303andu.txt", "b%20c.txt", "100%.txt", "[1].txt", "-x.txt", "emoji 😀.txt", "punto..txt"}
	f, _ := folder(t, false, paths...)
	for name, want := range map[string]string{
		"a.txt":                     "a.txt",
		"./a.txt":                   "./a.txt",
		"A.txt":                     "A.txt",
		"none.txt":                  "none.txt",
		"sub/Informe final.pdf":     "sub/Informe final.pdf",
		"sub/Informe%20final.pdf":   "sub/Informe final.pdf",
		"cancio\u0301n.txt":         "canci\u00f3n.txt",
		"canci%C3%B3n.txt":          "canci\u00f3n.txt",
		"\u00f1andu.txt":            "n\u0303andu.txt",
		"b%20c.txt":                 "b%20c.txt",
		"100%.txt":                  "100%.txt",
		"[1].txt":                   "[1].txt",
		"-x.txt":                    "-x.txt",
		"emoji 😀.txt":               "emoji 😀.txt",
		"punto..txt":                "punto..txt",
		"../outside.txt":            "../outside.txt",
		"%2e%2e/outside.txt":        "%2e%2e/outside.txt",
		"sub/../a.txt":              "sub/../a.txt",
		"":                          "",
		"sub/informe final.pdf":     "sub/informe final.pdf",
		"a.txt\x00":                 "a.txt\x00",
		strings.Repeat("x", 10_000): strings.Repeat("x", 10_000),
	} {
		if got := f.Find(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestCaseIsIgnoredOnlyWhenAsked(t *testing.T) {
	f, dir := folder(t, true, "Sub/Informe Final.PDF", "a.txt", "Twice.txt")
	if err := os.WriteFile(filepath.Join(dir, "TWICE.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"sub/informe final.pdf":   "Sub/Informe Final.PDF",
		"SUB/INFORME%20FINAL.pdf": "Sub/Informe Final.PDF",
		"A.TXT":                   "a.txt",
		"sub/none":                "sub/none",
		"none/a.txt":              "none/a.txt",
		"../A.TXT":                "../A.TXT",
	} {
		if got := f.Find(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 4 { // the file system tells them apart
		if got := f.Find("twice.TXT"); got != "twice.TXT" {
			t.Errorf("of two files that only case tells apart %s was taken", got)
		}
		if got := f.Find("TWICE.txt"); got != "TWICE.txt" {
			t.Errorf("a file was not found by its own name, but %s", got)
		}
	}
}

func TestGlobsFindTheFilesOfAFolderByName(t *testing.T) {
	f, _ := folder(t, false, "7/b.pdf", "7/x/a.pdf", "7/c.png", "77/d.pdf", "[7]/e.pdf", "z.txt")
	for pattern, want := range map[string]string{
		"7/**/*.pdf":            "7/b.pdf 7/x/a.pdf",
		"7/*.pdf":               "7/b.pdf",
		"/7/*.pdf/":             "7/b.pdf",
		"**/*.pdf":              "7/b.pdf 7/x/a.pdf 77/d.pdf [7]/e.pdf",
		"*":                     "z.txt",
		"7/{b,c}.*":             "7/b.pdf 7/c.png",
		"8/**":                  "",
		"Z.TXT":                 "",
		Escape("[7]") + "/*":    "[7]/e.pdf",
		"[7]/*.png":             "7/c.png",
		Escape("*") + "/**":     "",
		Escape("{7,77}") + "/*": "",
	} {
		names, err := f.Glob(pattern)
		if got := strings.Join(names, " "); got != want || err != nil {
			t.Errorf("%s: got %s %v, want %s", pattern, got, err, want)
		}
	}
	loose, _ := folder(t, true, "z.txt")
	if names, err := loose.Glob("*.TXT"); err != nil || !slices.Equal(names, []string{"z.txt"}) {
		t.Errorf("with case ignored: %v %v", names, err)
	}
	for pattern, want := range map[string]bool{"a/*.pdf": true, "**": true, "../*": false, "a[": false, "a/../b": false, "": false, "/a/": true} {
		if IsPattern(pattern) != want {
			t.Errorf("%q: a pattern? %v", pattern, !want)
		}
	}
}

func TestWhatIsNoFileOfTheFolderIsNotOpened(t *testing.T) {
	f, dir := folder(t, false, "a.txt", "sub/b.txt")
	links := map[string]string{"out": "../outside.txt", "absolute": filepath.Join(dir, "..", "outside.txt"), "folder": "..", "loop": "loop", "in": "a.txt", "dangling": "none"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	for path, want := range map[string]error{
		"a.txt":                     nil,
		"sub/../a.txt":              nil,
		"in":                        nil,
		"none.txt":                  fs.ErrNotExist,
		"dangling":                  fs.ErrNotExist,
		"sub":                       ErrFolder,
		".":                         ErrFolder,
		"..":                        ErrOutside,
		"../outside.txt":            ErrOutside,
		"sub/../../outside.txt":     ErrOutside,
		"out":                       ErrOutside,
		"absolute":                  ErrOutside,
		"folder/outside.txt":        ErrOutside,
		"/etc/passwd":               ErrOutside,
		filepath.Join(dir, "a.txt"): ErrOutside,
		"C:/a.txt":                  ErrOutside,
		"c:a.txt":                   ErrOutside,
	} {
		looked, err := f.Look(path)
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", path, err, want)
		}
		if looked.Path != path || looked.Root() != dir {
			t.Errorf("%q: a file %q of %q", path, looked.Path, looked.Root())
		}
	}
	if _, err := f.Look("loop"); err == nil {
		t.Error("a link to itself was opened")
	}
	if _, err := f.Look("a.txt/x"); err == nil {
		t.Error("a file in a file was opened")
	}
}

func TestAFileIsReadAsItWasLookedAt(t *testing.T) {
	f, _ := folder(t, false, "sub/ñ b.txt")
	looked, err := f.Look("sub/ñ b.txt")
	if err != nil {
		t.Fatal(err)
	}
	file, err := looked.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil || string(content) != "sub/ñ b.txt" || int64(len(content)) != looked.Size {
		t.Errorf("got %q of %d bytes, %v", content, looked.Size, err)
	}
	if looked.Changed(file) {
		t.Error("it changed by being read")
	}
}

func TestAFileThatChangedIsNotOpened(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer": func(p string) error { return os.WriteFile(p, []byte("longer than before"), 0o600) },
		"same size": func(p string) error {
			return errors.Join(os.WriteFile(p, []byte("b.txt"), 0o600), os.Chtimes(p, time.Time{}, time.Now().Add(time.Hour)))
		},
		"emptied":              func(p string) error { return os.Truncate(p, 0) },
		"replaced by a folder": func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) },
		"gone":                 os.Remove,
	} {
		f, dir := folder(t, false, "a.txt")
		looked, err := f.Look("a.txt")
		if err != nil {
			t.Fatal(err)
		}
		before, err := looked.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(dir, "a.txt")); err != nil {
			t.Fatal(err)
		}
		if file, err := looked.Open(); err == nil {
			file.Close()
			t.Errorf("%s: it was opened", name)
		}
		if inPlace := name != "gone" && !strings.HasPrefix(name, "replaced"); looked.Changed(before) != inPlace {
			t.Errorf("%s: is the open file another? %v", name, !inPlace)
		}
		before.Close()
	}
}

func TestVersionsAreEqualWhileTheFileIsTheSame(t *testing.T) {
	f, dir := folder(t, false, "a.txt", "b.txt")
	version := func(path string) (Version, bool) {
		t.Helper()
		looked, err := f.Look(path)
		if err != nil {
			t.Fatal(err)
		}
		return looked.Version()
	}
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	first, settled := version("a.txt")
	if again, _ := version("a.txt"); again != first || !settled {
		t.Errorf("the same file is another version, or not settled after an hour: %v", settled)
	}
	if other, _ := version("b.txt"); other == first {
		t.Error("two files are one version")
	}
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, settled := version("a.txt"); changed == first || settled {
		t.Errorf("a file that was just written is the old version, or settled: %v", settled)
	}
}

func TestFilesThatNobodyUses(t *testing.T) {
	f, _ := folder(t, false, "a.txt", "sub/b.txt", "c/1", "c/2", "c/3", "c/4", "c/5", "c/6")
	if n, examples, err := f.Unused(); n != 0 || examples != nil || err != nil {
		t.Errorf("without Watch: %d %v %v", n, examples, err)
	}
	f.Watch()
	for _, used := range []string{"a.txt", "./sub/b.txt", "sub/../c/1"} {
		f.Used(used)
	}
	n, examples, err := f.Unused()
	if n != 5 || fmt.Sprint(examples) != "[c/2 c/3 c/4 c/5 c/6]" || err != nil {
		t.Errorf("%d %v %v", n, examples, err)
	}
	f.Watch()
	if n, examples, _ := f.Unused(); n != 8 || len(examples) != 5 {
		t.Errorf("after another Watch: %d %v", n, examples)
	}
}

func TestAFolderThatIsNone(t *testing.T) {
	_, dir := folder(t, false, "a.txt")
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "a.txt")} {
		if f, err := Open(path, false); err == nil {
			f.Close()
			t.Errorf("%s was opened", path)
		}
	}
	f, err := Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Look("a.txt"); err == nil {
		t.Error("a folder that was closed still opens files")
	}
}
