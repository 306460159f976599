package mapping_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wolkvox-import/mapping"
)

// filed compiles a mapping with these attachments over files of one byte a letter.
func filed(t *testing.T, attachments string, files ...string) *mapping.Program {
	t.Helper()
	all := map[string]string{"map.yaml": strings.Replace(fieldMapping("x"), "description: d", `description: {column: D, max: 100, cut: true}`, 1) +
		"marker: '[{{key}}]'\nattachments:\n  root: r\n" + attachments}
	for _, f := range files {
		all["r/"+f] = "content"
	}
	_, p := compileIn(t, []string{"C", "D"}, all)
	return p
}

// files applies a row and returns the names of its files and the description.
func files(t *testing.T, p *mapping.Program, cell, description string) (names, text, problem string) {
	t.Helper()
	c, problems := p.Apply([]string{cell, description}, "k")
	if len(problems) > 0 {
		return "", "", problems[0].Error
	}
	var list []string
	for i := range c.Attachments {
		list = append(list, c.Attachments[i].Name)
		f, problem := c.Attachments[i].Open()
		if problem != nil {
			t.Fatal(problem)
		}
		f.Close()
	}
	var whole struct{ Description string }
	if err := json.Unmarshal(c.JSON, &whole); err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "|"), whole.Description, ""
}

func TestGlobs(t *testing.T) {
	p := filed(t, "  files: [{column: C, split: ';'}, {glob: '{{D}}/**/*.pdf'}]\n", "7/b.pdf", "7/x/a.pdf", "7/c.png", "77/d.pdf", "[7]/e.pdf", "z.txt")
	for _, c := range []struct{ cell, d, want, problem string }{
		{"", "7", "7/b.pdf|7/x/a.pdf", ""},
		{"7/x/a.pdf; z.txt", "7", "7/x/a.pdf|z.txt|7/b.pdf", ""}, // what a column names isn't found again
		{"", "8", "", ""},
		{"", "[7]", "[7]/e.pdf", ""},
		{"", "*", "", ""},
		{"", " ", "", "missing_value"}, // the description; and no file of all folders
		{"", "..", "", "attachment_outside_root"},
		{"", "a/b", "", "attachment_outside_root"},
	} {
		if got, _, problem := files(t, p, c.cell, c.d); got != c.want || problem != c.problem {
			t.Errorf("%+v: got %s %s", c, got, problem)
		}
	}
	blank := filed(t, "  files: [{glob: '{{C}}/**'}]\n", "7/b.pdf", "z.txt")
	if got, _, problem := files(t, blank, " ", "d"); got != "" || problem != "" {
		t.Errorf("a blank column found %s %s", got, problem)
	}
	for _, glob := range []string{"../*.pdf", "a[", "{{C"} {
		if got := mistakes(t, fieldMapping("x")+"attachments:\n  files: [{glob: '"+glob+"'}]\n", []string{"C"}); !strings.Contains(got, "map.yaml:13:") {
			t.Errorf("%s: %s", glob, got)
		}
	}
}

func TestNamesOfFilesAreFoundHoweverTheyAreSpelt(t *testing.T) {
	p := filed(t, "  ignore_case: true\n  files: [{column: C, split: ',', replace: {'(?i)^[a-z]:[\\\\/]docs[\\\\/]': ''}}]\n", "sub/Informe final.pdf", "canci\u00f3n.txt", "n\u0303andu.txt", "A.txt", "b%20c.txt")
	for cell, count := range map[string]int{`D:\Docs\sub\Informe final.pdf`: 1, "sub/Informe%20final.pdf": 1, "SUB/informe FINAL.PDF": 1, "cancio\u0301n.txt": 1, "\u00f1andu.txt": 1, "a.TXT": 1, "b%20c.txt": 1, "A.txt,a.txt": 2} {
		if got, _, problem := files(t, p, cell, "d"); problem != "" || len(strings.Split(got, "|")) != count {
			t.Errorf("%q: %q %s", cell, got, problem)
		}
	}
	if _, _, problem := files(t, p, "../A.txt", "d"); problem != "attachment_outside_root" {
		t.Error(problem)
	}
	strict := filed(t, "  files: [{column: C}]\n", "A.txt")
	if _, _, problem := files(t, strict, "a.txt", "d"); problem != "missing_attachment" {
		t.Errorf("case was ignored without being asked: %s", problem)
	}
}

func TestLimitsOfFiles(t *testing.T) {
	for limits, want := range map[string]string{
		"max_size: 7": "", "max_size: 6": "attachment_too_large", "max_size: {pdf: 6, '*': 7}": "", "max_size: {TXT: 6}": "attachment_too_large", "max_size: {pdf: 6}": "",
		"max_total: 14": "", "max_total: 13B": "attachments_too_large", "max_files: 2": "", "max_files: 1": "too_many_attachments", "types: [txt]": "", "types: [.TXT, pdf]": "", "types: pdf": "attachment_type",
	} {
		p := filed(t, "  "+limits+"\n  files: [{column: C, split: ','}]\n", "a.txt", "b.txt")
		if _, _, problem := files(t, p, "a.txt,b.txt", "d"); problem != want {
			t.Errorf("%s: %q", limits, problem)
		}
	}
}

