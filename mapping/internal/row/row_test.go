package row

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/yamlfile"
)

var header = []string{"ID", "Asunto", "Año", "a|b", "Twice", "twice", ""}

var at = yamlfile.Position{Line: 1, Column: 1}

func columns(empty ...string) *Columns {
	return NewColumns(&steps.Reader{File: yamlfile.New("m.yaml", nil)}, header, empty)
}

func cells() []string { return []string{"7", " Hola <b>tú</b> ", "2025", "pipe", "x", "y", "z"} }

func TestTemplates(t *testing.T) {
	for source, want := range map[string]string{
		"":                        "",
		"constant":                "constant",
		"{{ID}}":                  "7",
		"{{ id }}":                "7",
		"T-{{ID}}/{{An\u0303o}}.": "T-7/2025.",
		"{{ID}}{{ID}}":            "77",
		"{{Asunto}}":              " Hola <b>tú</b> ",
		"{{Asunto|trim}}":         "Hola <b>tú</b>",
		"{{Asunto|html}}":         "Hola tú",
		"{{Asunto|html|upper}}":   "HOLA TÚ",
		"{{Asunto | html|fold }}": "hola tu",
		"{{a|b}}":                 "pipe",
		"}} { }":                  "}} { }",
		"{{ID}} }}":               "7 }}",
	} {
		c := columns()
		read := c.Text(NewTemplate(c.Reader, source, at))
		r := Row{Cells: cells()}
		if got := read(&r); got != want || c.Mistakes.Err() != nil || r.Fault() != nil {
			t.Errorf("%q: got %q, want %q (%v)", source, got, want, c.Mistakes.Err())
		}
	}
}

func TestMistakesOfTemplates(t *testing.T) {
	for source, want := range map[string]string{
		"{{ID":                         "a {{ is not closed by }}",
		"{{}}":                         "{{}} names no column",
		"{{ }}":                        "{{}} names no column",
		"{{Asnto}}":                    `there is no column "Asnto"; the nearest is "Asunto"`,
		"{{Ciudad}}":                   `there is no column "Ciudad"; the header has "ID", "Asunto"`,
		"{{Twice}}":                    `the column "Twice" occurs 2 times in the header (columns E, F)`,
		"{{Asunto|htm}}":               `there is no converter "htm"; there are "fold", "html", "lower", "trim", "upper"`,
		"{{Asnto|html}}":               `there is no column "Asnto"`,
		strings.Repeat("{{ID}}", 2000): "a text has at most 500 columns in it",
	} {
		c := columns()
		c.Text(NewTemplate(c.Reader, source, at))
		if err := c.Mistakes.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", source, err, want)
		}
	}
}

func TestWhatIsKnownOfATemplateBeforeItIsCompiled(t *testing.T) {
	for source, want := range map[string]struct {
		constant, key     bool
		canonical, filled string
	}{
		"x":                {true, false, "x", "x"},
		"{{ Key }}-{{B}}":  {false, true, "{{key}}-{{b}}", "?-?"},
		"key":              {true, false, "key", "key"},
		"{{An\u0303o}} K":  {false, false, "{{año}} K", "? K"},
		"{{key|html}}/*.*": {false, false, "{{key|html}}/*.*", "?/*.*"},
	} {
		c := columns()
		tpl := NewTemplate(c.Reader, source, at)
		if tpl.Constant() != want.constant || tpl.Uses("key") != want.key || tpl.Canonical() != want.canonical || tpl.Filled("?") != want.filled || tpl.String() != source || tpl.At() != at {
			t.Errorf("%q: %v %v %q %q", source, tpl.Constant(), tpl.Uses("key"), tpl.Canonical(), tpl.Filled("?"))
		}
	}
}

// A template whose columns are all literal comes back letter for letter, and the canonical
// spelling of a canonical spelling is the same.
func TestCanonicalSpellingIsStable(t *testing.T) {
	piece := rapid.SampledFrom([]string{"x", " ", "-", "{{ID}}", "{{ id }}", "{{Año}}", "ñ", "{", "}"})
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		c := columns()
		tpl := NewTemplate(c.Reader, source, at)
		if c.Mistakes.Err() != nil {
			return
		}
		if once := tpl.Canonical(); NewTemplate(c.Reader, once, at).Canonical() != once {
			t.Fatalf("%q became %q and then another", source, once)
		}
	})
}

