package draft

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/mapping/internal/text"
)

// Draft is what a first mapping says of its input beside the columns.
type Draft struct {
	Input     string // the input's name, for a comment
	HeaderRow int    // 0 if it is the first that isn't empty
	Sheet     string // "" if there is one
	Root      string // folder of the attachments, "" if none was found
	Glob      string // folder of a row's files, by the key's column, "" if there is none
	Lookup    *Lookup
}

// Lookup is a second file that belongs to the input's rows.
type Lookup struct {
	File   string // beside the mapping
	Column string // that has the key
	On     string // column of the input
	Each   string // a line of it
}

// drafting writes a mapping.
type drafting struct {
	strings.Builder
	*Draft
	guess *Guess
	decided
	todos int
}

// Write writes a mapping in which everything that could be decided is decided, with the
// reason, and everything else is a TODO that check refuses. Its comments are in Spanish,
// as its readers are.
func (d *Draft) Write(g *Guess) (text string, todos int) {
	w := &drafting{Draft: d, guess: g, decided: g.decide()}
	w.head()
	w.line("case:")
	w.caseType()
	w.todo("  responsible: ", "TODO", "el usuario responsable de los casos, como ADMIN_@sumodulo")
	w.owner()
	w.contact()
	w.description()
	w.status()
	w.priority()
	w.solution()
	w.form()
	w.closed()
	w.attachments()
	return w.String(), w.todos
}

// line writes a line of the mapping.
func (w *drafting) line(format string, args ...any) {
	fmt.Fprintf(&w.Builder, format+"\n", args...)
}

// comment writes a line that the language passes over.
func (w *drafting) comment(indent, format string, args ...any) {
	w.line("%s# %s", indent, fmt.Sprintf(format, args...))
}

// todo writes a line that a person has to complete.
func (w *drafting) todo(before, value, why string) {
	w.todos++
	w.line("%s%s  # %s", before, value, why)
}

// head writes what comes before the fields: operation, key, marker, input and lookups. Without a
// key it says what that means for the rows, since nobody can add one later.
func (w *drafting) head() {
	w.comment("", "Primer borrador para %s, hecho de sus columnas y de %d filas.", w.Input, w.guess.rows)
	w.comment("", "Complete lo que dice TODO y compruebe: wolkvox-import check %s -m ESTE_ARCHIVO", w.Input)
	w.line("")
	w.todo("operation: ", "TODO", "la operación (módulo) de Wolkvox a la que pertenece el token")
	w.line("")
	if key := w.decided["key"]; key != nil {
		if key.repeats+w.guess.rows-key.filled == 0 {
			w.comment("", "Lo que identifica una fila para siempre: %s no se repite en ninguna fila.", quote(key.name))
		} else {
			w.comment("", "Lo que identifica una fila para siempre. %s se repite en %d filas y falta en %d; check las "+
				"nombra.", quote(key.name), key.repeats, w.guess.rows-key.filled)
		}
		w.line("key: %s", quote(prefix(w.Input)+"-{{"+key.name+"}}"))
	} else {
		w.comment("", "Ninguna columna es distinta en todas las filas: sin key, una fila se reconoce por sus celdas,")
		w.comment("", "y la misma fila dos veces, o una celda corregida después, es otro caso.")
		if c := w.guess.nearlyKey(w.decided); c != nil {
			w.comment("", "Casi lo es %s: %s. Si identifica el caso, quite el #; check nombra esas filas.",
				quote(c.name), c.flaws(w.guess.rows))
			w.comment("", "key: %s", quote(prefix(w.Input)+"-{{"+c.name+"}}"))
		}
	}
	w.comment("", "Última línea de la descripción; sirve para encontrar el caso en el CRM.")
	w.line("marker: %s", quote("ref {{key}} fin"))
	w.input()
	if l := w.Lookup; l != nil {
		w.line("")
		w.comment("", "Las filas de %s que pertenecen a cada fila; {{hilo}} las pone en un texto.", l.File)
		w.line("lookups:\n  hilo: {file: %s, column: %s, on: %s, each: %s}", quote(l.File), quote(l.Column),
			quote("{{"+l.On+"}}"), quote(l.Each))
	}
	w.line("")
}

