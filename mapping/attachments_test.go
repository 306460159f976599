package mapping_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/mapping"
)

const minimal = `operation: op
case: {case-type: a, responsible: b, owner: c, contact: d, description: e, status: f, priority: g}
attachments: {root: adjuntos, files: [{column: Archivos, split: ";"}, {column: Extra}], max_size: 1KB}
`

// folder lays out a mapping with attachments and returns the attachments' folder.
func folder(t *testing.T) (program *mapping.Program, dir string) {
	t.Helper()
	path := write(t, minimal)
	dir = filepath.Join(filepath.Dir(path), "adjuntos")
	for name, size := range map[string]int{"a.pdf": 3, "sub/ñ b.txt": 10, "empty.txt": 0, "big.bin": 1001, "fits.bin": 1000, "../secret.txt": 5} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := mapping.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	program, err = m.Compile([]string{"Archivos", "Extra"}, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return program, dir
}

func TestAttachmentsComeInOrderWithTheirSizes(t *testing.T) {
	program, _ := folder(t)
	c, problems := program.Apply([]string{"a.pdf; sub/ñ b.txt;; ", `sub\ñ b.txt`}, "k")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, a := range c.Attachments {
		file, problem := a.Open()
		if problem != nil {
			t.Fatal(problem)
		}
		content, err := io.ReadAll(file)
		file.Close()
		if err != nil || int64(len(content)) != a.Size {
			t.Errorf("%s: %d bytes, %v", a.Name, len(content), err)
		}
		got = append(got, fmt.Sprint(a.Name, a.Size))
	}
	if want := `[a.pdf3 sub/ñ b.txt10 sub\ñ b.txt10]`; fmt.Sprint(got) != want {
		t.Errorf("%v, wanted %v", got, want)
	}
}

func TestUnusableAttachmentsAreProblems(t *testing.T) {
	program, dir := folder(t)
	if err := os.Symlink(filepath.Join(dir, "..", "secret.txt"), filepath.Join(dir, "leak.txt")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink("a.pdf", filepath.Join(dir, "inside.pdf")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"none.pdf":                           "missing_attachment",
		"sub/none/x":                         "missing_attachment",
		"empty.txt":                          "empty_attachment",
		"sub":                                "attachment_is_folder",
		".":                                  "attachment_is_folder",
		"big.bin":                            "attachment_too_large",
		"../secret.txt":                      "attachment_outside_root",
		"sub/../../secret.txt":               "attachment_outside_root",
		"leak.txt":                           "attachment_outside_root",
		filepath.Join(dir, "a.pdf"):          "attachment_outside_root",
		`C:\Users\a.pdf`:                     "attachment_outside_root",
		"a.pdf/x":                            "attachment_unreadable",
		"fits.bin":                           "",
		"inside.pdf":                         "",
		"sub/../a.pdf":                       "",
		strings.Repeat("long", 100) + ".pdf": "attachment_unreadable",
	} {
		c, problems := program.Apply([]string{name, ""}, "k")
		switch {
		case want == "" && (len(problems) > 0 || len(c.Attachments) != 1):
			t.Errorf("%q: %v", name, problems)
		case want != "" && (len(problems) != 1 || problems[0].Error != want || problems[0].Field != "attachments" || problems[0].Hint == ""):
			t.Errorf("%q: %+v, wanted %s", name, problems, want)
		}
	}
}

func TestFileThatChangedSinceItWasLookedAtIsNotOpened(t *testing.T) {
	program, dir := folder(t)
	c, problems := program.Apply([]string{"a.pdf", ""}, "k")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.pdf"), []byte("longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if file, problem := c.Attachments[0].Open(); problem == nil {
		file.Close()
		t.Error("it was opened")
	}
}

func TestMissingAttachmentsFolderIsAMistake(t *testing.T) {
	if got := mistakes(t, minimal, []string{"Archivos", "Extra"}); !strings.Contains(got, "map.yaml:3:1") || !strings.Contains(got, "--attachments") {
		t.Error(got)
	}
}

func TestAttachmentsFolderCanBeGiven(t *testing.T) {
	m, err := mapping.Load(write(t, minimal), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "z"), []byte("z"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile([]string{"Archivos", "Extra"}, mapping.Options{Attachments: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, problems := p.Apply([]string{"z", ""}, "k"); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, size := range map[string]int64{"1000": 1000, "1KB": 1000, "1 KiB": 1024, "0.001MB": 1000, "1K": 1000} {
		path := write(t, strings.Replace(minimal, "1KB", text, 1))
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "fits"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "big"), make([]byte, size+1), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := mapping.Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Compile([]string{"Archivos", "Extra"}, mapping.Options{Attachments: dir})
		if err != nil {
			t.Fatal(err)
		}
		_, small := p.Apply([]string{"fits", ""}, "k")
		_, large := p.Apply([]string{"big", ""}, "k")
		p.Close()
		if len(small) != 0 || len(large) != 1 {
			t.Errorf("%s: %v, %v", text, small, large)
		}
	}
	if got := mistakes(t, strings.Replace(minimal, "1KB", "many", 1), []string{"Archivos", "Extra"}); !strings.Contains(got, "not a size") {
		t.Error(got)
	}
}