func TestColumnsThatAreUsedAreKnown(t *testing.T) {
	c := columns()
	c.Text(NewTemplate(c.Reader, "{{Año}} {{ID}} {{ID}} {{none}}", at))
	c.Column("a|b", at)
	c.ShownColumn("Asunto", at)
	c.ShownColumn("ID", at)
	c.ShownColumn("Asunto", at)
	if got := fmt.Sprint(c.Used(), c.Shown()); got != "[0 1 2 3] [1 0]" {
		t.Errorf("got %s", got)
	}
}

func TestShownTextsStandBehindTheCells(t *testing.T) {
	c := columns()
	year, again, id := c.ShownColumn("Año", at), c.ShownColumn("año", at), c.ShownColumn("ID", at)
	r := Row{Cells: append(cells(), "año 2025", "n.º 7")}
	if got := fmt.Sprint(year(&r), again(&r), id(&r)); got != "año 2025año 2025n.º 7" {
		t.Errorf("got %s", got)
	}
	if c.ShownColumn("Anio", at)(&r); c.Mistakes.Err() == nil {
		t.Error("a column that isn't there has a text")
	}
}

func TestCellsThatCountAsEmpty(t *testing.T) {
	c := columns("NULL", " - ", "")
	read := c.Column("Asunto", at)
	for cell, want := range map[string]string{"NULL": "", " NULL ": "", "-": "", "null": "null", " x ": " x ", "": ""} {
		r := Row{Cells: []string{"", cell}}
		if got := read(&r); got != want {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}

func TestWordsStandForTextsOnlyWhileTheyAreCompiled(t *testing.T) {
	c := columns()
	var marked Text
	c.WithWord("key", func(r *Row) string { return r.Key }, func() { marked = c.Text(NewTemplate(c.Reader, "[{{Key}}]", at)) })
	var r Row
	r.Begin(cells(), "k-1")
	if got := marked(&r); got != "[k-1]" || c.Mistakes.Err() != nil {
		t.Errorf("got %s %v", got, c.Mistakes.Err())
	}
	if c.Text(NewTemplate(c.Reader, "{{key}}", at)); c.Mistakes.Err() == nil {
		t.Error("{{key}} is still known")
	}
}

func TestPiecesAreReadOneByOne(t *testing.T) {
	c := columns()
	var got []string
	r := Row{Cells: cells()}
	for _, p := range c.Pieces(NewTemplate(c.Reader, "T-{{ID}}/{{Año}}", at)) {
		if p.Text == nil {
			got = append(got, "literal "+p.Literal)
			continue
		}
		got = append(got, p.Column+" "+p.Text(&r))
	}
	if want := []string{"literal T-", "ID 7", "literal /", "Año 2025"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestJSONWithColumns(t *testing.T) {
	for _, c := range []struct{ source, cell, want string }{
		{`{"value":"{{ID}}"}`, "7", `{"value":"7"}`},
		{`{"value":"{{ID}}"}`, `a"b\`, `{"value":"a\"b\\"}`},
		{`{"value":{{ID}}}`, " 7.5 ", `{"value":7.5}`},
		{`{"value":{{ID}}}`, "7,5", "!invalid_json"},
		{`{"value":{{ID}}}`, "", ""},
		{`{"value":"{{ID}}"}`, " ", ""},
		{`{"a":"{{ID}}","b":"{{Año}}"}`, "", `{"a":"","b":"2025"}`},
		{`[1, 2]`, "", "[1, 2]"},
		{`"{{ID}}-{{Año}}"`, "7", `"7-2025"`},
		{`{"a\"{{ID}}":1}`, "7", `{"a\"7":1}`},
	} {
		columns := columns()
		read := columns.JSON(NewJSON(columns.Reader, c.source, at), "form.X")
		r := Row{Cells: append([]string{c.cell}, cells()[1:]...)}
		got := read(&r)
		if p := r.Fault(); p != nil {
			got = "!" + p.Error
		}
		if got != c.want || columns.Mistakes.Err() != nil {
			t.Errorf("%s of %q: got %s, want %s (%v)", c.source, c.cell, got, c.want, columns.Mistakes.Err())
		}
	}
	for _, source := range []string{`{a: 1}`, `{"a": {{ID}`, `{"a": }`, `{"a": "{{ID}}}`, ``} {
		c := columns()
		if NewJSON(c.Reader, source, at); c.Mistakes.Err() == nil {
			t.Errorf("%s is JSON", source)
		}
	}
}

func TestExpressionsReadTheirColumns(t *testing.T) {
	c := columns("NULL")
	read := c.Expression(&Expression{`row["id"] + row["Año"]`, at}, "form.X")
	when := c.Condition(&Expression{`number(row["ID"]) > 5`, at})
	for cell, want := range map[string]string{"7": "72025 true", "3": "32025 false", "NULL": "2025 false", "x": "x2025 !when"} {
		r := Row{Cells: append([]string{cell}, cells()[1:]...)}
		text := read(&r)
		yes, p := when(&r)
		got := fmt.Sprint(text, " ", yes)
		if p != nil {
			got = text + " !" + p.Field
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", cell, got, want)
		}
	}
	r := Row{Cells: cells()}
	failing := c.Expression(&Expression{`number(row["Asunto"])`, at}, "form.X")
	if got := failing(&r); got != "" {
		t.Errorf("got %q", got)
	}
	if p := r.Fault(); p == nil || p.Error != "expression" || p.Field != "form.X" || r.Fault() != nil {
		t.Errorf("got %+v", p)
	}
	for source, want := range map[string]string{`row["Z"]`: `there is no column "Z"`, `row["ID`: "can't be used", `split(row["Z"], ",")`: "a field needs a text"} {
		c := columns()
		if read := c.Expression(&Expression{source, at}, "x"); read == nil {
			t.Errorf("%s compiles to nothing", source)
		}
		if err := c.Mistakes.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestTheFirstFaultOfARowCounts(t *testing.T) {
	var r Row
	r.fault(&Problem{Error: "first"})
	r.fault(&Problem{Error: "second"})
	if p := r.Fault(); p.Error != "first" {
		t.Errorf("got %s", p.Error)
	}
	r.fault(&Problem{Error: "third"})
	if r.Begin(nil, ""); r.Fault() != nil {
		t.Error("another row has the problem of the one before")
	}
}

func TestATextOfColumnsIsBounded(t *testing.T) {
	c := columns()
	read := c.Text(NewTemplate(c.Reader, strings.Repeat("{{Asunto}}", 100), at))
	r := Row{Cells: []string{"", strings.Repeat("x", 1<<20)}}
	if read(&r); r.Fault() == nil {
		t.Error("100 MB are a text")
	}
}

// lookups reads a mapping's lookups over one file, c.csv.
func lookups(t *testing.T, yaml, csv string) (*steps.Reader, []*Lookup) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "m.yaml")
	for name, text := range map[string]string{"m.yaml": yaml, "c.csv": csv} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, root, err := yamlfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	d := &steps.Reader{File: file, Tables: func(path string) (lines.Table, error) {
		text, err := os.ReadFile(path)
		return &table{rows: strings.Split(strings.TrimSpace(string(text)), "\n")}, err
	}}
	all := NewLookups(d, d.Pairs(root, "a mapping")[0])
	t.Cleanup(func() {
		for _, l := range all {
			l.Close()
		}
	})
	return d, all
}

type table struct {
	rows []string
	at   int
}

func (t *table) Header() []string { return strings.Split(t.rows[0], "|") }
func (t *table) Next() bool       { t.at++; return t.at < len(t.rows) && t.rows[t.at] != "broken" }
func (t *table) Cells() []string  { return strings.Split(t.rows[t.at], "|") }
func (t *table) Close() error     { return nil }
func (t *table) Err() error {
	if t.at < len(t.rows) {
		return errors.New("row is broken")
	}
	return nil
}

const hilo = "lookups:\n  hilo: {file: c.csv, column: Ticket, on: 'T{{ID}}', each: '{{Autor}}: {{Texto|html}}'}\n"

func TestLookupsAreWordsOfTexts(t *testing.T) {
	_, all := lookups(t, hilo, "Ticket|Autor|Texto\nT7|Ana|<b>uno</b>\nT8|Iván|dos\n T7 |Luis|tres")
	c := columns()
	c.Lookup(all[0])
	read := c.Text(NewTemplate(c.Reader, "{{ID}} {{Hilo}}", at))
	for id, want := range map[string]string{"7": "7 Ana: uno\nLuis: tres", "9": "9 "} {
		r := Row{Cells: append([]string{id}, cells()[1:]...)}
		if got := read(&r); got != want || r.Fault() != nil {
			t.Errorf("%s: got %q", id, got)
		}
	}
	if n, err := all[0].Orphans(); n != 1 || err != nil || all[0].Name() != "hilo" {
		t.Errorf("%d orphans of %s, %v", n, all[0].Name(), err)
	}
	clash := NewColumns(&steps.Reader{File: yamlfile.New("m.yaml", nil)}, []string{"ID", "HILO"}, nil)
	if clash.Lookup(all[0]); clash.Mistakes.Err() == nil {
		t.Error("a lookup has the name of a column")
	}
}

func TestMistakesOfLookups(t *testing.T) {
	csv := "Ticket|Autor|Texto\nT7|Ana|uno"
	for name, c := range map[string]struct{ yaml, csv, want string }{
		"another key":  {strings.Replace(hilo, "each", "every", 1), csv, `a lookup has no key "every"`},
		"no key":       {strings.Replace(hilo, "on: 'T{{ID}}', ", "", 1), csv, "the lookup hilo needs file, column, on and each"},
		"a constant":   {strings.Replace(hilo, "T{{ID}}", "T", 1), csv, "on must differ from row to row"},
		"no file":      {strings.Replace(hilo, "c.csv", "d.csv", 1), csv, "there is no such file"},
		"no column":    {strings.Replace(hilo, "Ticket", "Tiket", 1), csv, `there is no column "Tiket"; the nearest is "Ticket" of c.csv`},
		"in its lines": {strings.Replace(hilo, "Texto", "Txto", 1), csv, `there is no column "Txto"; the nearest is "Texto" of c.csv`},
		"a broken row": {hilo, csv + "\nbroken\nT8|x|y", "row is broken"},
	} {
		d, all := lookups(t, c.yaml, c.csv)
		if err := d.Mistakes.Err(); err == nil || !strings.Contains(err.Error(), c.want) || len(all) > 0 && name != "a constant" {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestColumnLetters(t *testing.T) {
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		if got := columnLetters(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

// A condition that couldn't read its lookup must stop the row: an empty text in the place of the
// lines would decide whether the row is meant.
func TestALookupThatFailsInWhenStopsTheRow(t *testing.T) {
	_, all := lookups(t, hilo, "Ticket|Autor|Texto\nT7|Ana|uno")
	c := columns()
	c.Lookup(all[0])
	conditions := map[string]bool{`row["hilo"] != ""`: true, `row["hilo"] == ""`: false}
	compiled := map[string]func(*Row) (bool, *Problem){}
	for source, want := range conditions {
		when := c.Condition(&Expression{source, at})
		if when == nil || c.Mistakes.Err() != nil {
			t.Fatalf("%s: %v", source, c.Mistakes.Err())
		}
		r := Row{Cells: cells()}
		if got, p := when(&r); got != want || p != nil {
			t.Errorf("%s: got %v, %+v", source, got, p)
		}
		compiled[source] = when
	}
	all[0].Close()
	for source, when := range compiled {
		r := Row{Cells: cells()}
		yes, p := when(&r)
		if yes || p == nil || p.Error != "lookup" || p.Field != "lookups.hilo" || p.Hint == "" {
			t.Errorf("%s without its lines: got %v, %+v", source, yes, p)
		}
		if r.Fault() != nil {
			t.Errorf("%s: the problem would be told twice", source)
		}
	}
}
