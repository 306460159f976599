package sample_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/sample"
	"wolkvox-import/importer/internal/usage"
)

// folder writes files into a folder of their own.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// drafted is the mapping that Init writes for tickets.csv in the folder.
func drafted(t *testing.T, dir string, r intake.Reading) (sample.Drafted, string) {
	t.Helper()
	r.Inputs = []string{filepath.Join(dir, "tickets.csv")}
	out, err := sample.Init(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Path)
	if err != nil {
		t.Fatal(err)
	}
	return out, string(text)
}

// tickets are rows of an export, with these cells in its last column.
func tickets(last string, cells ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Ticket,Correo,Asunto,%s\n", last)
	for i := range 12 {
		cell := ""
		if i < len(cells) {
			cell = cells[i]
		}
		fmt.Fprintf(&b, "T-%d,c%d@b.co,Asunto número %d,%s\n", i, i, i, cell)
	}
	return b.String()
}

func TestTheMappingLiesBesideItsInput(t *testing.T) {
	dir := folder(t, map[string]string{"tickets.csv": tickets("Nota")})
	out, text := drafted(t, dir, intake.Reading{})
	if out.Path != filepath.Join(dir, "tickets.yaml") || out.Rows != 12 || out.Todos == 0 {
		t.Errorf("%+v", out)
	}
	if strings.Count(text, "TODO") < out.Todos || !strings.Contains(text, "{{Ticket}}") || strings.Contains(text, "header_row") {
		t.Error(text)
	}
}

func TestNoFileIsOverwritten(t *testing.T) {
	dir := folder(t, map[string]string{"tickets.csv": tickets("Nota"), "tickets.yaml": "mine", "other.yaml": "mine too"})
	for _, name := range []string{"", filepath.Join(dir, "other.yaml")} {
		_, err := sample.Init(t.Context(), intake.Reading{Inputs: []string{filepath.Join(dir, "tickets.csv")}, Mapping: name})
		if mistake := new(usage.Error); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "not overwritten") {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{"tickets.yaml": "mine", "other.yaml": "mine too"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); string(text) != want || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestTheHeaderIsFoundUnderATitle(t *testing.T) {
	for title, want := range map[string]string{
		"":                                 "",
		"Exportación de tickets,,,\n,,,\n": "header_row: 3",
		"Tickets,,,\nde,la semana,,\n":     "header_row: 3",
		"\n\n":                             "",
	} {
		dir := folder(t, map[string]string{"tickets.csv": title + tickets("Nota")})
		_, text := drafted(t, dir, intake.Reading{})
		if strings.Contains(text, "header_row") != (want != "") || !strings.Contains(text, want) || !strings.Contains(text, "{{Ticket}}") {
			t.Errorf("%q:\n%s", title, text)
		}
	}
}

func TestTheFolderOfFilesThatCellsName(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		given string
		want  string // root of the attachments; "" is none
	}{
		"beside the input":       {[]string{"adjuntos/a.pdf", "adjuntos/b.pdf"}, "", `root: "adjuntos"`},
		"the given one":          {[]string{"x/a.pdf", "deep/er/a.pdf"}, "deep/er", `root: "deep/er"`},
		"this program's reports": {[]string{"tickets.check/a.pdf", "tickets.import/a.pdf"}, "", ""},
		"a hidden one":           {[]string{".cache/a.pdf"}, "", ""},
	} {
		files := map[string]string{"tickets.csv": tickets("Archivos", "a.pdf", "a.pdf", "", "a.pdf")}
		for _, file := range c.files {
			files[file] = "pdf"
		}
		dir := folder(t, files)
		r := intake.Reading{}
		if c.given != "" {
			r.Attachments = filepath.Join(dir, c.given)
		}
		_, text := drafted(t, dir, r)
		if c.want != "" && !strings.Contains(text, c.want) || c.want == "" && strings.Contains(text, "\n  root: ") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func TestAFolderForEachKey(t *testing.T) {
	dir := folder(t, map[string]string{
		"tickets.csv": tickets("Nota"), "fotos/T-3/1.jpg": "x", "fotos/T-3/2.jpg": "x", "fotos/otros/9.jpg": "x",
	})
	_, text := drafted(t, dir, intake.Reading{})
	if !strings.Contains(text, `root: "fotos"`) || !strings.Contains(text, "{{Ticket}}/**") {
		t.Error(text)
	}
}

func TestAFileBesideItWhoseRowsBelongToTheInputs(t *testing.T) {
	var notes, copied strings.Builder
	notes.WriteString("Ticket,Fecha,Comentario\n")
	for i := range 30 { // several for each ticket
		fmt.Fprintf(&notes, "T-%d,2024-01-%02d,Comentario largo número %d\n", i%10, i%28+1, i)
	}
	copied.WriteString(tickets("Nota")) // one for each: a copy
	for name, c := range map[string]struct {
		file, text string
		want       bool
	}{
		"comments":          {"comentarios.csv", notes.String(), true},
		"a copy":            {"copia.csv", copied.String(), false},
		"something else":    {"otros.csv", strings.ReplaceAll(notes.String(), "T-", "Z-"), false},
		"of another format": {"comentarios.txt", notes.String(), false},
		"a damaged file":    {"comentarios.xlsx", "PK\x03\x04 no", false},
	} {
		dir := folder(t, map[string]string{"tickets.csv": tickets("Nota"), c.file: c.text})
		_, text := drafted(t, dir, intake.Reading{})
		if strings.Contains(text, "lookups:") != c.want || c.want && !strings.Contains(text, `file: "`+c.file) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

func TestPathsAreFromTheMappingsFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"tickets.csv": tickets("Archivos", "a.pdf", "a.pdf"), "files/a.pdf": "pdf", "maps/keep": "",
	})
	_, text := drafted(t, dir, intake.Reading{Mapping: filepath.Join(dir, "maps", "m.yaml")})
	if !strings.Contains(text, `root: "../files"`) {
		t.Error(text)
	}
}

func TestWhatCannotBeDraftedIsAMistakeAndWritesNothing(t *testing.T) {
	dir := folder(t, map[string]string{"tickets.csv": tickets("Nota"), "bad.xlsx": "PK\x03\x04 no"})
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, r := range map[string]intake.Reading{
		"no input":         {},
		"two inputs":       {Inputs: []string{path("tickets.csv"), path("tickets.csv")}},
		"a missing one":    {Inputs: []string{path("gone.csv")}},
		"a damaged one":    {Inputs: []string{path("bad.xlsx")}},
		"a long delimiter": {Inputs: []string{path("tickets.csv")}, Delimiter: "ab"},
		"no such folder":   {Inputs: []string{path("tickets.csv")}, Mapping: path("gone/m.yaml")},
	} {
		_, err := sample.Init(t.Context(), r)
		if mistake := new(usage.Error); !errors.As(err, &mistake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sample.Init(ended, intake.Reading{Inputs: []string{path("tickets.csv")}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, name := range []string{"tickets.yaml", "bad.yaml", "gone.yaml"} {
		if _, err := os.Lstat(path(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Error(name, "was written")
		}
	}
}
