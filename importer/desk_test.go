package importer_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// desk is a folder with a mapping, inputs and attachments, and a simulated CRM.
type desk struct {
	t   *testing.T
	dir string
	crm *sandbox.CRM
	job importer.Job
}

var columns = []string{"ID", "Correo", "Asunto", "Detalle", "Estado", "Solución", "Archivos"}

const tickets = `operation: op
key: "{{ID}}"
marker: "[ref:{{key}}]"
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo, lower: true}
  description: "{{Asunto}}\n\n{{Detalle}}"
  status: {column: Estado}
  priority: baja
  solution: {column: Solución}
  form:
    Ticket: {column: ID}
closed: [Cerrado]
attachments:
  root: files
  files: [{column: Archivos, split: ";"}]
`

func newDesk(t *testing.T, config sandbox.Config) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), crm: sandbox.New(config)}
	server := httptest.NewServer(d.crm)
	t.Cleanup(server.Close)
	d.serve(server.URL)
	d.write("map.yaml", tickets)
	d.write("files/a.pdf", "pdf")
	d.write("files/ñ b.txt", strings.Repeat("texto ", 9000))
	return d
}

func (d *desk) serve(url string) {
	d.job = importer.Job{
		Output:       importer.Output{Out: d.path("out"), Formats: []string{"csv"}},
		Reading:      importer.Reading{Mapping: d.path("map.yaml")},
		CRM:          importer.CRM{Server: url, Tokens: []string{"s3cret-token"}},
		Pace:         importer.Pace{Workers: 8},
		Surroundings: importer.Surroundings{Version: "test"},
	}
}

// handle puts a handler in front of the CRM.
func (d *desk) handle(h func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(w, r, d.crm) }))
	d.t.Cleanup(server.Close)
	d.job.Server = server.URL
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *desk) write(name, text string) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// rows makes n good rows.
func rows(n int) [][]string {
	var list [][]string
	for i := range n {
		row := []string{fmt.Sprintf("T-%04d", i), fmt.Sprintf("Cliente%d@Ejemplo.co", i), fmt.Sprintf("Asunto %d", i), "línea 1\nlínea \"2\"", "Abierto", "", ""}
		switch i % 4 {
		case 1:
			row[4], row[5] = "Cerrado", "Listo"
		case 2:
			row[6] = "a.pdf;ñ b.txt"
		}
		list = append(list, row)
	}
	return list
}

// csv writes rows under the header.
func (d *desk) csv(name string, header []string, rows [][]string) string {
	d.t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{header}, rows...)); err != nil {
		d.t.Fatal(err)
	}
	d.write(name, b.String())
	return d.path(name)
}

func (d *desk) run(inputs ...string) importer.Result {
	d.t.Helper()
	return d.runUntil(d.t.Context(), inputs...)
}

func (d *desk) runUntil(ctx context.Context, inputs ...string) importer.Result {
	d.t.Helper()
	job := d.job
	job.Inputs = inputs
	result, err := importer.Run(ctx, job)
	if err != nil {
		d.t.Fatal(err)
	}
	if !result.Summary.AddsUp() {
		d.t.Errorf("%d rows read, outcomes %v", result.Summary.RowsRead, result.Summary.Outcomes)
	}
	return result
}

// counts asserts the outcomes and the exit status.
func (d *desk) counts(r importer.Result, status int, want map[reports.Status]int) {
	d.t.Helper()
	for _, s := range reports.Statuses() {
		if r.Summary.Outcomes[s] != want[s] {
			d.t.Errorf("%d %s, wanted %d", r.Summary.Outcomes[s], s, want[s])
		}
	}
	if r.Status() != status {
		d.t.Errorf("exit status %d, wanted %d", r.Status(), status)
	}
	if d.t.Failed() {
		d.t.Logf("%+v", r.Summary.ByError)
		d.t.FailNow()
	}
}

// requests asserts how many inserts reached the CRM since it was made.
func (d *desk) requests(want int) {
	d.t.Helper()
	if got := d.crm.Stats().Requests; got != want {
		d.t.Fatalf("%d requests, wanted %d", got, want)
	}
}

// byTicket returns the cases by ticket, and fails where a ticket has two.
func (d *desk) byTicket() map[string]sandbox.Case {
	d.t.Helper()
	cases := map[string]sandbox.Case{}
	for _, c := range d.crm.Cases() {
		ticket := c.Fields["form"].(map[string]any)["Ticket"].(string)
		if _, twice := cases[ticket]; twice {
			d.t.Fatalf("%s has two cases", ticket)
		}
		cases[ticket] = c
	}
	return cases
}

// table reads a report, the cells by column.
func (d *desk) table(path string) []map[string]string {
	d.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	var list []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		list = append(list, row)
	}
	return list
}

func (d *desk) results() []map[string]string { return d.table(d.path("out/results.csv")) }
