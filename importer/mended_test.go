package importer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// rejected imports a good row and a bad one with this id, and returns the header and the line of
// the rejects file.
func (d *desk) rejected(id string) (header, line []string) {
	d.t.Helper()
	list := rows(2)
	list[1][0], list[1][1], list[1][4], list[1][5] = id, "", "Abierto", ""
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 1, reports.Invalid: 1})
	header = append(append([]string{}, columns...), reports.RejectColumns...)
	row := d.table(d.path("out/rejects.csv"))[0]
	for _, name := range header {
		line = append(line, row[name])
	}
	line[1] = "a@b.co"
	return header, line
}

func TestImportKeyThatASpreadsheetChangedIsInvalidAndTheOneThatIsMeantIsNamed(t *testing.T) {
	for _, c := range []struct{ key, became, named string }{
		{"000126", "126", `"000126"`},
		{"000126", "126.0", `"000126"`},
		{"000126", " 000126 ", `"000126"`},
		{"t-0126", "T-126", `"t-0126"`},
		{"12345678901234567890", "1.23E+19", `"12345678901234567890"`},
		{"12345678901234567890", "1,23457E+19", `"12345678901234567890"`},
		{"000126", "03-abr-2024", "a spreadsheet may have changed it"},
		{"000126", "2024-04-03", "empty the cells of the column import_key"},
	} {
		t.Run(c.became, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			header, line := d.rejected(c.key)
			for _, id := range []string{c.became, c.key} { // the row's own id was changed too, or was not
				line[0], line[7] = id, c.became
				d.counts(d.run(d.csv("mended.csv", header, [][]string{line, line})), 3, n{reports.Invalid: 2})
				if r := d.results()[0]; r["error"] != "unknown_import_key" || !strings.Contains(r["message"]+r["hint"], c.named) {
					t.Errorf("%v", r)
				}
			}
			d.requests(1)
			line[7] = c.key
			d.counts(d.run(d.csv("mended.csv", header, [][]string{line})), 0, n{reports.Created: 1})
			d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 2})
		})
	}
}

// Where the ids of a file are numbers, a cut one may be another row's.
func TestImportKeyThatBecameAnotherRowsIsInvalid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	list[0][0], list[1][0], list[1][1] = "126", "000126", ""
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 1, reports.Invalid: 1})
	text := strings.Replace(string(d.mustRead(d.path("out/rejects.csv"))), ",000126,", ",126,", 1)
	d.write("mended.csv", text)
	d.counts(d.run(d.path("mended.csv")), 3, n{reports.Invalid: 1})
	if r := d.results()[0]; r["error"] != "unknown_import_key" || !strings.Contains(r["message"], `"000126"`) {
		t.Errorf("%v", r)
	}
}

// A spreadsheet that changes the ids changes them in both columns.
func TestBlankImportKeyDoesNotMakeANewRowOfAnOldOne(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	header, line := d.rejected("000126")
	line[0] = "126"
	for _, blank := range []string{"", " "} {
		line[7] = blank
		d.counts(d.run(d.csv("mended.csv", header, [][]string{line})), 3, n{reports.Invalid: 1})
		if r := d.results()[0]; r["error"] != "similar_key" || !strings.Contains(r["message"], `"000126"`) {
			t.Errorf("%v", r)
		}
		if r := d.table(d.path("out/rejects.csv"))[0]; r["import_key"] != "" {
			t.Errorf("%v", r)
		}
	}
	line[0] = "127" // a row that nobody has seen
	d.counts(d.run(d.csv("mended.csv", header, [][]string{line})), 0, n{reports.Created: 1})
}

func TestRejectsOfACheckHaveNoKeysAndAreNewRows(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	list[1][1] = ""
	job := d.job
	job.Inputs = []string{d.csv("in.csv", columns, list)}
	if _, _, err := importer.Check(t.Context(), job, ""); err != nil {
		t.Fatal(err)
	}
	if r := d.table(d.path("out/rejects.csv")); len(r) != 1 || r[0]["import_key"] != "" || r[0]["import_status"] != "invalid" {
		t.Fatalf("%v", r)
	}
	text := strings.Replace(string(d.mustRead(d.path("out/rejects.csv"))), "T-0001,,", "T-0001,a@b.co,", 1)
	d.write("mended.csv", text)
	d.counts(d.run(d.path("mended.csv")), 0, n{reports.Created: 1})
}

