package importer_test

import (
	"context"
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

	d.job.Agreed = nil // at night, whoever has changed it must have meant it
	d.counts(d.run(input), 0, n{reports.Created: 4})
	if strings.Count(said.String(), "would be sent again") != 2 {
		t.Errorf("%s", said)
	}
	d.counts(d.run(input), 0, n{reports.Skipped: 4})
	if strings.Count(said.String(), "would be sent again") != 2 {
		t.Errorf("once is enough: %s", said)
	}
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