// flaws says why the column is no key.
func (c *columnFacts) flaws(rows int) string {
	var list []string
	if c.repeats > 0 {
		list = append(list, fmt.Sprintf("se repite en %d filas, como %s", c.repeats, quote(c.again)))
	}
	if c.filled < rows {
		list = append(list, fmt.Sprintf("falta en %d", rows-c.filled))
	}
	return strings.Join(list, " y ")
}

// prefix keeps the keys of two exports apart.
func prefix(input string) string {
	var b strings.Builder
	for _, r := range text.Fold(input) {
		if r >= 'a' && r <= 'z' && b.Len() < 8 {
			b.WriteRune(r)
		} else if b.Len() > 0 {
			break
		}
	}
	if b.Len() == 0 {
		return "fila"
	}
	return b.String()
}

// input writes how the input is read: only what detection can't find out again.
func (w *drafting) input() {
	var parts []string
	if w.Sheet != "" {
		parts = append(parts, "sheet: "+quote(w.Sheet))
	}
	if w.HeaderRow > 0 {
		parts = append(parts, fmt.Sprintf("header_row: %d", w.HeaderRow))
	}
	empties := map[string]bool{}
	for _, c := range w.guess.columns {
		for e := range c.empties {
			empties[e] = true
		}
	}
	if len(empties) > 0 {
		var list []string
		for _, e := range slices.Sorted(maps.Keys(empties)) {
			list = append(list, quote(e))
		}
		parts = append(parts, "empty: ["+strings.Join(list, ", ")+"]")
	}
	if len(parts) > 0 {
		w.line("input: {%s}", strings.Join(parts, ", "))
	}
}

func (w *drafting) caseType() {
	c := w.decided["type"]
	if c == nil {
		w.comment("  ", "No se encontró una columna de tipo. Los tipos del CRM: Request, Complaints, Claims, "+
			"Suggestions y los suyos.")
		w.line("  case-type: Request")
		return
	}
	w.comment("  ", "Los tipos del CRM: Request, Complaints, Claims, Suggestions y los suyos.")
	w.table("case-type", c, meanings["type"], "Request")
}

// table writes a field with what occurs and how often, translated if that is known.
// whenEmpty is for empty cells.
func (w *drafting) table(field string, c *columnFacts, known map[string]string, whenEmpty string) {
	w.line("  %s:", field)
	w.line("    column: %s", quote(c.name))
	w.line("    fold: true  # sin distinguir mayúsculas ni tildes")
	w.line("    values:")
	for _, v := range c.byCount() {
		if to := known[tidy(v.value)]; to != "" {
			w.line("      %s: %s  # %d", quote(v.value), quote(to), v.times)
			continue
		}
		why := strconv.Itoa(v.times)
		if field == "status" && looksClosed(v.value) {
			why += ", parece cerrado"
		}
		w.todo("      "+quote(v.value)+": ", "TODO", why)
	}
	if c.filled < w.guess.rows {
		if whenEmpty == "" {
			w.todo("    default: ", "TODO", fmt.Sprintf("para las %d filas con la celda vacía", w.guess.rows-c.filled))
			return
		}
		w.line("    default: %s  # para las celdas vacías y para lo que no está en values", quote(whenEmpty))
	}
}

// tidy is a value without the signs that systems put around it: "3 normal", "4-high".
func tidy(v string) string {
	isSign := func(r rune) bool { return strings.ContainsRune(" _-.()", r) }
	return strings.Join(strings.FieldsFunc(text.Fold(v), isSign), " ")
}

