package steps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"wolkvox-import/mapping/internal/lines"
	"wolkvox-import/mapping/internal/yamlfile"
)

// read reads the steps of a field of this YAML, such as "trim: true\nmax: 3".
func read(t testing.TB, steps string) (*Chain, *Reader) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte(steps), 0o600); err != nil {
		t.Fatal(err)
	}
	file, root, err := yamlfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	d := &Reader{File: file, Tables: tables}
	given := map[string]yamlfile.Node{}
	for _, p := range d.Pairs(root, "a field") {
		given[p.Key] = p.Value
	}
	return Read(d, "form.X", given), d
}

// tables opens files of one row a line, with | between cells.
func tables(path string) (lines.Table, error) {
	text, err := os.ReadFile(path)
	return &table{rows: strings.Split(strings.TrimSpace(string(text)), "\n")}, err
}

type table struct {
	rows []string
	at   int
}

func (t *table) Header() []string { return strings.Split(t.rows[0], "|") }
func (t *table) Next() bool       { t.at++; return t.at < len(t.rows) }
func (t *table) Cells() []string  { return strings.Split(t.rows[t.at], "|") }
func (t *table) Err() error       { return nil }
func (t *table) Close() error     { return nil }

// run returns what the steps make of a value, or ! and the word of the refusal.
func run(t testing.TB, steps, value string) string {
	t.Helper()
	c, d := read(t, steps)
	if err := d.Mistakes.Err(); err != nil {
		t.Fatalf("%s: %v", steps, err)
	}
	got, refusal := c.Run(value, nil)
	if refusal != nil {
		if refusal.Message == "" || refusal.Hint == "" || got != "" {
			t.Errorf("%s of %q: an incomplete refusal: %q %+v", steps, value, got, refusal)
		}
		return "!" + refusal.Word
	}
	return got
}

// examples are what each step does, by its name.
var examples = map[string][]struct{ steps, value, want string }{
	"trim": {
		{"trim: true", " a b\t", "a b"},
		{"trim: false", " a ", " a "},
		{"trim: true", "", ""},
	},
	"lower": {
		{"lower: true", "ÑANDÚ", "ñandú"},
		{"lower: false", "A", "A"},
	},
	"upper": {
		{"upper: true", "ñandú", "ÑANDÚ"},
		{"upper: true\nlower: true", "a", "A"}, // lower comes first, whatever the file's order
	},
	"fold": {
		{"fold: true", " Petición ", "peticion"},
		{"fold: false", "Petición", "Petición"},
		{"fold: true\nvalues: {En Curso: abierto}", "EN CURSÓ ", "abierto"},
		{"fold: true\nallowed: [Médio, Alto]", "MEDIO", "Médio"},
		{"fold: true\nreplace: {peticion: p}", "PETICIÓN", "p"},
		{"fold: true\nhtml: true\nvalues: {a: x}", "<b>A</b>", "x"},
	},
	"html": {
		{"html: true", "<p>Hola</p><p>a &amp; b</p>", "Hola\n\na & b"},
		{"html: false", "<p>a</p>", "<p>a</p>"},
	},
	"replace": {
		{`replace: {'\s+': ' ', '(\d+)-x': '$1'}`, "a  b 12-x", "a b 12"},
		{"replace: [{a: b}, {b: c}]", "a", "c"},
		{"replace: {b: c, a: b}", "a", "b"},
		{"replace: {'^RE: ': ''}", "RE: hola", "hola"},
		{"replace: {'(?i)x': y}", "xX", "yy"},
		{"replace: {a: ''}", "aaa", ""},
	},
	"values": {
		{"values: {a: b}", "a", "b"},
		{"values: {a: b}", "q", "!not_in_values"},
		{"values: {a: b}", "A", "!not_in_values"},
		{"values: {a: b}", "a ", "!not_in_values"},
		{"values: {a: b}", "", "!missing_value"},
		{"values: {a: b, '': c}", "", "c"},
		{"values: {a: b, '*': z}", "q", "z"},
		{"values: {a: b, '*': z}", "", "z"},
		{"values: {a: b}\ndefault: z", "q", "z"},
		{"trim: true\nvalues: {a: b}", " a ", "b"},
		{"values: {1: uno, 02: dos}", "02", "dos"},
	},
	"values_file": {
		{"values_file: agents.csv", "Ana", "ana@x"},
		{"values_file: agents.csv", "Luis", "otro@x"},
		{"fold: true\nvalues_file: agents.yaml", "INIGO", "i@x"},
		{"values_file: agents.yaml", "INIGO", "!not_in_values"},
	},
	"default": {
		{"default: z", "", "z"},
		{"default: z", "  ", "z"},
		{"default: z", "a", "a"},
		{"default: ''", " ", ""},
		{"trim: true\ndefault: z\nmax: 1", "", "z"},
	},
	"allowed": {
		{"allowed: [x, y]", "y", "y"},
		{"allowed: [x, y]", "z", "!not_allowed"},
		{"allowed: [x, y]", "", ""},
		{"allowed: x", "x", "x"},
		{"upper: true\ndefault: q\nallowed: [Q]", "", "!not_allowed"}, // default comes after upper
	},
	"number": {
		{"number: true", "1.234,56", "1234.56"},
		{"number: true", "1.234", "!ambiguous_number"},
		{"number: ','", "1.234", "1234"},
		{"number: {decimal: '.'}", "1.234", "1.234"},
		{"number: true", "doce", "!not_a_number"},
		{"number: true", "", ""},
		{"number: false", "doce", "doce"},
	},
	"bool": {
		{"bool: true", "Sí", "true"},
		{"bool: true", "não", "false"},
		{"bool: true", "X", "true"},
		{"bool: true", "0", "false"},
		{"bool: [Sí, No]", "FALSE", "No"},
		{"bool: [Sí, No]", "yes", "Sí"},
		{"bool: true", "tal vez", "!not_a_bool"},
		{"bool: true", "", ""},
		{"bool: false", "tal vez", "tal vez"},
	},
	"date": {
		{"date: true", "2025-04-03", "2025-04-03"},
		{"date: true", "03/04/2025", "!date_without_pattern"},
		{"date: true", "", ""},
		{"date: false", "hoy", "hoy"},
		{"date: DD/MM/YYYY", "03/04/2025", "2025-04-03"},
		{"date: DD/MM/YYYY", "31/04/2025", "!not_a_date"},
		{"date: [DD/MM/YYYY, MM/DD/YYYY]", "03/25/2025", "2025-03-25"},
		{"date: {from: DD/MM/YYYY, to: DD.MM.YY}", "03/04/2025", "03.04.25"},
		{"date: {to: YYYY}", "2025-04-03", "!mistake"},
	},
	"tz": {
		{"date: true\ntz: America/Bogota", "2025-04-03T02:00:00Z", "2025-04-02 21:00:00"},
		{"date: true\ntz: {from: UTC, to: America/Bogota}", "2025-04-03 02:00", "2025-04-02 21:00:00"},
		{"date: true\ntz: {to: America/Bogota}", "2025-04-03", "2025-04-03"}, // a day has no zone
	},
	"max":      {{"max: 2", "ñandú", "ñandú"}}, // is looked at when the case is written
	"cut":      {{"max: 2\ncut: true", "ñandú", "ñandú"}},
	"shown":    {{"shown: true", "a", "a"}},
	"required": {{"required: true", "", ""}},
}