func TestLeftOutFilesAreListed(t *testing.T) {
	p := filed(t, "  unusable: leave_out\n  names_in_description: true\n  files: [{column: C, split: ','}]\n", "a.txt", "sub/b.txt")
	names, text, problem := files(t, p, "a.txt,x/no.txt,sub/b.txt", "texto")
	if names != "a.txt|sub/b.txt" || text != "texto\n\nAdjuntos: a.txt, b.txt\nNo adjuntados: no.txt (no existe)\n[k]" || problem != "" {
		t.Errorf("%q %q %s", names, text, problem)
	}
	c, _ := p.Apply([]string{"no.txt", "d"}, "k")
	if len(c.LeftOut) != 1 || c.LeftOut[0] != (mapping.LeftOut{Name: "no.txt", Why: "missing_attachment"}) || !strings.Contains(string(c.JSON), `d\n\nNo adjuntados: no.txt`) {
		t.Errorf("%+v %s", c.LeftOut, c.JSON)
	}
	if _, _, problem := files(t, p, "..", "d"); problem != "attachment_outside_root" {
		t.Errorf("what leads out of the folder was left out: %s", problem)
	}
}

// Names and marker are within max, and only the text is cut.
func TestDescriptionIsCutForNamesAndMarker(t *testing.T) {
	p := filed(t, "  names_in_description: true\n  files: [{column: C, split: ','}]\n", "a.txt")
	_, text, problem := files(t, p, "a.txt", strings.Repeat("ñ", 200))
	if len([]rune(text)) != 100 || !strings.HasSuffix(text, "ñ\n\nAdjuntos: a.txt\n[k]") || problem != "" {
		t.Errorf("%d %q %s", len([]rune(text)), text, problem)
	}
	_, text, problem = files(t, p, strings.TrimSuffix(strings.Repeat("a.txt,", 30), ","), strings.Repeat("ñ", 200))
	if len([]rune(text)) != 100 || !strings.Contains(text, "… (y ") || !strings.HasSuffix(text, "\n[k]") || strings.Count(text, "ñ") < 45 || problem != "" {
		t.Errorf("%d %q %s", len([]rune(text)), text, problem)
	}
}

func TestFileThatChangesIsNoticed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mapping.Load(write(t, fieldMapping("x")+"attachments:\n  files: [{column: C}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile([]string{"C"}, mapping.Options{Attachments: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, _ := p.Apply([]string{"a.txt"}, "k")
	file, problem := c.Attachments[0].Open()
	if problem != nil {
		t.Fatal(problem)
	}
	defer file.Close()
	if c.Attachments[0].Changed(file) {
		t.Error("a file that is as it was counts as changed")
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if !c.Attachments[0].Changed(file) {
		t.Error("a file that was written to is not noticed")
	}
	if _, problem := c.Attachments[0].Open(); problem == nil {
		t.Error("it was opened all the same")
	}
}

func TestUnusedFilesAreCounted(t *testing.T) {
	p := filed(t, "  files: [{column: C}]\n", "a.txt", "b.txt", "sub/c.txt")
	p.Watch()
	files(t, p, "sub/c.txt", "d")
	if n, names, err := p.Unused(); n != 2 || fmt.Sprint(names) != "[a.txt b.txt]" || err != nil {
		t.Errorf("%d %v %v", n, names, err)
	}
}

// Whatever a row names, nothing is opened but what lies below the folder.
func FuzzAttachmentPath(f *testing.F) {
	for _, name := range []string{"in.txt", "../out.txt", `..\out.txt`, "/etc/passwd", "C:/x", "sub/../in.txt", "link", "%2e%2e/out.txt", "sub/*", "{in,out}.txt", "./in.txt", "IN.TXT\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		dir := t.TempDir()
		root := filepath.Join(dir, "root")
		for path, text := range map[string]string{"root/in.txt": "inside", "root/sub/in.txt": "inside", "out.txt": "outside"} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		os.Symlink("../out.txt", filepath.Join(root, "link")) // not every system has them
		m, err := mapping.Load(write(t, fieldMapping("x")+"attachments: {files: [{column: C}, {glob: '{{D}}'}, {glob: '{{D}}/**'}], ignore_case: true}\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Compile([]string{"C", "D"}, mapping.Options{Attachments: root})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, cells := range [][]string{{name, "x"}, {"", name}} {
			c, _ := p.Apply(cells, "k")
			for i := range c.Attachments {
				file, problem := c.Attachments[i].Open()
				if problem != nil {
					continue
				}
				text, err := io.ReadAll(file)
				file.Close()
				if err != nil || string(text) != "inside" {
					t.Fatalf("%q opened %q (%v)", name, text, err)
				}
			}
		}
	})
}
