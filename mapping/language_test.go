package mapping_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/mapping"
)

// field is a mapping whose form has one field, X.
func fieldMapping(field string) string {
	return "operation: op\ncase:\n  case-type: Request\n  responsible: a\n  owner: a\n  contact: a@b\n  description: d\n  status: s\n  priority: p\n  form:\n    X: " + field + "\n"
}

// value applies the field to a cell of the column C; another column, D, has "d". It
// returns the field's JSON, "" if it was left out, or the word of the problem.
func value(t *testing.T, field, cell string) (text, problem string) {
	t.Helper()
	p := compile(t, fieldMapping(field), []string{"C", "D"})
	c, problems := p.Apply([]string{cell, "d"}, "k")
	if len(problems) > 0 {
		if problems[0].Field != "form.X" && !strings.HasPrefix(problems[0].Field, "form.X.") || problems[0].Message == "" || problems[0].Hint == "" {
			t.Errorf("%s of %q: an incomplete problem: %+v", field, cell, problems[0])
		}
		return "", problems[0].Error
	}
	var whole struct{ Form map[string]json.RawMessage }
	if err := json.Unmarshal(c.JSON, &whole); err != nil {
		t.Fatalf("%s: %v", c.JSON, err)
	}
	return string(whole.Form["X"]), ""
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ field, cell, want string }{
		{`{column: C, fold: true}`, " Petición ", `"peticion"`},
		{`{column: C, fold: true, values: {En Curso: abierto}}`, "EN CURSÓ ", `"abierto"`},
		{`{column: C, fold: true, allowed: [Médio, Alto]}`, "MEDIO", `"Médio"`},
		{`{column: C, html: true}`, "<p>Hola</p><p>a &amp; b</p>", `"Hola\n\na & b"`},
		{`"{{C|html|upper}}!"`, "<b>x</b>", `"X!"`},
		{`{column: C, replace: {'\s+': ' ', '(\d+)-x': '$1'}}`, "a  b 12-x", `"a b 12"`},
		{`{column: C, replace: [{a: b}, {b: c}]}`, "a", `"c"`},
		{`{column: C, values: {a: b, "*": z}}`, "q", `"z"`},
		{`{column: C, values: {a: b}, default: z}`, "q", `"z"`},
		{`{column: C, values: {a: b}}`, "q", "!not_in_values"},
		{`{column: C, values: {a: b}}`, "", "!missing_value"},
		{`{column: C, allowed: [x, y]}`, "y", `"y"`},
		{`{column: C, allowed: [x, y]}`, "z", "!not_allowed"},
		{`{column: C, allowed: [x, y]}`, "", ""},
		{`{column: C, upper: true, default: q, allowed: [Q]}`, "", "!not_allowed"}, // default comes after upper

		{`{column: C, number: true}`, "1.234,56", `"1234.56"`},
		{`{column: C, number: true}`, "1,234.56", `"1234.56"`},
		{`{column: C, number: true}`, "1.234.567", `"1234567"`},
		{`{column: C, number: true}`, "$ 1.234.567,8 COP", `"1234567.8"`},
		{`{column: C, number: true}`, "(12,50)", `"-12.50"`},
		{`{column: C, number: true}`, "12-", `"-12"`},
		{`{column: C, number: true}`, "0,125", `"0.125"`},
		{`{column: C, number: true}`, "007", `"7"`},
		{`{column: C, number: true}`, "1.234", "!ambiguous_number"},
		{`{column: C, number: ","}`, "1.234", `"1234"`},
		{`{column: C, number: {decimal: "."}}`, "1.234", `"1.234"`},
		{`{column: C, number: ","}`, "1,234.5", "!not_a_number"},
		{`{column: C, number: true}`, "1,23,456.7", "!not_a_number"},
		{`{column: C, number: true}`, "3-4", "!not_a_number"},
		{`{column: C, number: true}`, "doce", "!not_a_number"},
		{`{column: C, number: true}`, "-", "!not_a_number"},
		{`{column: C, number: true}`, "", ""},

		{`{column: C, bool: true}`, "Sí", `"true"`},
		{`{column: C, bool: true}`, "não", `"false"`},
		{`{column: C, bool: [Sí, No]}`, "FALSE", `"No"`},
		{`{column: C, bool: true}`, "tal vez", "!not_a_bool"},

		{`{column: C, date: {from: "DD/MM/YYYY HH:mm", to: "YYYY-MM-DD"}}`, "3/4/2025 9:05", `"2025-04-03"`},
		{`{column: C, date: {from: "MM/DD/YYYY hh:mm A"}}`, "03/04/2025 12:05 AM", `"2025-03-04 00:05:00"`},
		{`{column: C, date: {from: "DD/MM/YYYY hh:mm A"}}`, "03/04/2025 1:05 p. m.", `"2025-04-03 13:05:00"`},
		{`{column: C, date: {from: "DD/MM/YYYY"}}`, "2025-04-03 10:00:00", `"2025-04-03 10:00:00"`},
		{`{column: C, date: "DD/MM/YYYY"}`, "31/04/2025", "!not_a_date"},
		{`{column: C, date: "DD/MM/YYYY"}`, "29/02/2024", `"2024-02-29"`},
		{`{column: C, date: "DD/MM/YYYY"}`, "29/02/2023", "!not_a_date"},
		{`{column: C, date: {from: [DD/MM/YYYY, "D MMM YYYY"], to: "DD.MM.YY"}}`, "5 Septiembre 2025", `"05.09.25"`},
		{`{column: C, date: true}`, "2025-04-03", `"2025-04-03"`},
		{`{column: C, date: YYYY-DD-MM}`, "2025-03-04", `"2025-04-03"`}, // who gives a pattern means it
		{`{column: C, date: true}`, "03/04/2025", "!date_without_pattern"},
		{`{column: C, date: true}`, "", ""},
		{`{column: C, date: {from: "DD/MM/YY"}}`, "03/04/71", `"1971-04-03"`},
		{`{column: C, date: {from: "DD/MM/YYYY HH:mm"}, tz: {from: UTC, to: America/Bogota}}`, "03/04/2025 02:00", `"2025-04-02 21:00:00"`},
		{`{column: C, date: true, tz: America/Bogota}`, "2025-04-03T02:00:00Z", `"2025-04-02 21:00:00"`},
		{`{column: C, date: {to: "YYYY-MM-DDTHH:mm:ssZ"}, tz: America/Bogota}`, "2025-04-03 02:00:00", `"2025-04-03T02:00:00-05:00"`},
		{`{column: C, date: true, tz: {to: America/Bogota}}`, "2025-04-03", `"2025-04-03"`}, // a day has no zone

		{`{json: '{"type":"currency","value":"{{C}}"}'}`, `1"0`, `{"type":"currency","value":"1\"0"}`},
		{`{json: '{"value":{{C}}}'}`, "12.5", `{"value":12.5}`},
		{`{json: '{"value":{{C}}}'}`, "12,5", "!invalid_json"},
		{`{json: '{"value":"{{C}}"}'}`, " ", ""},
		{`{json: '[1, 2]'}`, "", `[1, 2]`},
		{`{type: currency, value: "{{C}}"}`, "10", `{"type":"currency","value":"10"}`},
		{`{type: currency, value: "{{C}}"}`, "", ""},
		{`{a: {b: {column: C, number: true}, c: x}}`, "1,5", `{"a":{"b":"1.5","c":"x"}}`},
		{`{a: {b: {column: C, number: true}, c: x}}`, "y", "!not_a_number"},

		{`{expr: 'row["C"] == "Tel" ? "phone" : "web"'}`, "Tel", `"phone"`},
		{`{expr: 'upper(row["C"]) + row["D"]'}`, "a", `"Ad"`},
		{`{expr: 'number(row["C"]) * 2'}`, "1,5", `"3"`},
		{`{expr: 'number(row["C"]) > 2'}`, "3", `"true"`},
		{`{expr: 'number(row["C"])'}`, "x", "!expression"},
		{`{expr: 'date(row["C"], "DD/MM/YYYY", "YYYY-MM-DD")'}`, "03/04/2025", `"2025-04-03"`},
		{`{expr: 'days(row["C"], "2025-04-03")'}`, "2025-04-01", `"2"`},
		{`{expr: 'sha256(row["C"])[0:8]'}`, "abc", `"ba7816bf"`},
		{`{expr: 'fold(row["C"]) contains "peticion"'}`, "una PETICIÓN", `"true"`},
		{`{expr: 'digits(row.C)'}`, "+57 300-1", `"573001"`},
		{`{expr: 'row["C"]', values: {a: b}}`, "a", `"b"`},
		{`{column: C, required: true}`, "", "!missing_value"},
		{`{column: C, max: 2}`, "ñandú", "!too_long"},
		{`{column: C, max: 2, cut: true}`, "ñandú", `"ña"`},
	} {
		got, problem := value(t, c.field, c.cell)
		if problem != "" {
			got = "!" + problem
		}
		if got != c.want {
			t.Errorf("%s of %q: got %s, want %s", c.field, c.cell, got, c.want)
		}
	}
}

