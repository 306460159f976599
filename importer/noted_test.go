package importer_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// A run whose ledger doesn't take what became of the rows has not done them, though nothing of
// it was to be sent.
func TestRowsThatCannotBeNotedStopTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(3))
	d.counts(d.run(input), 0, n{reports.Created: 3})
	db, err := sql.Open("sqlite", d.path("op.ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TRIGGER stuck BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, 'the page is torn'); END"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	job := d.job
	job.Inputs = []string{input}
	r, err := importer.Run(t.Context(), job)
	if r.Status() != importer.StatusStopped || r.Halt == nil || !strings.Contains(r.Halt.Why, "the page is torn") {
		t.Errorf("status %d, %+v, %v", r.Status(), r.Halt, err)
	}
}

// Of a key that two inputs have, in rows of two kinds, a canary sends the first.
func TestCanarySendsNoKeyTwice(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	first, second := rows(1), rows(1)
	first[0][4], first[0][5] = "Abierto", ""
	second[0][4], second[0][5] = "Pendiente", ""
	d.job.Canary, d.job.Agreed = true, func(context.Context, string) bool { return true }
	said := d.listen()
	r := d.run(d.csv("in.csv", columns, first), d.csv("later.csv", columns, second))
	if r.Halt != nil || r.Summary.Outcomes[reports.Created] != 1 || !strings.Contains(said.String(), "1 of 1 case created") {
		t.Errorf("%+v, %v\n%s", r.Halt, r.Summary.Outcomes, said)
	}
	d.requests(1)
}
