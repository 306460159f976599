package main

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"wolkvox-import/importer/sandbox"
)

// helpdeskVariable names the file of a public data set of support tickets in five
// languages, helpdesk_customer_tickets.csv, for who has it.
const helpdeskVariable = "WOLKVOX_IMPORT_HELPDESK"

const helpdeskMapping = `operation: helpdesk
key: "hd-{{id}}"
marker: "[ref:{{key}}]"
case:
  case-type: {column: type, values: {Incident: Claims, Problem: Complaints}, default: Request}
  responsible: ADMIN_@soporte
  owner: ADMIN_@soporte
  contact: clientes@ejemplo.co
  description: "{{subject}}\n\n{{body}}"
  status: {column: priority, values: {high: abierto}, default: cerrado}
  priority: {column: priority, values: {high: alta, medium: media, low: baja}}
  solution: {column: answer, default: sin respuesta}
  form:
    Ticket: {column: id}
    Cola: {column: queue}
    Idioma: {column: language}
    Negocio: {column: business_type}
    Etiquetas: "{{tag_1}} {{tag_2}} {{tag_3}} {{tag_4}} {{tag_5}} {{tag_6}} {{tag_7}} {{tag_8}} {{tag_9}}"
closed: [cerrado]
`

// TestRealTickets imports the data set whole and compares every text with what the CRM
// has got, by another reader.
func TestRealTickets(t *testing.T) {
	path := os.Getenv(helpdeskVariable)
	if path == "" {
		t.Skipf("%s doesn't say where helpdesk_customer_tickets.csv is", helpdeskVariable)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, 1)
	d.write("in.csv", string(content))
	d.write("map.yaml", helpdeskMapping)
	d.crm()
	d.run(0, "--workers", "8")
	cases := d.cases()
	if len(cases) != len(records)-1 {
		t.Fatalf("%d cases of %d tickets", len(cases), len(records)-1)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	for _, record := range records[1:] {
		of := func(name string) string { return record[column[name]] }
		fields := cases[of("id")].Fields
		want := of("subject") + "\n\n" + of("body") + "\n[ref:hd-" + of("id") + "]"
		if got := fields["description"]; got != want {
			t.Errorf("%s: description\n%q\nwant\n%q", of("id"), got, want)
		}
		if of("priority") == "high" {
			continue
		}
		if got := fields["solution"]; got != of("answer") && !(of("answer") == "" && got == "sin respuesta") {
			t.Errorf("%s: solution\n%q\nwant\n%q", of("id"), got, of("answer"))
		}
	}
}

func fetchStats(t testing.TB, address string) (stats sandbox.Stats) {
	t.Helper()
	answer, err := http.Get("http://" + address + "/sandbox/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	return stats
}