func TestMistakesOfTheLanguage(t *testing.T) {
	for field, want := range map[string]string{
		`{colum: C}`:                                  `form.X has no key "colum"; the nearest is "column"`,
		`{column: C, date: {from: "DD/MM"}}`:          "needs a year, a month and a day",
		`{column: C, date: {from: "DD/MM/YYYY W"}}`:   `has "W" in it, which is no token`,
		`{column: C, date: {to: "D MMM YYYY"}}`:       "to can't have MMM",
		`{column: C, tz: UTC}`:                        "tz needs a date",
		`{column: C, date: true, tz: Bogota}`:         `there is no time zone "Bogota"`,
		`{column: C, replace: {'(': x}}`:              "can't be used",
		`{column: C, number: ";"}`:                    "the decimal mark is",
		`{column: C, bool: [a]}`:                      "the two texts",
		`{json: '{"a": {{C}'}`:                        "this is not JSON",
		`{json: '{a: 1}'}`:                            "this is not JSON",
		`{expr: 'row["Z"]'}`:                          `there is no column "Z"`,
		`{expr: 'row["C'}`:                            "the expression can't be used",
		`{expr: 'map(1..100000000, # * 2)[0]'}`:       "the expression can't be used",
		`{expr: 'let a = row["C"]; a + a'}`:           "let is not part of it",
		`{expr: '1..1000000000'}`:                     ".. is not part of it",
		`{expr: 'now()'}`:                             "the expression can't be used",
		`{expr: 'row'}`:                               "uses row only with a column's name",
		`{expr: 'split(row["C"], ",")'}`:              "a field needs a text",
		`{expr: 'nope(row["C"])'}`:                    "the expression can't be used",
		`{values_file: none.csv, column: C}`:          "there is no such file",
		`{column: C, values: {a: b}, values_file: x}`: "both values and values_file",
		`"TODO: which?"`:                              "still to be filled in",
		`{column: "TODO"}`:                            "still to be filled in",
	} {
		if got := mistakes(t, fieldMapping(field), []string{"C", "D"}); !strings.Contains(got, want) || !strings.Contains(got, "map.yaml:11:") {
			t.Errorf("%s: %s", field, got)
		}
	}
	if got := mistakes(t, strings.Replace(fieldMapping("x"), "status: s", `status: {json: '"{{C}}"'}`, 1), []string{"C"}); !strings.Contains(got, "json is for the fields of form") {
		t.Error(got)
	}
}

