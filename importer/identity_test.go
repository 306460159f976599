package importer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

func TestTomorrowsFileSendsOnlyWhatIsNew(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(40)
	d.run(d.csv("night1.csv", columns, list[:30]))
	list[3][3] = "otro texto"
	d.counts(d.run(d.csv("night2.csv", columns, list)), 0, n{reports.Skipped: 30, reports.Created: 10})
	d.requests(40)
	changed := d.table(d.path("out/changed.csv"))
	if len(changed) != 1 || changed[0]["ID"] != "T-0003" || changed[0]["Detalle"] != "otro texto" || changed[0]["wolkvox_id"] == "" {
		t.Errorf("%v", changed)
	}
	if line := d.results()[3]; line["status"] != "skipped" || !strings.Contains(line["message"], "changed since its import") {
		t.Errorf("%v", line)
	}
}

func TestEditedOrRenamedMappingChangesNothing(t *testing.T) {
	bare := strings.Replace(tickets, "key: \"{{ID}}\"\n", "", 1)
	for name, text := range map[string]string{"with a key": tickets, "without a key": bare} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			d.write("map.yaml", text)
			input := d.csv("in.csv", append(columns, "Ciudad"), withCity(rows(20)))
			d.counts(d.run(input), 0, n{reports.Created: 20})
			for _, edit := range []string{
				text,
				strings.Replace(text, "priority: baja", "priority: alta", 1),
				strings.Replace(text, "    Ticket:", "    Ciudad: {column: Ciudad}\n    Ticket:", 1),
				strings.Replace(text, "  solution: {column: Solución}\n", "", 1),
				strings.Replace(text, "{{ID}}", "{{ id }}", 1),
			} {
				d.write("renamed.yaml", edit)
				d.job.Mapping = d.path("renamed.yaml")
				r := d.run(input)
				d.counts(r, 0, n{reports.Skipped: 20})
				if r.Summary.Changed > 0 {
					t.Errorf("%d rows look changed after editing the mapping alone", r.Summary.Changed)
				}
			}
			d.requests(20)
		})
	}
}

func withCity(list [][]string) [][]string {
	for i := range list {
		list[i] = append(list[i], "Bogotá")
	}
	return list
}

func TestEqualRowsWithoutAKeyCountAsFirstSecondThird(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", strings.Replace(tickets, "key: \"{{ID}}\"\n", "", 1))
	row := rows(1)[0]
	input := d.csv("in.csv", columns, [][]string{row, row, row})
	d.counts(d.run(input), 0, n{reports.Created: 3})
	d.counts(d.run(input), 0, n{reports.Skipped: 3})
	d.counts(d.run(d.csv("more.csv", columns, [][]string{row, row, row, row})), 0, n{reports.Skipped: 3, reports.Created: 1})
	d.requests(4)
}

func TestRepeatedKeys(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(300)
	list = append(list, list[2]) // the same once more, in a later batch
	other := append([]string{}, list[4]...)
	other[2] = "otro asunto"
	list = append(list, other)
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 300, reports.Skipped: 1, reports.Invalid: 1})
	lines := d.results()
	if same := lines[300]; same["status"] != "skipped" || !strings.Contains(same["message"], "row 4") {
		t.Errorf("%v", same)
	}
	if clash := lines[301]; clash["error"] != "repeated_key" || !strings.Contains(clash["message"], "row 6") {
		t.Errorf("%v", clash)
	}
	d.counts(d.run(d.path("in.csv")), 3, n{reports.Skipped: 301, reports.Invalid: 1})
	d.requests(300)
}

