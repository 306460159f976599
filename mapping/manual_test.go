package mapping_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"wolkvox-import/mapping"
	"wolkvox-import/mapping/internal/steps"
)

// manual is the package comment of the language.
func manual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("mapping.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, _, _ := strings.Cut(string(text), "\npackage mapping")
	return strings.ReplaceAll(doc, "\n//\t", "\n")
}

// constructs are examples of everything in the language, by the words with which the manual
// introduces it. Each is a field X of the form, applied to a cell of the column C; D has "d".
var constructs = map[string]struct{ field, cell, want string }{
	"a constant":           {`Request`, "", `"Request"`},
	"{{column|converter}}": {`"{{C|html|upper}}!"`, "<b>x</b>", `"X!"`},
	"status: {column:":     {`{column: C}`, "a", `"a"`},
	"status: {text:":       {`{text: "{{C}}"}`, "a", `"a"`},
	"an expression":        {`{expr: 'row["C"] == "Tel" ? "phone" : "web"'}`, "Tel", `"phone"`},
	"in form: an object":   {`{type: currency, value: "{{C}}"}`, "10", `{"type":"currency","value":"10"}`},
	"in form: the same":    {`{json: '{"type": "currency", "value": {{C}}}'}`, "10", `{"type": "currency", "value": 10}`},
	"trim: true *":         {`{column: C, trim: true}`, " a ", `"a"`},
	"lower: true *":        {`{column: C, lower: true}`, "Á", `"á"`},
	"upper: true *":        {`{column: C, upper: true}`, "á", `"Á"`},
	"fold: true *":         {`{column: C, fold: true}`, " Petición ", `"peticion"`},
	"html: true *":         {`{column: C, html: true}`, "<p>a</p><p>b</p>", `"a\n\nb"`},
	"replace: {":           {`{column: C, replace: {'a+': b}}`, "caaat", `"cbt"`},
	"values: {":            {`{column: C, values: {a: b, "*": c}}`, "q", `"c"`},
	"values_file: t.csv":   {`{column: C, values_file: t.csv}`, "a", `"b"`},
	"default: x":           {`{column: C, default: x}`, "", `"x"`},
	"allowed: [x, y]":      {`{column: C, allowed: [x, y]}`, "z", `!not_allowed`},
	`number: ","`:          {`{column: C, number: ","}`, "1.234,5", `"1234.5"`},
	"bool: [Sí, No]":       {`{column: C, bool: [Sí, No]}`, "yes", `"Sí"`},
	"date: DD/MM/YYYY":     {`{column: C, date: DD/MM/YYYY}`, "03/04/2025", `"2025-04-03"`},
	"tz: America/Bogota":   {`{column: C, date: true, tz: America/Bogota}`, "2025-04-03T02:00:00Z", `"2025-04-02 21:00:00"`},
	"max: 100":             {`{column: C, max: 2}`, "ñandú", `!too_long`},
	"cut: true":            {`{column: C, max: 2, cut: true}`, "ñandú", `"ña"`},
	"shown: true":          {`{column: C, shown: true}`, "1234.5", `"$ 1.234,50"`},
	"required: true":       {`{column: C, required: true}`, "", `!missing_value`},
}

func TestManual(t *testing.T) {
	doc := manual(t)
	for words, c := range constructs {
		t.Run(words, func(t *testing.T) {
			if !strings.Contains(doc, words) {
				t.Errorf("the manual has nothing of it")
			}
			_, p := compileIn(t, []string{"C", "D"}, map[string]string{"map.yaml": fieldMapping(c.field), "t.csv": "a|b\n"})
			made, problems := p.Apply([]string{c.cell, "d", "$ 1.234,50"}, "k")
			got := string(made.JSON)
			if len(problems) > 0 {
				got = "!" + problems[0].Error
			}
			if want := strings.TrimPrefix(c.want, "!"); !strings.Contains(got, want) {
				t.Errorf("%s of %q: got %s, want %s", c.field, c.cell, got, c.want)
			}
		})
	}
}