func TestWhen(t *testing.T) {
	m, err := mapping.Load(write(t, "when: 'row[\"C\"] != \"Spam\"'\n"+fieldMapping("x")), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile([]string{"C"}, mapping.Options{When: `row["c"] matches "^[A-Z]"`})
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]bool{"Spam": false, "Otro": true, "otro": false} {
		if got, problem := p.Wants([]string{cell}); got != want || problem != nil {
			t.Errorf("%s: %v %v", cell, got, problem)
		}
	}
	if _, err = m.Compile([]string{"C"}, mapping.Options{When: `row["C"]`}); err == nil || !strings.Contains(err.Error(), "--when:1:1: the expression can't be used") {
		t.Errorf("%v", err)
	}
}

// tables is a mapping.Tables of files of one row a line, with | between cells.
func tables(path string) (mapping.Table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return &lineTable{header: strings.Split(lines[0], "|"), lines: lines}, nil
}

type lineTable struct {
	header, lines []string
}

func (l *lineTable) Header() []string { return l.header }
func (l *lineTable) Next() bool       { l.lines = l.lines[1:]; return len(l.lines) > 0 }
func (l *lineTable) Cells() []string {
	cells := strings.Split(l.lines[0], "|")
	for len(cells) < len(l.header) {
		cells = append(cells, "")
	}
	return cells
}
func (l *lineTable) Err() error   { return nil }
func (l *lineTable) Close() error { return nil }

// inDir writes files and returns the mapping's path among them.
func inDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "map.yaml")
}