func TestKeyOfAnotherTemplateIsInvalidAndNotSkipped(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, rows(3)))
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "{{Asunto}}"`, 1))
	d.job.Agreed = func(context.Context, string) bool { return true } // the others are to be sent again
	list := rows(3)
	list[0][2] = "T-0001" // another row whose key reads the same
	d.counts(d.run(d.csv("other.csv", columns, list)), 3, n{reports.Invalid: 1, reports.Created: 2})
	if line := d.results()[0]; line["error"] != "key_in_use" || !strings.Contains(line["message"], "already used by") || line["wolkvox_id"] != "" {
		t.Errorf("%v", line)
	}
}

func TestKeysThatCanNotBeTrustedAreInvalid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(3)
	list[0][0], list[1][0] = " ", "8.8077E+16"
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 1, reports.Invalid: 2})
}

func TestLedgerWinsOverWhatIsWrongWithTheRow(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	d.run(d.csv("in.csv", columns, list))
	list[0][1], list[1][6] = "", "vanished.pdf"
	r := d.run(d.csv("in.csv", columns, list))
	d.counts(r, 0, n{reports.Skipped: 2})
	if r.Summary.Changed != 2 {
		t.Errorf("%d changed", r.Summary.Changed)
	}
}

func TestSandboxForgetsAndARealRunIsNotFooled(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(5))
	d.job.Rehearsal = true
	for range 2 {
		d.counts(d.run(input), 0, n{reports.Created: 5})
	}
	d.requests(10)
	d.job.Rehearsal = false
	d.counts(d.run(input), 0, n{reports.Created: 5})

	job := d.job
	job.Inputs, job.Server, job.ServerMoved = []string{input}, "crm.invalid", true
	_, err := importer.Run(t.Context(), job)
	if _, usage := err.(*importer.UsageError); !usage || !strings.Contains(err.Error(), "rehearsal") {
		t.Errorf("a ledger of this machine was taken for a real server: %v", err)
	}
}

func TestLedgerOfAnotherOperationIsRefused(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(1))
	d.job.Ledger = d.path("l.db")
	d.run(input)
	d.write("map.yaml", strings.Replace(tickets, "operation: op", "operation: other", 1))
	job := d.job
	job.Inputs = []string{input}
	if _, err := importer.Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), `"op"`) {
		t.Errorf("%v", err)
	}
	d.requests(1)
}

// What the ledger can't tell any more stops the run, and no row is lost in silence.
func TestRowsThatADamagedLedgerCannotTellOfAreListed(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Ledger = d.path("l.db")
	list := rows(2000)
	d.counts(d.run(d.csv("in.csv", columns, list)), 0, n{reports.Created: 2000})

	id := func(row []string) []byte { sum := sha256.Sum256([]byte(row[0])); return sum[:16] }
	ledger := d.mustRead(d.job.Ledger)
	const page, indexLeaf = 4096, 0x0a
	at := 0
	for ledger[at] != indexLeaf || !bytes.Contains(ledger[at:at+page], id(list[1000])) {
		at += page
	}
	list = slices.DeleteFunc(list, func(row []string) bool { return bytes.Contains(ledger[at:at+page], id(row)) })[:512]
	clear(ledger[at : at+page])
	d.write("l.db", string(ledger))

	input := d.csv("next.csv", columns, append(list, rows(2600)[2000:]...))
	r := d.run(input)
	d.counts(r, 1, n{reports.Skipped: 512, reports.NotAttempted: 600})
	if last := d.results()[1111]; r.Summary.RowsRead != 1112 || last["key"] != "T-2599" || !strings.Contains(last["message"], "is damaged") {
		t.Errorf("%d rows read, %v", r.Summary.RowsRead, last)
	}
	d.requests(2000)
}

// A key that stands in two inputs of one command with other cells is one that no reader may
// choose between.
func TestKeyInTwoInputsWithOtherCellsIsRepeated(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(8)
	north := d.csv("norte.csv", columns, list)
	d.counts(d.run(north, d.csv("sur.csv", columns, list)), 0, n{reports.Created: 8, reports.Skipped: 8})
	for i := range list {
		list[i][2] = "otro"
	}
	south := d.csv("sur.csv", columns, append(list, rows(9)[8]))
	r := d.run(north, south)
	d.counts(r, 3, n{reports.Skipped: 8, reports.Invalid: 8, reports.Created: 1})
	if line := d.table(d.path("out/sur/results.csv"))[3]; line["error"] != "repeated_key" || !strings.Contains(line["message"], "row 5 of "+north) {
		t.Errorf("%v", line)
	}
	d.requests(9)

	job := d.job
	job.Inputs = []string{north, south}
	if r, _, err := importer.Check(t.Context(), job, ""); err != nil || r.Summary.Outcomes[reports.Invalid] != 8 || r.Summary.Outcomes[reports.NotAttempted] != 9 {
		t.Errorf("%v, %v", r.Summary.Outcomes, err)
	}
}

// Rows without a key are counted in each input for itself, as if it came alone.
func TestEqualRowsOfTwoInputsAreTheSameRow(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", strings.Replace(tickets, "key: \"{{ID}}\"\n", "", 1))
	d.counts(d.run(d.csv("a.csv", columns, rows(3)), d.csv("b.csv", columns, rows(4))), 0, n{reports.Created: 4, reports.Skipped: 3})
}

func TestKeysThatWereUsedForOtherRowsAreSaid(t *testing.T) {
	for _, c := range []struct{ changed, of, status int }{{5, 9, 3}, {5, 10, 0}, {4, 4, 0}} {
		d := newDesk(t, sandbox.Config{})
		list := rows(c.of)
		input := d.csv("in.csv", columns, list)
		d.run(input)
		for i := range c.changed {
			list[i][2] = "otro"
		}
		d.csv("in.csv", columns, list)
		said := d.listen()
		d.counts(d.run(input), c.status, n{reports.Skipped: c.of})
		if strings.Contains(said.String(), "are these other tickets?") != (c.status == 3) {
			t.Errorf("%d of %d: %s", c.changed, c.of, said)
		}
		d.job.Ledger = d.path("op.ledger.db")
		if r, _, err := importer.Report(d.job.Ledger, d.path("again"), nil); err != nil || r.Summary.ExitStatus != c.status {
			t.Errorf("report: status %d, %v", r.Summary.ExitStatus, err)
		}
		d.requests(c.of)
	}
}

// The reader makes keys ahead of the rows of which cases are made, by the same lookup.
func TestKeysAndTextsShareALookup(t *testing.T) {
	const many = 2000
	d := newDesk(t, sandbox.Config{})
	mapping := strings.NewReplacer(`key: "{{ID}}"`, "lookups: {cuenta: {file: cuentas.csv, column: Ticket, on: \"{{ID}}\", each: \"{{Cuenta}}\"}}\nkey: \"{{cuenta}}-{{ID}}\"",
		`"{{Asunto}}\n\n{{Detalle}}"`, `"{{Asunto}} de {{cuenta}}"`).Replace(tickets)
	d.write("map.yaml", mapping)
	accounts, table := [][]string{}, rows(many)
	for i, row := range table {
		accounts = append(accounts, []string{row[0], fmt.Sprintf("C%d", i%90)})
		row[4], row[5], row[6] = "Abierto", "", ""
	}
	d.csv("cuentas.csv", []string{"Ticket", "Cuenta"}, accounts)
	d.counts(d.run(d.csv("in.csv", columns, table)), 0, n{reports.Created: many})
	for _, r := range d.results() {
		if i, err := strconv.Atoi(r["key"][strings.Index(r["key"], "T-")+2:]); err != nil || !strings.HasPrefix(r["key"], fmt.Sprintf("C%d-", i%90)) {
			t.Fatalf("row %s has the key %s", r["row"], r["key"])
		}
	}
}