// owner lists the agents of the old system. Which user of the CRM each of them is now, only a
// person knows.
func (w *drafting) owner() {
	c := w.decided["owner"]
	if c == nil || len(c.values) > 200 {
		w.todo("  owner: ", "TODO", "el propietario de los casos, como ADMIN_@sumodulo")
		return
	}
	w.comment("  ", "Los usuarios de Wolkvox, por su correo wolkvox, como agente_@sumodulo.")
	w.line("  owner:")
	w.line("    column: %s", quote(c.name))
	w.line("    fold: true")
	w.line("    values:")
	for _, v := range c.byCount() {
		w.todo("      "+quote(v.value)+": ", "TODO", strconv.Itoa(v.times))
	}
	if c.filled < w.guess.rows {
		w.todo("    default: ", "TODO", fmt.Sprintf("para las %d filas sin él", w.guess.rows-c.filled))
	}
}

// contact takes the column of addresses. A row without one needs a contact too, which the CRM
// must know already.
func (w *drafting) contact() {
	c := w.decided["contact"]
	if c == nil {
		w.todo("  contact: ", "TODO", "ninguna columna tiene correos; el contacto del CRM para todos los casos, o "+
			"{column: …, values_file: …}")
		return
	}
	w.comment("  ", "El correo del contacto, que debe existir en el CRM (needs.csv, de check, los lista).")
	if c.filled < w.guess.rows {
		w.todo(fmt.Sprintf("  contact: {column: %s, trim: true, default: ", quote(c.name)), "TODO}",
			fmt.Sprintf("para las %d filas sin correo", w.guess.rows-c.filled))
		return
	}
	w.line("  contact: {column: %s, trim: true}", quote(c.name))
}

func (w *drafting) description() {
	var parts []string
	for _, role := range []string{"subject", "body"} {
		if c := w.decided[role]; c != nil {
			parts = append(parts, "{{"+c.piped()+"}}")
		}
	}
	if w.Lookup != nil {
		parts = append(parts, "{{hilo}}")
	}
	switch {
	case len(parts) == 0:
		w.todo("  description: ", "TODO", "un texto con columnas, como \"{{Asunto}}\"")
	default:
		w.line("  description: %s", quote(strings.Join(parts, "\n\n")))
	}
}

// piped is the column as it stands in a text.
func (c *columnFacts) piped() string {
	if c.html*5 > c.filled {
		return c.name + "|html"
	}
	return c.name
}

func (w *drafting) status() {
	c := w.decided["status"]
	if c == nil {
		w.todo("  status: ", "TODO", "no se encontró una columna de estado; un estado del CRM para todos los casos")
		return
	}
	w.comment("  ", "A la derecha, los estados que existen en el CRM para ese tipo de caso.")
	w.table("status", c, nil, "")
}

func (w *drafting) priority() {
	c := w.decided["priority"]
	if c == nil {
		w.line("  priority: media  # no se encontró una columna de prioridad; una que exista en el CRM")
		return
	}
	w.comment("  ", "A la derecha, las prioridades que existen en el CRM.")
	w.table("priority", c, meanings["priority"], "media")
}

func (w *drafting) solution() {
	const why = "# se envía solo con los estados de closed"
	c := w.decided["solution"]
	if c == nil {
		w.line("  solution: Cerrado en el sistema anterior  %s", why)
		return
	}
	html := ""
	if c.html*5 > c.filled {
		html = ", html: true"
	}
	w.line("  solution: {column: %s%s, default: Cerrado en el sistema anterior}  %s", quote(c.name), html, why)
}

// form offers the other columns; which of them the tenant's form has only a person
// knows.
func (w *drafting) form() {
	w.line("")
	w.comment("  ", "Los campos propios de su formulario. Quite el # de los que tenga, con el nombre que tienen "+
		"en él.")
	w.line("  form:")
	any := false
	for _, c := range w.guess.columns {
		if c.name == "" || c.filled == 0 || w.guess.repeated(c) || w.decided["key"] != c && w.uses(c) {
			continue
		}
		any = true
		w.comment("    ", "%s: {column: %s%s}%s", quote(c.name), quote(c.name), c.step(), c.about())
	}
	if !any {
		w.comment("    ", "(no quedan columnas)")
	}
	w.line("")
}

// step is what brings the column into a form that the CRM takes.
func (c *columnFacts) step() string {
	switch fits := c.dates.Fits(); {
	case !c.isDate():
	case len(fits) == 0:
		return ", date: true"
	case len(fits) == 1:
		return fmt.Sprintf(", date: {from: %s}", quote(fits[0]))
	default:
		return ", date: {from: TODO}"
	}
	if c.html*5 > c.filled {
		return ", html: true"
	}
	return ""
}