func TestCheckFindsAnImportKeyInScientificNotation(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	header, line := d.rejected("12345678901234567890")
	line[7] = "1.23457E+19"
	job := d.job
	job.Inputs = []string{d.csv("mended.csv", header, [][]string{line})}
	r, _, err := importer.Check(t.Context(), job, "")
	if err != nil || r.Summary.Outcomes[reports.Invalid] != 1 || d.results()[0]["error"] != "unknown_import_key" {
		t.Errorf("%v, %v", r.Summary.Outcomes, err)
	}
}

// As the program wrote them before it left keys blank that no ledger has.
const olderRejects = "\ufeffID,Correo,Asunto,Detalle,Estado,Solución,Archivos,import_key,import_status,import_error,import_hint\n" +
	"000126,,'=Uno,\"línea 1\nlínea \"\"2\"\"\",Abierto,,,000126,invalid,\"missing_value: contact is empty (column \"\"Correo\"\")\",\"the CRM requires it: fill the cell, or give the field a default in the mapping\"\n" +
	"000127,b@b.co,'Dos,x,Cerrado,,,000127,invalid,\"missing_value: solution is empty (column \"\"Solución\"\"), and the status is one that closes\",\"the CRM requires a solution for closed cases: fill the cell, or give solution a default in the mapping\"\n" +
	"000128,c@b.co,Cuatro,x,Abierto,,,,invalid,\"repeated_key: key: \"\"000128\"\" stands in row 4 already, with other cells\",one of the two rows has the wrong key; correct it\n"

func TestOlderRejectsFileIsImported(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.counts(d.run(d.csv("in.csv", columns, [][]string{
		{"000126", "", "=Uno", "línea 1\nlínea \"2\"", "Abierto", "", ""},
		{"000127", "b@b.co", "'Dos", "x", "Cerrado", "", ""},
		{"000128", "c@b.co", "Tres", "x", "Abierto", "", ""},
		{"000128", "c@b.co", "Cuatro", "x", "Abierto", "", ""},
	})), 3, n{reports.Created: 1, reports.Invalid: 3})
	d.write("older.csv", strings.NewReplacer("000126,,", "000126,a@b.co,", "Cerrado,,", "Cerrado,Listo,", "000128,c@b.co,Cuatro", "000129,c@b.co,Cuatro").Replace(olderRejects))
	d.counts(d.run(d.path("older.csv")), 0, n{reports.Created: 3})
	if cases := d.byTicket(); len(cases) != 4 || !strings.HasPrefix(cases["000126"].Fields["description"].(string), "=Uno\n") {
		t.Errorf("%v", cases)
	}
}

// Where no ledger has its keys, the person is told what to do.
func TestRejectsFileOfAnotherLedgerIsImportedOnceItsKeysAreEmptied(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	text := strings.NewReplacer("000126,,", "000126,a@b.co,", "Cerrado,,", "Cerrado,Listo,").Replace(olderRejects)
	d.write("older.csv", text)
	d.counts(d.run(d.path("older.csv")), 3, n{reports.Created: 1, reports.Invalid: 2}) // the third has no import_key
	if r := d.results()[0]; !strings.Contains(r["hint"], "empty the cells of the column import_key") {
		t.Errorf("%v", r)
	}
	d.counts(d.run(d.path("out/rejects.csv")), 3, n{reports.Invalid: 2}) // as it is, it comes to the same
	d.write("emptied.csv", strings.NewReplacer(",000126,invalid", ",,invalid", ",000127,invalid", ",,invalid").Replace(text))
	d.counts(d.run(d.path("emptied.csv")), 0, n{reports.Created: 2, reports.Skipped: 1})
}

func TestMendedRowKeepsItsKeyWhateverItsCellsSay(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	header, line := d.rejected("T-0001")
	line[0] = "T-0001-B"
	d.counts(d.run(d.csv("mended.csv", header, [][]string{line})), 0, n{reports.Created: 1})
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 2})
	d.requests(2)
}

func TestMendedRowStaysWithTheKeyTemplateThatItWasRefusedUnder(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	header, line := d.rejected("T-0001")
	d.write("other.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	d.job.Mapping = d.path("other.yaml")
	d.job.Agreed = func(context.Context, string) bool { t.Error("rows with an import_key were asked about"); return true }
	d.counts(d.run(d.csv("mended.csv", header, [][]string{line})), 0, n{reports.Created: 1})
	d.job.Mapping = d.path("map.yaml")
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 2})
}

