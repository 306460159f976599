package draft

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

// look guesses from a table of one row a line, with | between cells; exists are the files below
// the folder of attachments.
func look(table string, exists ...string) *Guess {
	lines := strings.Split(strings.Trim(table, "\n"), "\n")
	g := NewGuess(strings.Split(lines[0], "|"), func(path string) bool { return slices.Contains(exists, path) })
	for _, line := range lines[1:] {
		g.Add(strings.Split(line, "|"))
	}
	return g
}

// write drafts a mapping, which must be YAML, and returns it with its TODOs.
func write(t *testing.T, d Draft, g *Guess) (string, int) {
	t.Helper()
	d.Input = "Tickets 2025.csv"
	text, todos := d.Write(g)
	var any map[string]any
	if err := yaml.Unmarshal([]byte(text), &any); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if n := strings.Count(text, "TODO") - strings.Count(text, "lo que dice TODO") - strings.Count(text, "from: TODO"); n != todos {
		t.Errorf("%d TODOs were counted and %d written:\n%s", todos, n, text)
	}
	return text, todos
}

const tickets = `
ID Ticket|Correo|Asunto|Descripción|Tipo|Estado|Prioridad|Agente|Creado|Solución
T-1|ana@x.co|No hay señal|<p>Desde ayer no hay señal en el barrio</p>|Queja|Abierto|Alta|Ana|25/04/2025|
T-2|luis@x.co|Factura|<p>La factura de abril vino dos veces</p>|Petición|Cerrado|Media|Luis|03/04/2025|Se anuló
T-3|ana@x.co|Otra vez|<p>Sigue sin señal</p>|queja|Cerrado|Baja|Ana|04/04/2025|Equipo nuevo
`