// about tells what was seen of a date column.
func (c *columnFacts) about() string {
	switch fits := c.dates.Fits(); {
	case !c.isDate() || len(fits) == 0:
		return ""
	case len(fits) == 1 && c.dates.Example != "":
		return fmt.Sprintf("  # %s lo demuestra", c.dates.Example)
	case len(fits) > 1:
		return fmt.Sprintf("  # ambiguo: %s", strings.Join(fits, " o "))
	}
	return ""
}

// closed is left to a person: which statuses need a solution is a setting of the CRM.
func (w *drafting) closed() {
	w.comment("", "Los estados del CRM (los de la derecha) que exigen una solución; [] si ninguno.")
	w.todo("closed: ", "[TODO]", "como [cerrado, resuelto]")
}

// attachments proposes a section only if files were found: one without them would refuse rows.
func (w *drafting) attachments() {
	c := w.decided["files"]
	switch {
	case c != nil:
		split := ""
		if c.split != "" {
			split = ", split: " + quote(c.split)
		}
		replace := ""
		if c.prefix != "" {
			replace = fmt.Sprintf(", replace: {%s: \"\"}", quote("^"+regexp.QuoteMeta(c.prefix)))
		}
		w.line("")
		w.comment("", "Los archivos que nombra cada fila: %d filas nombran archivos que existen.", c.files)
		w.line("attachments:\n  root: %s\n  files: [{column: %s%s%s}]", quote(w.Root), quote(c.name), split, replace)
	case w.Glob != "":
		w.line("")
		w.comment("", "Los archivos de la carpeta de cada fila.")
		w.line("attachments:\n  root: %s\n  files: [{glob: %s}]", quote(w.Root), quote(w.Glob))
	default:
		w.orphanedFiles()
	}
}

// orphanedFiles mentions a column that seems to name files which weren't found.
func (w *drafting) orphanedFiles() {
	for _, c := range w.guess.columns {
		if c.role == "files" && c.filled > 0 {
			w.line("")
			w.comment("", "%s parece nombrar archivos, pero no se encontró ninguno. Si los tiene, diga dónde y quite "+
				"los #:", quote(c.name))
			w.comment("", "attachments:\n#   root: ./adjuntos\n#   files: [{column: %s, split: \";\"}]",
				quote(c.name))
			return
		}
	}
}

// KeyColumn is the column by which the rows are known, "" if there is none.
func (g *Guess) KeyColumn() string {
	if c := g.decide()["key"]; c != nil {
		return c.name
	}
	return ""
}

// HasFileColumn tells whether a column names files that exist.
func (g *Guess) HasFileColumn() bool { return g.decide()["files"] != nil }

// LineOf is how a line of a second file is put together: who wrote when, and what. It
// is "" if the file has nothing to read.
func (g *Guess) LineOf(key string) string {
	var date, author, body string
	longest := 0
	for _, c := range g.columns {
		switch {
		case c.name == "" || c.filled == 0 || text.FoldName(c.name) == text.FoldName(key) || g.repeated(c):
		case date == "" && c.isDate():
			date = "{{" + c.name + "}} "
		case c.role == "body" && c.sure == 2 && c.length+1_000_000 > longest, c.length/max(c.filled, 1) > 15 &&
			c.length > longest:
			body, longest = "{{"+c.piped()+"}}", c.length
			if c.role == "body" && c.sure == 2 {
				longest += 1_000_000
			}
		case author == "" && (c.role == "contact" || c.role == "owner" || text.Fold(c.name) == "autor" ||
			text.Fold(c.name) == "author"):
			author = "{{" + c.name + "}}"
		}
	}
	if body == "" {
		return ""
	}
	if date+author != "" {
		return strings.TrimSpace(date+author) + ": " + body
	}
	return body
}

// quote writes a text as YAML reads it, whatever is in it.
func quote(s string) string { return strconv.Quote(s) }