func TestRejectWithTheKeyOfAnotherRowIsInvalidUntilThatIsMended(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	list[1][0] = list[0][0]
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 1, reports.Invalid: 1})
	for range 2 {
		r := d.run(d.path("out/rejects.csv"))
		d.counts(r, 3, n{reports.Invalid: 1})
		if line := d.results()[0]; r.Summary.Changed > 0 || line["error"] != "repeated_key" {
			t.Errorf("%v", line)
		}
	}
}

func TestInvalidRepetitionLeavesTheFirstRowsEntryAlone(t *testing.T) {
	d := newDesk(t, sandbox.Config{Contacts: []string{"other@b.co"}})
	d.job.Ledger = d.path("l.db")
	list := rows(1)
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Rejected: 1})
	other := append([]string{}, list[0]...)
	other[2] = "otro asunto"
	d.job.NoRetry = true
	d.counts(d.run(d.csv("in.csv", columns, [][]string{list[0], other})), 3, n{reports.Skipped: 1, reports.Invalid: 1})
	if s, err := importer.Status(d.job.Ledger); err != nil || s.Keys["rejected"] != 1 || s.Keys["invalid"] != 0 {
		t.Errorf("%v, %v", s.Keys, err)
	}
}

func TestLinesInOneCellOfARejectsFileAreInvalid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", strings.NewReplacer("contact: {column: Correo, lower: true}", "contact: a@b.co", "status: {column: Estado}", "status: Abierto").Replace(tickets))
	header := strings.Join(append(append([]string{}, columns...), reports.RejectColumns...), ",")
	for name, c := range map[string]struct{ line, word string }{
		"a line in quotes":      {`"T-1,a@b.co,""Uno, dos"",x,Abierto,,,T-1,invalid,why,hint"`, "row_in_one_cell"},
		"with empty cells":      {`"T-1;a@b.co;Uno;x;Abierto;;;T-1;invalid;why;hint",,,,,,,,,,`, "row_in_one_cell"},
		"cut":                   {`T-1,a@b.co,Uno,x`, "too_few_cells"},
		"cut behind import_key": {`T-1,a@b.co,Uno,x,Abierto,,,T-1`, "too_few_cells"},
		"a text that was cut":   {`T-1,a@b.co,Uno,` + strings.Repeat("ñ", 32767) + `,Abierto,,,,invalid,why,hint`, "cut_text"},
	} {
		t.Run(name, func(t *testing.T) {
			d.write("mended.csv", header+"\n"+c.line+"\n")
			d.counts(d.run(d.path("mended.csv")), 3, n{reports.Invalid: 1})
			if r := d.results()[0]; r["error"] != c.word {
				t.Errorf("%v", r)
			}
		})
	}
	d.requests(0)
	d.write("mended.csv", header+"\nT-1,a@b.co,Uno,x,Abierto,,,,invalid,why\n") // an empty hint at the end
	d.counts(d.run(d.path("mended.csv")), 0, n{reports.Created: 1})
}

func TestRejectsFileWhoseHeaderLiesInOneCellIsRefused(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	header := append(append([]string{}, columns...), reports.RejectColumns...)
	for _, text := range []string{
		`"` + strings.Join(header, ",") + "\"\n\"T-1,a@b.co,Uno,x,Abierto,,,T-1,invalid,why,hint\"\n",
		`"""` + strings.Join(header, `"";""`) + "\"\"\"\n\"T-1;a@b.co\"\n",
	} {
		d.write("mended.csv", text)
		job := d.job
		job.Inputs = []string{d.path("mended.csv")}
		_, err := importer.Run(t.Context(), job)
		if _, usage := err.(*importer.UsageError); !usage || !strings.Contains(err.Error(), "lies in one cell") {
			t.Errorf("%v", err)
		}
	}
	d.requests(0)
}