func TestADraftUsesTheColumnsForWhatTheyAre(t *testing.T) {
	text, _ := write(t, Draft{}, look(tickets))
	for _, want := range []string{
		`# Primer borrador para Tickets 2025.csv, hecho de sus columnas y de 3 filas.`,
		`key: "tickets-{{ID Ticket}}"`,
		`"ID Ticket" no se repite en ninguna fila`,
		`marker: "ref {{key}} fin"`,
		`  contact: {column: "Correo", trim: true}`,
		`  description: "{{Asunto}}\n\n{{Descripción|html}}"`,
		"  case-type:\n    column: \"Tipo\"\n    fold: true",
		`      "Queja": "Complaints"  # 2`,
		`      "Petición": "Request"  # 1`,
		`      "Cerrado": TODO  # 2, parece cerrado`,
		`      "Abierto": TODO  # 1`,
		`      "Alta": "alta"  # 1`,
		`      "Media": "media"  # 1`,
		`      "Ana": TODO  # 2`,
		`  solution: {column: "Solución", default: Cerrado en el sistema anterior}`,
		`    # "Creado": {column: "Creado", date: {from: "DD/MM/YYYY"}}  # 25/04/2025 lo demuestra`,
		`    # "ID Ticket": {column: "ID Ticket"}`,
		"closed: [TODO]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestADraftOfNothingIsAllTODO(t *testing.T) {
	text, todos := write(t, Draft{}, look("x|y\n1|2\n1|2\n"))
	for _, want := range []string{"operation: TODO", "  responsible: TODO", "  owner: TODO", "  contact: TODO", "  description: TODO", "  status: TODO", "  case-type: Request", "  priority: media",
		"Ninguna columna es distinta en todas las filas"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\nkey:") || todos != 7 {
		t.Errorf("%d TODOs, or a key, in\n%s", todos, text)
	}
}

func TestTheKeyIsWhatNoTwoRowsShare(t *testing.T) {
	for _, c := range []struct{ name, table, want string }{
		{"by its name", "pedido|ID Ticket|x\n1|A|p\n2|B|q\n", "ID Ticket"},
		{"by its values", "x|código interno\np|A\np|B\n", "código interno"},
		{"no repetitions", "ID Ticket|x\nA|p\nA|p\n", ""},
		{"no empty cells", "ID Ticket|x\nA|p\n|p\n", ""},
		{"no addresses", "Correo|x\na@b.co|p\nb@b.co|p\n", ""},
		{"no dates", "Fecha|x\n2025-01-01|p\n2025-01-02|p\n", ""},
		{"no long texts", "Detalle|x\n" + strings.Repeat("a", 50) + "|p\n" + strings.Repeat("b", 50) + "|p\n", ""},
		{"no name that two columns have", "ID|ID|x\nA|1|p\nB|2|p\n", ""},
		{"no column without a name", "|x\nA|p\nB|p\n", ""},
	} {
		if got := look(c.table).KeyColumn(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAKeyWithFewMistakesIsProposedWithThem(t *testing.T) {
	var named, nameless strings.Builder
	named.WriteString("ID Ticket|x\n")
	nameless.WriteString("pedido|x\n")
	for i := range 120 {
		fmt.Fprintf(&named, "T-%d|p\n", max(i, 1)) // the first two are the same
		fmt.Fprintf(&nameless, "P-%d|p\n", max(i, 1))
	}
	if text, _ := write(t, Draft{}, look(named.String())); !strings.Contains(text, `"ID Ticket" se repite en 1 filas y falta en 0; check las nombra.`) {
		t.Errorf("a key by its name:\n%s", text)
	}
	if text, _ := write(t, Draft{}, look(nameless.String())); !strings.Contains(text, `Casi lo es "pedido": se repite en 1 filas, como "P-1".`) || !strings.Contains(text, `# key: "tickets-{{pedido}}"`) {
		t.Errorf("nearly a key:\n%s", text)
	}
}

func TestRolesOfNames(t *testing.T) {
	for name, want := range map[string]string{
		"ID Ticket": "key 2", "id_ticket": "key 2", "N° Ticket": "key 2", "Radicado": "key 2", "Protocolo": "key 2",
		"E-mail": "contact 1", "Correo Electrónico": "contact 2", "CustomerUserID": "contact 2",
		"Asunto": "subject 2", "TÍTULO": "subject 2", "Assunto": "subject 2",
		"Descripción": "body 2", "Descrição": "body 2", "Descripción del caso": "body 1",
		"Tipo de solicitud": "type 2", "Estado": "status 2", "Estado actual": "status 1", "Situação": "status 2",
		"Prioridad": "priority 2", "Asignado a": "owner 2", "Solución": "solution 2", "Archivos adjuntos": "files 2",
		"Ciudad": " 0", "": " 0", "Subestado": " 0",
	} {
		role, sure := roleOf(name)
		if got := fmt.Sprint(role, " ", sure); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestCellsThatStandForNothing(t *testing.T) {
	text, _ := write(t, Draft{HeaderRow: 3, Sheet: "Hoja 1"}, look("ID|Estado|Canal\n1|Abierto|-Selecciona-\n2|NULL|web\n3|Abierto|N/A\n"))
	if want := `input: {sheet: "Hoja 1", header_row: 3, empty: ["-Selecciona-", "N/A", "NULL"]}`; !strings.Contains(text, want) {
		t.Errorf("there is no %s in\n%s", want, text)
	}
	if want := "default: TODO  # para las 1 filas con la celda vacía"; !strings.Contains(text, want) {
		t.Errorf("there is no %s in\n%s", want, text)
	}
}

func TestSpellingsOfAValueAreOne(t *testing.T) {
	text, _ := write(t, Draft{}, look("ID|Estado\n1|Abierto\n2|ABIERTO\n3|abierto\n4|Abierto\n5|Cerrado\n"))
	if strings.Count(text, "TODO  # 4") != 1 || !strings.Contains(text, `"Abierto": TODO  # 4`) || strings.Contains(text, `"ABIERTO"`) {
		t.Errorf("got\n%s", text)
	}
	if a, c := strings.Index(text, `"Abierto"`), strings.Index(text, `"Cerrado"`); a > c {
		t.Error("the commonest value is not the first")
	}
}

func TestColumnsOfDates(t *testing.T) {
	for _, c := range []struct{ cells, want string }{
		{"25/04/2025|03/04/2025", `date: {from: "DD/MM/YYYY"}}  # 25/04/2025 lo demuestra`},
		{"03/04/2025|04/05/2025", "date: {from: TODO}}  # ambiguo: DD/MM/YYYY o MM/DD/YYYY"},
		{"2025-04-03|2025-04-04", `{column: "Cuando", date: true}`},
		{"25/04/2025|04/25/2025", `{column: "Cuando"}`},
		{"25/04/2025|mañana", `{column: "Cuando"}`},
	} {
		first, second, _ := strings.Cut(c.cells, "|")
		text, _ := write(t, Draft{}, look("ID|Cuando\n1|"+first+"\n2|"+second+"\n"))
		if !strings.Contains(text, `# "Cuando": `) || !strings.Contains(text, c.want) {
			t.Errorf("%s: there is no %s in\n%s", c.cells, c.want, text)
		}
	}
}

func TestFilesThatCellsName(t *testing.T) {
	for _, c := range []struct {
		name, cells string
		exists      []string
		want        string
	}{
		{"one", "a.pdf|b.pdf", []string{"a.pdf", "b.pdf"}, `files: [{column: "Adjuntos"}]`},
		{"several", "a.pdf;b.pdf|b.pdf", []string{"a.pdf", "b.pdf"}, `files: [{column: "Adjuntos", split: ";"}]`},
		{"folders", `sub\a.pdf|b.pdf`, []string{"sub/a.pdf", "b.pdf"}, `files: [{column: "Adjuntos"}]`},
		{"the old system's folder", "/var/otrs/a.pdf|/var/otrs/b.pdf", []string{"a.pdf", "b.pdf"}, `files: [{column: "Adjuntos", replace: {"^/var/otrs/": ""}}]`},
		{"none", "a.pdf|b.pdf", nil, `"Adjuntos" parece nombrar archivos, pero no se encontró ninguno`},
	} {
		first, second, _ := strings.Cut(c.cells, "|")
		g := look("ID|Adjuntos\n1|"+first+"\n2|"+second+"\n", c.exists...)
		text, _ := write(t, Draft{Root: "adjuntos"}, g)
		if !strings.Contains(text, c.want) || g.HasFileColumn() != (c.exists != nil) {
			t.Errorf("%s: there is no %s in\n%s", c.name, c.want, text)
		}
	}
	text, _ := write(t, Draft{Root: "casos", Glob: "{{ID}}/**"}, look("ID|x\n1|p\n2|p\n"))
	if want := "attachments:\n  root: \"casos\"\n  files: [{glob: \"{{ID}}/**\"}]"; !strings.Contains(text, want) {
		t.Errorf("there is no %s in\n%s", want, text)
	}
}

func TestASecondFileBecomesALookup(t *testing.T) {
	l := &Lookup{File: "c.csv", Column: "Ticket", On: "ID", Each: "{{Autor}}: {{Texto}}"}
	text, _ := write(t, Draft{Lookup: l}, look("ID|Asunto\n1|p\n2|q\n"))
	for _, want := range []string{`  hilo: {file: "c.csv", column: "Ticket", on: "{{ID}}", each: "{{Autor}}: {{Texto}}"}`, `description: "{{Asunto}}\n\n{{hilo}}"`} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

func TestLinesOfASecondFile(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{"Ticket|Autor|Fecha|Texto\n1|Ana|2025-01-01|un comentario\n1|Luis|2025-01-02|otro comentario\n", "{{Fecha}} {{Autor}}: {{Texto}}"},
		{"Ticket|Texto\n1|un comentario\n", "{{Texto}}"},
		{"Ticket|Comentario\n1|<p>un comentario</p>\n", "{{Comentario|html}}"},
		{"Ticket|notas\n1|este es un texto largo de leer\n", "{{notas}}"},
		{"Ticket|n\n1|2\n", ""},
	} {
		if got := look(c.table).LineOf("ticket"); got != c.want {
			t.Errorf("%q: got %q, want %q", c.table, got, c.want)
		}
	}
}

func TestTheColumnOfValues(t *testing.T) {
	g := look("x|Ticket|Autor\np|T-1|Ana\nq|T-2|Ana\nr| T-3 |Luis\n")
	for _, c := range []struct {
		values []string
		want   string
	}{
		{[]string{"T-1", "T-2", "T-3"}, "Ticket"},
		{[]string{"T-1", "T-3"}, "Ticket"},
		{[]string{"T-1"}, ""},
		{[]string{"T-8", "T-9"}, ""},
		{[]string{"Ana", "Luis"}, "Autor"},
		{nil, ""},
	} {
		if got := g.ColumnOf(c.values); got != c.want {
			t.Errorf("%v: got %q, want %q", c.values, got, c.want)
		}
	}
	if g.Rows() != 3 {
		t.Errorf("%d rows", g.Rows())
	}
}

func TestManyValuesAreNoTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("ID|Estado|Agente\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d|estado %d|agente %d\n", i, i, i)
	}
	text, _ := write(t, Draft{}, look(b.String()))
	for _, want := range []string{"  status: TODO  # no se encontró una columna de estado", "  owner: TODO"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%.2000s", want, text)
		}
	}
}

func TestShortRowsAndHeadersAreTaken(t *testing.T) {
	g := NewGuess([]string{"ID", "x"}, nil)
	g.Add([]string{"1"})
	g.Add([]string{"2", "y", "more"})
	g.Add(nil)
	if g.Rows() != 3 {
		t.Errorf("%d rows", g.Rows())
	}
	write(t, Draft{}, g)
	write(t, Draft{}, NewGuess(nil, nil))
}

func TestKeysOfTwoExportsDiffer(t *testing.T) {
	for input, want := range map[string]string{"Tickets 2025.csv": "tickets", "ñandú.xlsx": "nandu", "2025.csv": "csv", "": "fila", "123": "fila", "Solicitudes-largas.csv": "solicitu"} {
		if got := prefix(input); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}

// Whatever the cells and names are, a draft is YAML, and names nothing but what it was given.
func TestEveryDraftIsYAML(t *testing.T) {
	name := rapid.SampledFrom([]string{"ID", "Asunto", "Estado", "Tipo", "Correo", `a"b`, "x: y", "#", "{{z}}", "- q", "Adjuntos", "'", "ñ\n", "", "Fecha", "Agente", "Prioridad"})
	cell := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "NULL", "a@b.co", "25/04/2025", "2025-04-25", "<p>x</p>", "a.pdf;b.pdf", "Alta", "cerrado", "\"", "a: b # c", "*"}))
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SliceOfN(name, 0, 6).Draw(r, "header")
		g := NewGuess(header, func(path string) bool { return strings.HasSuffix(path, ".pdf") })
		for range rapid.IntRange(0, 8).Draw(r, "rows") {
			g.Add(rapid.SliceOfN(cell, 0, 7).Draw(r, "cells"))
		}
		d := Draft{Input: "x.csv", Root: rapid.String().Draw(r, "root"), Sheet: rapid.String().Draw(r, "sheet")}
		text, _ := d.Write(g)
		var any map[string]any
		if err := yaml.Unmarshal([]byte(text), &any); err != nil {
			r.Fatalf("%v in\n%s", err, text)
		}
		if any["operation"] != "TODO" || any["case"] == nil {
			r.Fatalf("not a mapping:\n%s", text)
		}
	})
}
