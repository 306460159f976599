// Package mapping is the language that turns the columns of a spreadsheet into
// the fields of a case.
//
// A mapping file is loaded, compiled against the header of one input, and then
// applied to each of its rows:
//
//	tickets.yaml ──Load──► Mapping ──Compile(header)──► Program ──Apply(cells)──► Case
//	                          │                            │
//	                          └──── every mistake, with file:line:column ◄──┘
//
// # The file
//
// A mapping is YAML with these sections. operation and case are required.
//
//	operation: soporte_demo       the module of the CRM that the token belongs to
//	key: "zoho-{{ID Ticket}}"     what a row is known by for ever
//	marker: "[ref:{{key}}]"       last line of every description, with the key in it
//	when: 'row["Estado"] != "Spam"'    which rows are meant; all without it
//	input:                        how inputs are read, if detection fails:
//	  sheet: Tickets              of a workbook
//	  header_row: 2               as the spreadsheet shows it
//	  delimiter: tab              one character, or tab
//	  encoding: windows-1252
//	  empty: ["NULL", "-"]        cells that read as empty
//	lookups:                      a second file's lines, as a text {{hilo}}
//	  hilo: {file: c.csv, column: Ticket, on: "{{ID Ticket}}", each: "{{Autor}}: {{Texto}}"}
//	case:                         case-type, responsible, owner, contact, description,
//	  status: {column: Estado}    status, priority, solution, and the tenant's own fields:
//	  form: {Canal: "{{Canal}}"}
//	closed: [cerrado]             the statuses with which the solution is sent, and required
//	attachments:
//	  root: ./adjuntos            the folder, from the mapping's on; --attachments replaces it
//	  files: [{column: Archivos, split: ";", replace: {'^C:\\': ''}}, {glob: "{{ID}}/**"}]
//	  max_size: {pdf: 20MB, "*": 5MB}    of a file; one size stands for all types
//	  max_total: 20MB             of a case's files together
//	  max_files: 5
//	  types: [pdf, png]           what else there is is refused
//	  unusable: leave_out         instead of reject: files that are missing, empty or too large
//	  names_in_description: true  the API carries files without their names
//	  ignore_case: true           in the names of files
//
// # Where a value comes from
//
// A field has one source. A text alone is the source text.
//
//	case-type: Request                         a constant
//	description: "{{Asunto}}\n\n{{Detalle|html}}"    a text with columns, {{column|converter}}
//	status: {column: Estado}                   a column
//	status: {text: "{{Estado}}"}               the same
//	Canal: {expr: 'row["C"] == "Tel" ? "phone" : "web"'}    an expression; it has no loops
//	Monto: {type: currency, value: "{{Monto}}"}    in form: an object, left out if all of its
//	                                           columns are empty
//	Monto: {json: '{"value": {{Monto}}}'}      in form: the same as JSON; within quotes a
//	                                           column is escaped, without it is JSON itself
//
// # What is done to it
//
// The steps are done in this order, whatever their order in the file. Those marked * are
// converters too.
//
//	trim: true *          without the white space around it
//	lower: true *         in lower case
//	upper: true *         in upper case
//	fold: true *          without accents, in lower case; before a table: compared so
//	html: true *          the text of an HTML fragment
//	replace: {'a+': b}    regular expressions, one after the other
//	values: {a: b, "*": c}    by a table; * is for everything else
//	values_file: t.csv    by a table in a file: two columns, or YAML
//	default: x            if it is empty, or not in the table
//	allowed: [x, y]       refuses what is not among these
//	number: ","           1.234,5 becomes 1234.5; true finds the decimal mark out
//	bool: [Sí, No]        yes and no in three languages; true sends true and false
//	date: DD/MM/YYYY      an ISO date of it; {from: …, to: …} for another
//	tz: America/Bogota    the zone of its times; {from: UTC, to: …} moves them
//	max: 100              characters that fit; more is refused,
//	cut: true             or cut off
//	shown: true           of a column: what the sheet shows, instead of what it holds
//	required: true        refuses an empty value
//
// # Rules
//
//   - All mistakes are found before a row is read and reported at once. Load keeps
//     those that it meets, so that Compile can report them together with the
//     columns that the header lacks.
//   - What a row's work needs is looked up when compiling: a Program holds closures
//     over column numbers and knows no names.
//   - A row that can't become a case is not an error but a list of [Problem]s, one
//     for each field that is at fault.
//   - A [Program] is for one goroutine at a time, and so is a [Key]. Each has memory of its
//     own: one goroutine may make keys while another applies rows.
package mapping

import (
	"fmt"
	"path/filepath"

	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/yamlfile"
)

// Mapping is a mapping file that has been read, not yet tied to an input.
type Mapping struct {
	Path      string // of the file
	Operation string // tenant module that the token belongs to
	KeyText   string // the text of key:, in canonical spelling; "" if rows are known by their cells
	Input     Input  // how inputs are to be read

	identity
	body
	when    *row.Expression // nil if all rows are meant
	lookups []*row.Lookup
	files   *fileRules // nil if a row has no attachments
	file    *yamlfile.File
}

// identity is what rows and cases are known by.
type identity struct {
	key, marker *row.Template // nil if the mapping has none
}

// body is what a case has in it.
type body struct {
	fields []*field // of the API, in the order in which they are sent
	form   []*formField
	closed map[string]bool // the statuses that need a solution
}

// Input is what a mapping says of the files it is for; zero values leave a
// property to detection.
type Input struct {
	Sheet     string
	HeaderRow int // as the spreadsheet shows it
	Delimiter rune
	Encoding  string
	Empty     []string // cells with these texts count as empty
}

// Err returns the mistakes found so far, as [Mistakes], or nil.
func (m *Mapping) Err() error { return m.file.Mistakes.Err() }

// Dir is the folder that the mapping's relative paths start from.
func (m *Mapping) Dir() string { return filepath.Dir(m.Path) }

// Orphans counts, for each lookup, the lines that no row has asked for so far.
func (m *Mapping) Orphans() (map[string]int, error) {
	counts := map[string]int{}
	for _, l := range m.lookups {
		n, err := l.Orphans()
		if err != nil {
			return nil, fmt.Errorf("lookup %s: %w", l.Name(), err)
		}
		counts[l.Name()] = n
	}
	return counts, nil
}

// Close removes what the mapping keeps on disk while it is used.
func (m *Mapping) Close() {
	for _, l := range m.lookups {
		l.Close()
	}
}
