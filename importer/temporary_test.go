package importer_test

import (
	"os"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
)

// What a mapping's lookups keep on disk is clear text of a person's tickets. None of it outlives a
// command that ends with a mistake, however late the mistake is found.
func TestNoTemporaryFileOutlivesAMistake(t *testing.T) {
	for name, mistake := range map[string]func(d *desk){
		"no input matches": func(d *desk) { d.job.Inputs = []string{d.path("nada*.csv")} },
		"one input of two": func(d *desk) { d.job.Inputs = append(d.job.Inputs, d.path("nada.csv")) },
		"a column lacks":   func(d *desk) { d.job.Inputs = []string{d.csv("in.csv", columns[:3], nil)} },
		"too few rows":     func(d *desk) { d.job.MinRows = 10 },
		"no folder": func(d *desk) {
			d.write("file", "")
			d.job.Out = d.path("file/out")
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			temporary := t.TempDir()
			for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
				t.Setenv(variable, temporary)
			}
			lookup := "lookups: {notas: {file: notas.csv, column: Ticket, on: \"{{ID}}\", each: \"{{Nota}}\"}}\nkey: \"{{ID}}\""
			d.write("map.yaml", strings.NewReplacer(`key: "{{ID}}"`, lookup, "{{Detalle}}", "{{notas}}").Replace(tickets))
			d.csv("notas.csv", []string{"Ticket", "Nota"}, [][]string{{"T-0001", "un secreto"}})
			d.job.Inputs = []string{d.csv("in.csv", columns, rows(3))}
			mistake(d)
			if _, err := importer.Run(t.Context(), d.job); err == nil {
				t.Error("a run found nothing wrong")
			}
			if name != "no folder" {
				if _, _, err := importer.Check(t.Context(), d.job, ""); err == nil {
					t.Error("a check found nothing wrong")
				}
			}
			left, err := os.ReadDir(temporary)
			if err != nil || len(left) > 0 {
				t.Errorf("%v, %v", left, err)
			}
		})
	}
}