func compileIn(t *testing.T, header []string, files map[string]string) (*mapping.Mapping, *mapping.Program) {
	t.Helper()
	m, err := mapping.Load(inDir(t, files), tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	p, err := m.Compile(header, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return m, p
}

func form(t *testing.T, p *mapping.Program, cells ...string) string {
	t.Helper()
	c, problems := p.Apply(cells, "k")
	if len(problems) > 0 {
		return "!" + problems[0].Error + " " + problems[0].Message + " " + problems[0].Hint
	}
	var whole struct{ Form map[string]string }
	if err := json.Unmarshal(c.JSON, &whole); err != nil {
		t.Fatal(err)
	}
	return whole.Form["X"]
}

func TestValuesFile(t *testing.T) {
	for _, c := range []struct{ name, text string }{{"v.csv", "Agente|Correo\nAna|ana@x\nÍñigo|i@x\n*|otro@x"}, {"v.yaml", "Ana: ana@x\nÍñigo: i@x\n'*': otro@x\n"}} {
		_, p := compileIn(t, []string{"C"}, map[string]string{"map.yaml": fieldMapping("{column: C, fold: true, values_file: " + c.name + "}"), c.name: c.text})
		for cell, want := range map[string]string{"ana": "ana@x", "INIGO": "i@x", "zzz": "otro@x"} {
			if got := form(t, p, cell); got != want {
				t.Errorf("%s: %q became %q", c.name, cell, got)
			}
		}
	}
	_, p := compileIn(t, []string{"C"}, map[string]string{"map.yaml": fieldMapping("{column: C, values_file: v.csv}"), "v.csv": "a|b"})
	if got := form(t, p, "A"); !strings.Contains(got, "not_in_values") || !strings.Contains(got, "fold: true") {
		t.Error(got)
	}
	m, err := mapping.Load(inDir(t, map[string]string{"map.yaml": fieldMapping("{column: C, values_file: v.csv}"), "v.csv": "a|b\na|c"}), tables)
	if err != nil || m.Err() == nil || !strings.Contains(m.Err().Error(), `"a" stands twice`) {
		t.Errorf("%v %v", err, m.Err())
	}
}

func TestLookups(t *testing.T) {
	lookups := "lookups:\n  hilo: {file: c.csv, column: Ticket, on: 'T{{C}}', each: '{{Autor}}: {{Texto|html}}'}\n"
	m, p := compileIn(t, []string{"C"}, map[string]string{"map.yaml": lookups + fieldMapping(`"{{C}} {{hilo}}"`),
		"c.csv": "Ticket|Autor|Texto\nT1|Ana|<b>uno</b>\nT2|Iván|dos\n T1 |Luis|tres\nT9|Nadie|x\n|Sin|y"})
	for cell, want := range map[string]string{"1": "1 Ana: uno\nLuis: tres", "2": "2 Iván: dos", "3": "3 "} {
		if got := form(t, p, cell); got != want {
			t.Errorf("%s: %q", cell, got)
		}
	}
	if n, err := m.Orphans(); err != nil || n["hilo"] != 2 {
		t.Errorf("%v %v", n, err)
	}
	if _, err := m.Compile([]string{"C", "Hilo"}, mapping.Options{}); err == nil || !strings.Contains(err.Error(), "has the name of a column") {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{
		strings.Replace(lookups, "Texto", "Txto", 1):     `there is no column "Txto"; the nearest is "Texto" of c.csv`,
		strings.Replace(lookups, "c.csv", "d.csv", 1):    "there is no such file",
		strings.Replace(lookups, "on: 'T{{C}}',", "", 1): "needs file, column, on and each",
	} {
		m, err := mapping.Load(inDir(t, map[string]string{"map.yaml": text + fieldMapping(`x`), "c.csv": "Ticket|Autor|Texto"}), tables)
		if err != nil || m.Err() == nil || !strings.Contains(m.Err().Error(), want) {
			t.Errorf("%v; wanted %s", m.Err(), want)
		}
	}
}

// The lookups' lines are kept where nobody can see them, and if there is no folder for temporary
// files, beside the mapping.
func TestLookupsNeedNoTemporaryFolder(t *testing.T) {
	lines := strings.Repeat("7|Ana|"+strings.Repeat("x", 500)+"\n", 100) + strings.Repeat("8|Luis|"+strings.Repeat("y", 2000)+"\n", 8000)
	for _, folder := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
			t.Setenv(variable, folder)
		}
		path := inDir(t, map[string]string{
			"map.yaml": "lookups:\n  comments: {file: c.csv, column: Ticket, on: '{{C}}', each: '{{Autor}}: {{Texto}}'}\n" + fieldMapping("'{{comments}}'"),
			"c.csv":    "Ticket|Autor|Texto\n" + lines,
		})
		m, err := mapping.Load(path, tables)
		if err != nil {
			t.Fatal(err)
		}
		for _, where := range []string{folder, filepath.Dir(path)} {
			names, _ := os.ReadDir(where)
			for _, n := range names {
				if n.Name() != "map.yaml" && n.Name() != "c.csv" {
					t.Errorf("%s can be seen in %s", n.Name(), where)
				}
			}
		}
		if orphans, err := m.Orphans(); err != nil || orphans["comments"] != 8100 {
			t.Errorf("%v, %v", orphans, err)
		}
		m.Close()
	}
}