func TestEveryStepDoesWhatItsExampleSays(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"agents.csv": "Agente|Correo\nAna|ana@x\n*|otro@x\n", "agents.yaml": "Ana: ana@x\nÍñigo: i@x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, list := range examples {
		for _, e := range list {
			if e.want == "!mistake" {
				if _, d := read(t, e.steps); d.Mistakes.Err() == nil {
					t.Errorf("%s: %s has no mistake", name, e.steps)
				}
				continue
			}
			steps := strings.Replace(e.steps, "values_file: ", "values_file: "+filepath.ToSlash(dir)+"/", 1)
			if got := run(t, steps, e.value); got != e.want {
				t.Errorf("%s: %s of %q: got %q, want %q", name, e.steps, e.value, got, e.want)
			}
		}
	}
}

func TestEveryStepHasAnExample(t *testing.T) {
	for _, name := range Names() {
		if len(examples[name]) == 0 {
			t.Errorf("%s has none", name)
		}
	}
	for name := range examples {
		if !slices.Contains(Names(), name) {
			t.Errorf("%s is no step", name)
		}
	}
}

// A converter does in a text what the step of its name does to a field.
func TestConvertersAreSteps(t *testing.T) {
	for _, name := range Converters() {
		if !slices.Contains(Names(), name) {
			t.Errorf("%s is no step", name)
			continue
		}
		for _, value := range []string{" Ñandú <b>x</b> ", "", "a &amp; b"} {
			if got, want := Converter(name)(value), run(t, name+": true", value); got != want {
				t.Errorf("%s of %q: the converter makes %q, the step %q", name, value, got, want)
			}
		}
	}
	if Converter("number") != nil {
		t.Error("number is a converter")
	}
}

func TestStepsOfAChainAreDoneInTheTablesOrder(t *testing.T) {
	c, d := read(t, "max: 5\ndate: true\ndefault: 2025-01-01\nupper: true\ntrim: true\n")
	if err := d.Mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	var seen []string
	got, refusal := c.Run("  ", func(step, value string) { seen = append(seen, step+"="+value) })
	if want := "trim= upper= default=2025-01-01 date=2025-01-01"; strings.Join(seen, " ") != want || got != "2025-01-01" || refusal != nil {
		t.Errorf("got %q by %s, want %s", got, seen, want)
	}
	if c.Max != 5 || c.Cut || c.Required || c.Shown {
		t.Errorf("the properties are %+v", c)
	}
	if patterns, ok := c.DatePatterns(); !ok || len(patterns) != 0 {
		t.Errorf("its dates are %v, %v", patterns, ok)
	}
	for step, want := range map[string]bool{"default": true, "trim": false, "": false, "date": false} {
		if c.BeforeDate(step) != want {
			t.Errorf("%q stands before date: %v", step, !want)
		}
	}
	alone, _ := read(t, "date: DD/MM/YYYY")
	if patterns, _ := alone.DatePatterns(); !alone.BeforeDate("") || !slices.Equal(patterns, []string{"DD/MM/YYYY"}) {
		t.Errorf("a date alone: %v", patterns)
	}
	if none := (&Chain{}); none.BeforeDate("") {
		t.Error("no steps have a date")
	}
}