// Who adds a step to the language adds it to the manual, with an example.
func TestEveryConstructIsInTheManual(t *testing.T) {
	for _, step := range steps.Names() {
		found := false
		for words := range constructs {
			found = found || strings.HasPrefix(words, step+":")
		}
		if !found {
			t.Errorf("the step %s has no example", step)
		}
	}
	doc := manual(t)
	for _, name := range steps.Converters() {
		if !strings.Contains(doc, "\n"+name+": true *") {
			t.Errorf("the converter %s is not marked", name)
		}
	}
	for _, key := range []string{"operation", "key", "marker", "when", "input", "sheet", "header_row", "delimiter", "encoding", "empty", "lookups", "case", "closed", "attachments",
		"root", "files", "max_size", "max_total", "max_files", "types", "unusable", "names_in_description", "ignore_case"} {
		if !strings.Contains(doc, key+":") {
			t.Errorf("the manual has no %s", key)
		}
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tickets.yaml")
	os.WriteFile(path, []byte(`
operation: soporte_demo
key: "zoho-{{ID}}"
marker: "[ref:{{key}}]"
case:
  case-type: {column: Tipo, fold: true, values: {queja: Complaints}, default: Request}
  responsible: ADMIN_@demo
  owner: ADMIN_@demo
  contact: {column: Correo, trim: true, lower: true}
  description: "{{Asunto}}"
  status: abierto
  priority: media
`), 0o600)
	m, err := mapping.Load(path, nil)
	if err != nil {
		panic(err)
	}
	defer m.Close()
	p, err := m.Compile([]string{"ID", "Tipo", "Correo", "Asunto"}, mapping.Options{})
	if err != nil {
		panic(err)
	}
	defer p.Close()
	cells := []string{"7", "QUEJA", " Ana@Ejemplo.co ", "Sin señal"}
	key, _ := p.Key(cells)
	c, _ := p.Apply(cells, key)
	fmt.Println(c.Key, c.Type, c.Contact, c.Marker)
	_, problems := p.Apply([]string{"8", "", "", "Otra"}, "zoho-8")
	fmt.Println(problems[0].Field, problems[0].Error)
	// Output:
	// zoho-7 Complaints ana@ejemplo.co [ref:zoho-7]
	// contact missing_value
}

const lookupInKey = "key: 'k-{{hilo}}'\nlookups:\n  hilo: {file: c.csv, column: Ticket, on: '{{C}}', each: '{{Texto}}'}\n"

// A reader makes the keys of rows that are ahead of those which are applied. With a lookup in
// both, neither sees the row of the other.
func TestKeysAreMadeWhileRowsAreApplied(t *testing.T) {
	const rows = 500
	var csv strings.Builder
	csv.WriteString("Ticket|Texto\n")
	for i := range rows {
		fmt.Fprintf(&csv, "%d|text %d\n", i, i)
	}
	m, p := compileIn(t, []string{"C"}, map[string]string{"map.yaml": lookupInKey + fieldMapping("'{{hilo}}'"), "c.csv": csv.String()})
	k, err := m.CompileKey([]string{"C"})
	if err != nil || !k.Exists() {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		for i := range rows {
			if key, problem := k.Of([]string{fmt.Sprint(i)}); problem != nil || key != fmt.Sprintf("k-text %d", i) {
				t.Errorf("row %d: key %q, %v", i, key, problem)
			}
		}
	})
	both.Go(func() {
		for i := range rows {
			if got := form(t, p, fmt.Sprint(i)); got != fmt.Sprintf("text %d", i) {
				t.Errorf("row %d: %q", i, got)
			}
		}
	})
	both.Wait()
}

func TestKeysAreThoseOfTheProgram(t *testing.T) {
	m, err := mapping.Load(write(t, whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, k := compile(t, whole, header), (*mapping.Key)(nil)
	if k, err = m.CompileKey(header); err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"T-1", "", "NULL", "8.8077E+16", "Cafe\u0301"} {
		cells := row(map[string]string{"ID Ticket": cell})
		want, problem := p.Key(cells)
		if got, other := k.Of(cells); got != want || (other == nil) != (problem == nil) {
			t.Errorf("%q: %q %v, and %q %v by the program", cell, got, other, want, problem)
		}
	}
	if _, err := m.CompileKey([]string{"other"}); err == nil || !strings.Contains(err.Error(), `there is no column "ID Ticket"`) {
		t.Errorf("got %v", err)
	}
	none, err := mapping.Load(write(t, fieldMapping("x")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := none.CompileKey(nil); err != nil || k.Exists() {
		t.Errorf("a mapping without a key has one (%v)", err)
	}
}

// What a lookup's file holds is people's texts: a mapping that fails after it was read leaves
// none of it behind.
func TestMappingThatFailsLeavesNoLines(t *testing.T) {
	folder := t.TempDir()
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, folder)
	}
	csv := "Ticket|Texto\n" + strings.Repeat("7|"+strings.Repeat("secret ", 1000)+"\n", 3000)
	for name, field := range map[string]string{"by a mistake in the file": "{colum: C}", "by a column that the header lacks": "'{{Z}}'"} {
		m, err := mapping.Load(inDir(t, map[string]string{"map.yaml": lookupInKey + fieldMapping(field), "c.csv": csv}), tables)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Compile([]string{"C"}, mapping.Options{}); err == nil {
			t.Errorf("%s it did not fail", name)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
			t.Errorf("%s it left %v (%v)", name, entries, err)
		}
		m.Close()
	}
}
