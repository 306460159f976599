package importer_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// Who changes the key of a mapping sends everything again. That is said before it happens,
// and asked where somebody is there.
func TestChangedKeyIsSaidBeforeRowsAreSentAgain(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(4))
	d.counts(d.run(input), 0, n{reports.Created: 4})
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	said := d.listen()
	var question string
	d.job.Agreed = func(_ context.Context, q string) bool { question = q; return false }
	d.job.Inputs = []string{input}
	_, err := importer.Run(t.Context(), d.job)
	if usage := new(importer.UsageError); !errors.As(err, &usage) || question == "" || !strings.Contains(said.String(), "would be sent again") {
		t.Errorf("%v, %q, %s", err, question, said)
	}
	d.requests(4)

	d.job.Agreed = nil // at night nobody can be asked, whatever the mapping's name is
	changed := strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{Correo}}"`, 1)
	changed = strings.Replace(changed, "  form:\n    Ticket: {column: ID}\n", "", 1) // nor what columns it uses
	d.write("copia.yaml", changed)
	d.job.Mapping = d.path("copia.yaml")
	if _, err = importer.Run(t.Context(), d.job); !errors.As(err, new(*importer.UsageError)) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("%v", err)
	}
	d.requests(4)

	d.job.Mapping = d.path("map.yaml")
	d.job.Agreed = func(context.Context, string) bool { return true }
	d.counts(d.run(input), 0, n{reports.Created: 4})
	d.job.Agreed = func(context.Context, string) bool { t.Error("once is enough"); return false }
	d.counts(d.run(input), 0, n{reports.Skipped: 4})
}

// Other rows may have another key: two files in one ledger.
func TestOtherRowsMayHaveAnotherKey(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.counts(d.run(d.csv("in.csv", columns, rows(4))), 0, n{reports.Created: 4})
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	d.counts(d.run(d.csv("more.csv", columns, rows(9)[5:])), 0, n{reports.Created: 4})
}

// Two mappings may share a file by what they want of it.
func TestTwoMappingsShareAFile(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(8))
	d.job.When = `row["ID"] < "T-0004"`
	d.counts(d.run(input), 0, n{reports.Created: 4, reports.Skipped: 4})
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	d.job.When = `row["ID"] >= "T-0004"`
	d.counts(d.run(input), 0, n{reports.Created: 4, reports.Skipped: 4})
}

// A second ledger beside the usual one knows nothing of it.
func TestOtherLedgerIsSaid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(2))
	said := d.listen()
	d.run(input)
	if strings.Contains(said.String(), "count as new") {
		t.Errorf("%s", said)
	}
	d.job.Ledger = d.path("otro.db")
	d.run(input)
	if !strings.Contains(said.String(), "op.ledger.db: those rows count as new") {
		t.Errorf("%s", said)
	}
}

// A changed key is found wherever the rows stand that were imported under another one, and also
// where others have the new key already.
func TestChangedKeyIsFoundInTheWholeInput(t *testing.T) {
	bare := strings.Replace(tickets, "key: \"{{ID}}\"\n", "", 1)
	changed := strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1)
	for name, c := range map[string]struct{ before, after string }{
		"another key":   {tickets, changed},
		"no key before": {bare, changed},
		"no key after":  {tickets, bare},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			d.write("map.yaml", c.before)
			list := rows(700)
			d.counts(d.run(d.csv("in.csv", columns, list[600:604])), 0, n{reports.Created: 4})
			d.write("map.yaml", c.after)
			d.counts(d.run(d.csv("new.csv", columns, list[:10])), 0, n{reports.Created: 10}) // others
			d.job.Inputs = []string{d.csv("night.csv", columns, list)}
			if _, err := importer.Run(t.Context(), d.job); !errors.As(err, new(*importer.UsageError)) || !strings.Contains(err.Error(), "would be sent again") {
				t.Fatalf("%v", err)
			}
			d.requests(14)
			d.job.Agreed = func(context.Context, string) bool { return true }
			d.counts(d.run(d.path("night.csv")), 0, n{reports.Skipped: 10, reports.Created: 690})
			d.job.Agreed = func(context.Context, string) bool { t.Error("once is enough"); return false }
			d.counts(d.run(d.path("night.csv")), 0, n{reports.Skipped: 700})
		})
	}
}

// What the CRM refused under another key has no case, and is no reason to ask.
func TestRowsThatWereRefusedUnderAnotherKeyAreNotAskedAbout(t *testing.T) {
	d := newDesk(t, sandbox.Config{Contacts: []string{"other@b.co"}})
	input := d.csv("in.csv", columns, rows(1))
	d.counts(d.run(input), 3, n{reports.Rejected: 1})
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	d.counts(d.run(input), 3, n{reports.Rejected: 1})
}

// An older program doesn't say which keys its ledger has: then the ledger is looked through.
func TestChangedKeyIsFoundInAnOlderProgramsLedger(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Ledger = d.path("l.db")
	input := d.csv("in.csv", columns, rows(4))
	d.counts(d.run(input), 0, n{reports.Created: 4})
	db, err := sql.Open("sqlite", d.job.Ledger)
	d.must(err)
	_, err = db.Exec("UPDATE runs SET about = json_remove(about, '$.Templates')")
	d.must(errors.Join(err, db.Close()))
	d.write("map.yaml", strings.Replace(tickets, `key: "{{ID}}"`, `key: "otra-{{ID}}"`, 1))
	d.job.Inputs = []string{input}
	if _, err = importer.Run(t.Context(), d.job); err == nil || !strings.Contains(err.Error(), "would be sent again") {
		t.Errorf("%v", err)
	}
}
