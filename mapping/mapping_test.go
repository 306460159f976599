package mapping_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"wolkvox-import/mapping"
)

// whole is a mapping with every key of the language in it.
const whole = `operation: op
key: "zoho-{{ID Ticket}}"
marker: "[ref:{{key}}]"
input: {sheet: Tickets, header_row: 2, delimiter: tab, encoding: windows-1252, empty: ["-Selecciona-", "NULL"]}
case:
  case-type: {column: Tipo, values: {Queja: Complaints, Reclamo: Claims}, default: Request}
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo, trim: true, lower: true}
  description: {text: "{{Asunto}}\n\n{{Detalle}}", max: 60, cut: true}
  status: {column: Estado, values: {Abierto: abierto, Cerrado: cerrado}}
  priority: {column: Prioridad, default: baja}
  solution: {column: Solución}
  form:
    Subject: {column: Asunto, max: 20}
    Canal: "{{Canal|upper}}"
closed: [cerrado]
`

var header = []string{"ID Ticket", "Correo", "Asunto", "Detalle", "Tipo", "Estado", "Prioridad", "Solución", "Canal"}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "map.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func compile(t *testing.T, text string, header []string) *mapping.Program {
	t.Helper()
	m, err := mapping.Load(write(t, text), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Compile(header, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// mistakes returns what Load and Compile say of a mapping that is wrong.
func mistakes(t *testing.T, text string, header []string) string {
	t.Helper()
	m, err := mapping.Load(write(t, text), nil)
	if err == nil {
		_, err = m.Compile(header, mapping.Options{})
	}
	if err == nil {
		t.Fatalf("no mistake was found in\n%s", text)
	}
	return err.Error()
}

func row(changes map[string]string) []string {
	cells := []string{"T-1", " Ana@Ejemplo.CO ", "No hay señal", "Desde ayer", "Queja", "Abierto", "Alta", "", "tel"}
	for i, name := range header {
		if v, ok := changes[name]; ok {
			cells[i] = v
		}
	}
	return cells
}

func apply(t *testing.T, p *mapping.Program, cells []string) map[string]any {
	t.Helper()
	c, problems := p.Apply(cells, "zoho-T-1")
	if len(problems) > 0 {
		t.Fatalf("problems: %+v", problems)
	}
	var fields map[string]any
	if err := json.Unmarshal(c.JSON, &fields); err != nil {
		t.Fatalf("%s: %v", c.JSON, err)
	}
	return fields
}

func problem(t *testing.T, p *mapping.Program, cells []string) mapping.Problem {
	t.Helper()
	c, problems := p.Apply(cells, "zoho-T-1")
	if len(problems) != 1 || c.JSON != nil {
		t.Fatalf("case %v, problems %+v, wanted one problem", c, problems)
	}
	return problems[0]
}

func TestRowBecomesTheFieldsOfACase(t *testing.T) {
	got := apply(t, compile(t, whole, header), row(nil))
	want := map[string]string{"operation": "op", "case-type": "Complaints", "responsible": "ADMIN_@op", "owner": "ADMIN_@op", "contact": "ana@ejemplo.co",
		"description": "No hay señal\n\nDesde ayer\n[ref:zoho-T-1]", "status": "abierto", "priority": "Alta"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, wanted %q", name, got[name], value)
		}
	}
	form := got["form"].(map[string]any)
	if form["Subject"] != "No hay señal" || form["Canal"] != "TEL" {
		t.Errorf("form is %v", form)
	}
	if _, sent := got["solution"]; sent {
		t.Error("a solution was sent for an open case")
	}
	if len(got) != len(want)+1 {
		t.Errorf("fields %v", got)
	}
}

func TestInputSectionIsRead(t *testing.T) {
	m, err := mapping.Load(write(t, whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	in := m.Input
	if in.Sheet != "Tickets" || in.HeaderRow != 2 || in.Delimiter != '\t' || in.Encoding != "windows-1252" || len(in.Empty) != 2 {
		t.Errorf("input is %+v", in)
	}
}

func TestDefaultsStandInForEmptyAndUnlistedCells(t *testing.T) {
	p := compile(t, whole, header)
	for cell, want := range map[string]string{"": "Request", "Otro": "Request", "NULL": "Request", " -Selecciona- ": "Request", "Reclamo": "Claims"} {
		if got := apply(t, p, row(map[string]string{"Tipo": cell})); got["case-type"] != want {
			t.Errorf("%q became %q, wanted %q", cell, got["case-type"], want)
		}
	}
	if got := apply(t, p, row(map[string]string{"Prioridad": "NULL"})); got["priority"] != "baja" {
		t.Errorf("priority is %q", got["priority"])
	}
}

func TestValueThatIsNotListedIsAProblem(t *testing.T) {
	p := compile(t, whole, header)
	for cell, hint := range map[string]string{"Abirto": "Abierto", "Cerrado ": "trim: true", "Congelado": "add the value"} {
		got := problem(t, p, row(map[string]string{"Estado": cell}))
		if got.Field != "status" || got.Error != "not_in_values" || !strings.Contains(got.Hint, hint) {
			t.Errorf("%q: %+v", cell, got)
		}
	}
	if got := problem(t, p, row(map[string]string{"Estado": ""})); got.Error != "missing_value" {
		t.Errorf("empty: %+v", got)
	}
}

func TestRequiredFieldThatEndsUpEmptyIsNamed(t *testing.T) {
	got := problem(t, compile(t, whole, header), row(map[string]string{"Correo": "  "}))
	if got.Field != "contact" || got.Error != "missing_value" || !strings.Contains(got.Message, "Correo") {
		t.Errorf("%+v", got)
	}
	got = problem(t, compile(t, whole, header), row(map[string]string{"Asunto": "", "Detalle": " "}))
	if got.Field != "description" {
		t.Errorf("%+v", got)
	}
}

func TestEveryProblemOfARowIsFound(t *testing.T) {
	_, problems := compile(t, whole, header).Apply(row(map[string]string{"Correo": "", "Estado": "?", "Asunto": strings.Repeat("x", 21)}), "k")
	if len(problems) != 3 {
		t.Errorf("%+v", problems)
	}
}

func TestClosedCasesNeedASolution(t *testing.T) {
	p := compile(t, whole, header)
	got := apply(t, p, row(map[string]string{"Estado": "Cerrado", "Solución": "Listo"}))
	if got["solution"] != "Listo" {
		t.Errorf("solution is %q", got["solution"])
	}
	if got := problem(t, p, row(map[string]string{"Estado": "Cerrado"})); got.Field != "solution" || got.Error != "missing_value" {
		t.Errorf("%+v", got)
	}
}

func TestCutLeavesTheMarkerWhole(t *testing.T) {
	got := apply(t, compile(t, whole, header), row(map[string]string{"Detalle": strings.Repeat("ñ", 200)}))
	description := got["description"].(string)
	if n := utf8.RuneCountInString(description); n != 60 {
		t.Errorf("%d characters, wanted 60", n)
	}
	if !strings.HasSuffix(description, "ñ\n[ref:zoho-T-1]") {
		t.Errorf("description ends %q", description[len(description)-30:])
	}
}

func TestTooLongWithoutCutIsAProblem(t *testing.T) {
	p := compile(t, whole, header)
	if got := problem(t, p, row(map[string]string{"Asunto": strings.Repeat("ñ", 21)})); got.Field != "form.Subject" || got.Error != "too_long" {
		t.Errorf("%+v", got)
	}
	apply(t, p, row(map[string]string{"Asunto": strings.Repeat("ñ", 20)})) // characters count, not bytes
}

func TestEmptyFormFieldsAreLeftOut(t *testing.T) {
	got := apply(t, compile(t, whole, header), row(map[string]string{"Canal": " "}))
	if form := got["form"].(map[string]any); len(form) != 1 {
		t.Errorf("form is %v", form)
	}
}

func TestKey(t *testing.T) {
	p := compile(t, whole, header)
	for cell, want := range map[string]string{"T-1": "zoho-T-1", " T-1 ": "zoho- T-1", "Cafe\u0301": "zoho-Café", "1E5": "zoho-1E5"} {
		if key, problem := p.Key(row(map[string]string{"ID Ticket": cell})); problem != nil || key != want {
			t.Errorf("%q: key %q, problem %+v", cell, key, problem)
		}
	}
	for cell, want := range map[string]string{"": "blank_key", "  ": "blank_key", "NULL": "blank_key", "8.8077E+16": "key_lost_digits", "8,8E+16": "key_lost_digits", "2e+11": "key_lost_digits"} {
		if key, problem := p.Key(row(map[string]string{"ID Ticket": cell})); problem == nil || problem.Error != want {
			t.Errorf("%q: key %q, problem %+v", cell, key, problem)
		}
	}
}

func TestLineBreakInAKeyLeavesTheMarkerOneLine(t *testing.T) {
	c, problems := compile(t, whole, header).Apply(row(nil), "a\nb")
	if len(problems) > 0 || c.Marker != "[ref:a b]" {
		t.Errorf("marker %q, problems %v", c.Marker, problems)
	}
}

func TestHeadersMatchAfterTrimmingNormalisingAndFolding(t *testing.T) {
	other := []string{"id ticket", " CORREO ", "asunto", "Detalle", "tipo", "ESTADO", "prioridad", "Solucio\u0301n", "canal"}
	if got := apply(t, compile(t, whole, other), row(nil)); got["status"] != "abierto" {
		t.Errorf("%v", got)
	}
}

func TestTextsSurviveJSON(t *testing.T) {
	p := compile(t, whole, header)
	for _, text := range []string{"\"\\/<>&", "a\r\nb\tc", "\x00\x01\x1f\x7f", "😀\u2028", "ñandú"} {
		if got := apply(t, p, row(map[string]string{"Asunto": text, "Detalle": "d"})); !strings.HasPrefix(got["description"].(string), text+"\n\nd") {
			t.Errorf("%q arrived as %q", text, got["description"])
		}
	}
}

func TestAllMistakesAreReportedAtOnceWithTheirPlace(t *testing.T) {
	text := `operation: op
ky: "{{ID Ticket}}"
case:
  case-type: Request
  responsible: a
  owner: {colum: Agente}
  contact: {column: Corre}
  description: "{{Asunto"
  priority: {column: Prioridad, max: -1}
  form:
    Canal: {column: Canal, text: x}
closed: {a: b}
`
	got := mistakes(t, text, header)
	for _, want := range []string{
		`map.yaml:2:1: a mapping has no key "ky"; the nearest is "key"`,
		"map.yaml:3:1: case has no `status:`",
		`map.yaml:6:11: owner has no key "colum"; the nearest is "column"`,
		"map.yaml:6:3: owner needs a column or a text",
		`map.yaml:7:21: there is no column "Corre"; the nearest is "Correo"`,
		"map.yaml:8:16: a {{ is not closed",
		"map.yaml:9:38: max must be a whole number",
		"map.yaml:11:5: form.Canal has both column and text",
		"map.yaml:12:",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if !strings.Contains(got, "    7 |   contact: {column: Corre}\n      |                     ^") {
		t.Errorf("no caret under the column:\n%s", got)
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestRepeatedColumnIsAMistakeOnlyWhereItIsUsed(t *testing.T) {
	compile(t, whole, append(append([]string{}, header...), "x", "x"))
	got := mistakes(t, whole, append(append([]string{}, header...), "CORREO"))
	if !strings.Contains(got, `the column "Correo" occurs 2 times`) || !strings.Contains(got, "B, J") {
		t.Error(got)
	}
}

func TestMarkerHasTheKeyInIt(t *testing.T) {
	for _, marker := range []string{"[ref]", "[ref:{{ID Ticket}}]"} {
		if got := mistakes(t, strings.Replace(whole, "[ref:{{key}}]", marker, 1), header); !strings.Contains(got, "map.yaml:3:9: marker must") {
			t.Errorf("%s: %s", marker, got)
		}
	}
}

func TestFilesThatAreNoMappings(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "comment": "# nothing\n", "list": "- a\n- b\n", "broken": "a: [b\n", "latin1": "operation: a\xf1o\n", "twice": strings.Replace(whole, "closed:", "operation: x\nclosed:", 1), "alias": "operation: &a x\ncase: *a\n", "bad delimiter": strings.Replace(whole, "delimiter: tab", "delimiter: abc", 1)} {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, text, header); !strings.Contains(got, "map.yaml") {
				t.Errorf("the file is not named: %s", got)
			}
		})
	}
	if _, err := mapping.Load(filepath.Join(t.TempDir(), "none.yaml"), nil); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := mapping.Load(t.TempDir(), nil); err == nil {
		t.Error("a folder was loaded")
	}
}

func TestUsedColumnsAreThoseThatTheMappingReads(t *testing.T) {
	names, numbers := compile(t, whole, append([]string{"unused"}, header...)).Columns()
	if len(names) != len(header) || numbers[0] != 1 || names[1] != "correo" {
		t.Errorf("%v %v", names, numbers)
	}
}

func TestSpellingOfTheKeyTextDoesNotMatter(t *testing.T) {
	load := func(key string) string {
		m, err := mapping.Load(write(t, strings.Replace(whole, "{{ID Ticket}}", key, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return m.KeyText
	}
	if a, b := load("{{ID Ticket}}"), load("{{ id ticket }}"); a != b || a == load("{{Asunto}}") {
		t.Errorf("%q, %q", a, b)
	}
}

func FuzzLoadCompileApply(f *testing.F) {
	f.Add(whole, "T-1")
	f.Add("operation: op\ncase:\n  form: {a: {column: x, values: {1: 2}}}\n", "\xff")
	for _, field := range []string{`{column: Canal, fold: true, values: {a: b, "*": c}}`, `{column: Canal, html: true, replace: {'(.)': '$1$1'}}`, `{column: Canal, number: ","}`, `{column: Canal, bool: [a, b]}`,
		`{column: Canal, date: {from: [DD/MM/YYYY, "D MMM YY hh:mm A Z"], to: "DD.MM"}, tz: {from: UTC, to: America/Bogota}}`, `{json: '{"a": "{{Canal}}", "b": {{Canal}}}'}`, `{a: {b: "{{Canal|html}}"}, c: x}`,
		`{expr: 'row["Canal"] == "x" ? fold(row["Asunto"])[0:3] : string(number(row["Canal"]))'}`} {
		f.Add(strings.Replace(whole, `"{{Canal|upper}}"`, field, 1), "<p>1,5 &amp; ñ")
	}
	f.Add("when: 'row[\"Canal\"] matches \"^a\"'\n"+whole, "03/04/2025")
	f.Add(whole+"attachments: {files: [{column: Canal, split: ';', replace: {a: b}}, {glob: '{{Canal}}/**'}], unusable: leave_out, names_in_description: true, ignore_case: true}\n", "a;../b")
	f.Fuzz(func(t *testing.T, text, cell string) {
		path := filepath.Join(t.TempDir(), "m.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := mapping.Load(path, nil)
		if err != nil {
			return
		}
		p, err := m.Compile(header, mapping.Options{})
		if err != nil {
			if list := (mapping.Mistakes)(nil); !errors.As(err, &list) {
				t.Fatalf("%T", err)
			}
			return
		}
		defer p.Close()
		cells := make([]string, len(header))
		for i := range cells {
			cells[i] = cell
		}
		p.Wants(cells)
		if c, _ := p.Apply(cells, "k"); c.JSON != nil && !json.Valid(c.JSON) {
			t.Fatalf("not JSON: %s", c.JSON)
		}
	})
}

func TestShownTextsAreReadBehindTheHeader(t *testing.T) {
	p := compile(t, `operation: op
key: "{{ID}}"
case: {case-type: Request, responsible: r, owner: o, contact: {column: Correo}, description: x, status: abierto, priority: baja,
  form: {Monto: {column: Monto, shown: true, trim: true}, Exacto: {column: Monto}, Otra vez: {column: Monto, shown: true}, Fecha: {column: Fecha, shown: true}}}
`, []string{"ID", "Correo", "Monto", "Fecha"})
	if got := p.Shown(); len(got) != 2 || got[0] != 2 || got[1] != 3 {
		t.Fatalf("got columns %v", got)
	}
	form := apply(t, p, []string{"1", "a@b.co", "1234.567", "2024-01-31", " $ 1,234.57 ", "31-ene"})["form"].(map[string]any)
	for name, want := range map[string]string{"Monto": "$ 1,234.57", "Exacto": "1234.567", "Otra vez": " $ 1,234.57 ", "Fecha": "31-ene"} {
		if form[name] != want {
			t.Errorf("%s is %q, want %q", name, form[name], want)
		}
	}
}

func TestShownNeedsAColumn(t *testing.T) {
	if got := mistakes(t, strings.Replace(whole, "{column: Solución}", `{text: "{{Solución}}", shown: true}`, 1), header); !strings.Contains(got, "shown is for a field with a column") {
		t.Errorf("got %s", got)
	}
}