func TestMistakesOfSteps(t *testing.T) {
	for steps, want := range map[string]string{
		"trim: yes":                          ":1:7: trim must be true or false",
		"max: -1":                            ":1:6: max must be a whole number",
		"cut: 1":                             ":1:6: cut must be true or false",
		"default: '{{C}}'":                   ":1:10: default is a constant",
		"default: TODO":                      ":1:10: this is still to be filled in",
		"default: [a]":                       ":1:10: default must be a text",
		"values: {a: TODO}":                  "this is still to be filled in: TODO",
		"values: a":                          ":1:9: values must be a list of `name: value`",
		"values: {a: [b]}":                   "a value must be a text",
		"fold: true\nvalues: {a: b, A: c}":   `:2:16: "a" stands twice, with "b" and "c"`,
		"values_file: none.csv":              ":1:14: values_file none.csv can't be read: there is no such file",
		"values: {a: b}\nvalues_file: x.csv": "form.X has both values and values_file",
		"replace: {'(': x}":                  ":1:11: the pattern \"(\" can't be used",
		"replace: {a: [b]}":                  "a replacement must be a text",
		"replace: {'" + strings.Repeat("a", 1001) + "': x}": "a pattern has at most 1000 characters",
		"number: ';'":                 ":1:9: the decimal mark is",
		"number: {decimals: ','}":     `number has no key "decimals"; the nearest is "decimal"`,
		"bool: [a]":                   ":1:7: bool must be true, or the two texts",
		"bool: [a, b, c]":             "the two texts",
		"date: DD/MM":                 "needs a year, a month and a day",
		"date: TODO":                  "still to be filled in",
		"date: {form: DD/MM/YYYY}":    `date has no key "form"; the nearest is "from"`,
		"date: {to: D MMM YYYY}":      "to can't have MMM in it",
		"tz: UTC":                     ":1:5: form.X: tz needs a date beside it",
		"date: true\ntz: Bogota":      `:2:5: there is no time zone "Bogota"`,
		"date: true\ntz: Local":       `there is no time zone "Local"`,
		"date: true\ntz: {form: UTC}": `tz has no key "form"; the nearest is "from"`,
	} {
		_, d := read(t, steps)
		if err := d.Mistakes.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got %v, want %s", steps, err, want)
		}
	}
}

func TestHintsSayWhatToDoNext(t *testing.T) {
	for _, c := range []struct{ steps, value, want string }{
		{"values: {Abierto: a}", "Abirto", `the nearest value is "Abierto"`},
		{"values: {Abierto: a}", "ABIERTO", "add fold: true"},
		{"values: {Abierto: a}", "Abierto ", "add trim: true"},
		{"values: {Abierto: a}", "Congelado", "add the value to the mapping"},
		{"allowed: [Alto, Bajo]", "Alta", `the nearest that is allowed is "Alto"`},
		{"allowed: [Alto, Bajo]", "Urgente", `allowed are "Alto", "Bajo"`},
		{"number: true", "1.234", "decimal mark"},
		{"date: true", "03/04/2025", `date: {from: "DD/MM/YYYY HH:mm"}`},
		{"date: MM/DD/YYYY", "25/04/2025", "it can be read as DD/MM/YYYY"},
	} {
		chain, _ := read(t, c.steps)
		if _, refusal := chain.Run(c.value, nil); refusal == nil || !strings.Contains(refusal.Hint, c.want) {
			t.Errorf("%s of %q: %+v, want %s", c.steps, c.value, refusal, c.want)
		}
	}
	long, _ := read(t, "values: {a: b}")
	if _, refusal := long.Run(strings.Repeat("x", 10_000), nil); len(refusal.Message) > 200 || len(refusal.Value) != 10_000 {
		t.Errorf("a long cell makes a long message: %d characters", len(refusal.Message))
	}
}

// Replacing is refused before it can fill the memory.
func TestReplacingIsBounded(t *testing.T) {
	if got := run(t, "replace: {'.': '"+strings.Repeat("$0", 400)+"'}", strings.Repeat("x", 100_000)); got != "!too_long" {
		t.Errorf("got %.40q", got)
	}
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.StringN(0, 100, -1).Draw(r, "value")
		if got := run(t, "replace: {'(?s)(.*)': '$1'}", value); got != value {
			r.Fatalf("%q became %q", value, got)
		}
	})
}
