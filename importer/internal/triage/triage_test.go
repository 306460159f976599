package triage_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/reports"
)

const mappingText = `operation: op
key: "{{ID}}"
when: 'row["Estado"] != "Spam"'
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo}
  description: "{{Asunto}}"
  status: {column: Estado, values: {Abierto: Open, Cerrado: Closed}}
  priority: baja
`

// open opens an input of one row, or of a rejects file's row if it has the columns of one.
func open(t *testing.T, csv string) *intake.Input {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"map.yaml": mappingText, "in.csv": csv} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := intake.Open(
		intake.Reading{Inputs: []string{filepath.Join(dir, "in.csv")}, Mapping: filepath.Join(dir, "map.yaml")},
		intake.Reports{Out: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inputs.Close)
	return inputs.All[0]
}

// What becomes of a row, by what is in it, what is known of it, and whether the run has stopped.
func TestDecide(t *testing.T) {
	const header = "ID,Correo,Asunto,Estado\n"
	const good = header + "A-1,ana@b.co,Hola,Abierto\n"
	const noKey = header + ",ana@b.co,Hola,Abierto\n"
	const spam = header + "A-1,ana@b.co,Hola,Spam\n"
	const unknown = header + "A-1,ana@b.co,Hola,Nuevo\n"
	const tooMany = header + "A-1,ana@b.co,Hola,Abierto,de más\n"
	const rejects = "import_key,import_status,import_error,import_hint,ID,Correo,Asunto,Estado\n"
	const repeats = rejects + `,invalid,"repeated_key: key: stands twice",mend it,A-1,ana@b.co,Hola,Abierto` + "\n"
	entry := func(state ledger.State) ledger.Entry {
		return ledger.Entry{State: state, Template: "{{ID}}", WolkvoxID: "77"}
	}
	known := func(e ledger.Entry) identity.Known { return identity.Known{ID: identity.IDOf("A-1"), Entry: e} }
	changed := func(k identity.Known) identity.Known { k.Changed = true; return k }
	after := func(k identity.Known, e identity.Earlier) identity.Known { k.Before = e; return k }
	other := entry(ledger.Created)
	other.Template = "{{Otro}}"
	halt := &stop.Halt{Status: stop.Paused, Why: "noche", Hint: "mañana"}
	for name, c := range map[string]struct {
		input   string
		known   identity.Known
		halt    *stop.Halt
		noRetry bool

		send   bool
		status reports.Status
		word   string
		id     string // of the case that the outcome names
		keep   bool   // the entry is to say that the row is invalid
	}{
		"new":                     {good, known(ledger.Entry{}), nil, false, true, "", "", "", false},
		"released by an answer":   {good, known(entry(ledger.Pending)), nil, false, true, "", "", "", false},
		"rejected before":         {good, known(entry(ledger.Rejected)), nil, false, true, "", "", "", false},
		"invalid before":          {good, known(entry(ledger.Invalid)), nil, false, true, "", "", "", false},
		"rejected, and no retry":  {good, known(entry(ledger.Rejected)), nil, true, false, reports.Skipped, "left_alone", "77", false},
		"created before":          {good, known(entry(ledger.Created)), nil, false, false, reports.Skipped, "", "77", false},
		"created, other cells":    {good, changed(known(entry(ledger.Created))), nil, false, false, reports.Skipped, "changed", "77", false},
		"ignored by a person":     {good, known(entry(ledger.Ignored)), nil, false, false, reports.Skipped, "ignored", "77", false},
		"in doubt":                {good, known(entry(ledger.InDoubt)), nil, false, false, reports.InDoubt, "in_doubt", "", false},
		"being sent by somebody":  {good, known(entry(ledger.Sending)), nil, false, false, reports.InDoubt, "in_doubt", "", false},
		"another mapping's key":   {good, known(other), nil, false, false, reports.Invalid, reports.KeyInUse, "", false},
		"twice, with equal cells": {good, after(known(entry(ledger.Created)), identity.Earlier{Row: 9, Same: true}), nil, false, false, reports.Skipped, "repeated", "77", false},
		"twice, while in doubt":   {good, after(known(entry(ledger.InDoubt)), identity.Earlier{Row: 9, Same: true}), nil, false, false, reports.Skipped, "repeated", "", false},
		"twice, with other cells": {good, after(known(ledger.Entry{}), identity.Earlier{Row: 9}), nil, false, false, reports.Invalid, reports.RepeatedKey, "", false},

		"a copy in another input":      {good, identity.Known{Copy: identity.Earlier{Row: 9, Same: true}}, nil, false, false, reports.Skipped, "repeated", "", false},
		"a copy that can't be sent":    {unknown, identity.Known{Copy: identity.Earlier{Row: 9, Same: true}}, nil, false, false, reports.Invalid, "not_in_values", "", false},
		"no key":                       {noKey, identity.Known{}, nil, false, false, reports.Invalid, "blank_key", "", false},
		"too many cells":               {tooMany, known(ledger.Entry{}), nil, false, false, reports.Invalid, "too_many_cells", "", true},
		"too many cells, but created":  {tooMany, known(entry(ledger.Created)), nil, false, false, reports.Invalid, "too_many_cells", "", false},
		"too many cells, but in doubt": {tooMany, known(entry(ledger.InDoubt)), nil, false, false, reports.Invalid, "too_many_cells", "", false},
		"not wanted":                   {spam, known(ledger.Entry{}), nil, false, false, reports.Skipped, "filtered", "", false},
		"not wanted, but created":      {spam, known(entry(ledger.Created)), nil, false, false, reports.Skipped, "", "77", false},
		"not in the table":             {unknown, known(ledger.Entry{}), nil, false, false, reports.Invalid, "not_in_values", "", true},
		"not in the table, created":    {unknown, known(entry(ledger.Created)), nil, false, false, reports.Skipped, "", "77", false},
		"not in the table, in doubt":   {unknown, known(entry(ledger.InDoubt)), nil, false, false, reports.InDoubt, "in_doubt", "", false},
		"not in the table, rejected":   {unknown, known(entry(ledger.Rejected)), nil, false, false, reports.Invalid, "not_in_values", "", true},

		"new, when the run has stopped":      {good, known(ledger.Entry{}), halt, false, false, reports.NotAttempted, "not_attempted", "", false},
		"bad, when the run has stopped":      {unknown, known(ledger.Entry{}), halt, false, false, reports.NotAttempted, "not_attempted", "", false},
		"created, when the run has stopped":  {good, known(entry(ledger.Created)), halt, false, false, reports.Skipped, "", "77", false},
		"in doubt, when the run has stopped": {good, known(entry(ledger.InDoubt)), halt, false, false, reports.InDoubt, "in_doubt", "", false},
		"no key, when the run has stopped":   {noKey, identity.Known{}, halt, false, false, reports.Invalid, "blank_key", "", false},

		"a mended row that still has another's key": {repeats, changed(known(entry(ledger.Created))), nil, false, false, reports.Invalid, reports.RepeatedKey, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			in := open(t, c.input)
			row := new(intake.Row)
			if !in.Next(row) {
				t.Fatal("no row", in.Err())
			}
			in.FindKey(row)
			rules := triage.Rules{Inputs: []*intake.Input{in}, Key: "{{ID}}", NoRetry: c.noRetry, Settle: "resolve"}
			d := rules.Decide(in, &identity.Row{Row: row, Known: c.known}, c.halt)
			o := d.Outcome
			switch {
			case d.Send != c.send:
				t.Fatalf("sent: %v, %+v", d.Send, o)
			case c.send && (len(d.Case.JSON) == 0 || d.Case.Contact != "ana@b.co" || len(d.Problems) > 0):
				t.Errorf("%+v", d)
			case c.send:
				return
			}
			if o.Status != c.status || o.Error != c.word || o.WolkvoxID != c.id || d.Keep != c.keep {
				t.Errorf("%s %q, id %q, kept: %v; %s", o.Status, o.Error, o.WolkvoxID, d.Keep, o.Message)
			}
			if o.Message == "" || o.Row != row.Number || o.File != in.Path {
				t.Errorf("%+v", o)
			}
			if (len(d.Problems) > 0) != (c.status == reports.Invalid) {
				t.Errorf("problems: %v", d.Problems)
			}
			if c.status == reports.NotAttempted && (!strings.Contains(o.Message, halt.Why) || o.Hint != halt.Hint) {
				t.Errorf("%+v", o)
			}
		})
	}
}