func TestCellsThatASpreadsheetChangedAreSaid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(3)
	for i := range list {
		list[i][0], list[i][1], list[i][2], list[i][3] = fmt.Sprintf("T-%d", i), "", fmt.Sprintf("00012%d", i), "03-04-2024"
		list[i][4], list[i][5], list[i][6] = "Abierto", "", ""
	}
	list[2][4] = "007"
	d.write("map.yaml", strings.Replace(tickets, "status: {column: Estado}", "status: {column: Estado, values: {Abierto: Abierto}}", 1))
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Invalid: 3})
	text := strings.NewReplacer(",00012", ",12", "03-04-2024", "2024-04-03", ",007,", ",7,").Replace(string(d.mustRead(d.path("out/rejects.csv"))))
	d.write("mended.csv", text)
	said := d.listen()
	d.run(d.path("mended.csv"))
	for _, want := range []string{`the column \"Asunto\" in 3 rows: in row 2 \"000120\" became \"120\"`, `the column \"Detalle\" in 3 rows`} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%s is not in %s", want, said)
		}
	}
	for _, column := range []string{"Correo", "Estado", "import_error"} { // these were to be mended, or are ours
		if strings.Contains(said.String(), `column \"`+column+`\"`) {
			t.Errorf("%s is said: %s", column, said)
		}
	}

	said = d.listen() // the last run is another one by now
	d.run(d.csv("other.csv", columns, rows(1)))
	d.run(d.path("mended.csv"))
	if strings.Contains(said.String(), "spreadsheet has changed the column") {
		t.Errorf("%s", said)
	}
}

// A row with a cell too many can't be sent, but is known again once that is mended.
func TestRowWithTooManyCellsIsKnownByItsKeyWhenItComesBack(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("in.csv", strings.Join(columns, ",")+"\n000126,a@b.co,Uno,x,Abierto,,,sobra\n000126,a@b.co,Uno,x,Abierto,,\n000127,a@b.co,Dos,x,Abierto,,,sobra\n")
	d.counts(d.run(d.path("in.csv")), 3, n{reports.Created: 1, reports.Invalid: 2})
	text := strings.ReplaceAll(string(d.mustRead(d.path("out/rejects.csv"))), ",sobra", "")
	d.write("mended.csv", strings.ReplaceAll(text, "000127", "127"))
	d.counts(d.run(d.path("mended.csv")), 3, n{reports.Skipped: 1, reports.Invalid: 1})
	if r := d.results()[1]; !strings.Contains(r["message"], `"000127"`) {
		t.Errorf("%v", r)
	}
	d.write("mended.csv", text)
	d.counts(d.run(d.path("mended.csv")), 0, n{reports.Skipped: 1, reports.Created: 1})
	d.byTicket()
}

// The key of another mapping's row must not win over the row's own when the mapping is mended.
func TestRejectWhoseKeyAnotherMappingUsesHasNoImportKey(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, rows(3)))
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "{{Asunto}}"`, 1))
	list := rows(4)[3:]
	list[0][2] = "T-0001"
	d.counts(d.run(d.csv("other.csv", columns, list)), 3, n{reports.Invalid: 1})
	d.counts(d.run(d.path("out/rejects.csv")), 3, n{reports.Invalid: 1})
	if r := d.results()[0]; r["error"] != "key_in_use" {
		t.Errorf("%v", r)
	}
}

// Of two rows to be mended a spreadsheet makes one key. Neither may go out under it, unless the file
// has the other key too.
func TestImportKeyThatTwoRejectedRowsMayHaveIsInvalid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	for i, id := range []string{"000126", "126"} {
		list[i][0], list[i][1], list[i][4], list[i][5] = id, "", "Abierto", ""
	}
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Invalid: 2})
	header := append(append([]string{}, columns...), reports.RejectColumns...)
	var table, mended [][]string
	for _, row := range d.table(d.path("out/rejects.csv")) {
		var line []string
		for _, name := range header {
			line = append(line, row[name])
		}
		line[1] = "a@b.co"
		table = append(table, append([]string{}, line...))
		line[7] = "126"
		mended = append(mended, line)
	}
	for _, lines := range [][][]string{mended, mended[:1], mended[1:]} {
		d.counts(d.run(d.csv("mended.csv", header, lines)), 3, n{reports.Invalid: len(lines)})
		if r := d.results()[0]; r["error"] != "unknown_import_key" || !strings.Contains(r["message"], `"000126"`) {
			t.Errorf("%v", r)
		}
	}
	d.requests(0)
	d.counts(d.run(d.csv("mended.csv", header, table)), 0, n{reports.Created: 2})
}
