package importer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// A check and a run of one file say the same of each row: they ask the same function. What a check
// calls ready is what a run sends. Tables and mappings are random, with a lookup in the key and in
// the description, keys that come twice, rows of all lengths, and values that can't be sent.
func TestCheckAndRunAgree(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	met := map[string]int{}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			for word, rows := range checkAndRun(t, rand.New(rand.NewPCG(uint64(seed), 14))) {
				met[word] += rows
			}
		})
	}
	for _, word := range []string{"created", "skipped filtered", "skipped repeated", "invalid repeated_key",
		"invalid blank_key", "invalid too_many_cells", "invalid not_in_values", "invalid missing_attachment"} {
		if met[word] == 0 {
			t.Errorf("no row came to %q, so nothing was shown of it: %v", word, met)
		}
	}
}

// checkAndRun checks and then imports a random table by a random mapping, and returns how many rows
// came to what.
func checkAndRun(t *testing.T, random *rand.Rand) map[string]int {
	d := newDesk(t, sandbox.Config{})
	mapping := randomMapping(random)
	d.write("map.yaml", mapping)
	var accounts [][]string
	for i := range 60 {
		if random.IntN(4) > 0 {
			accounts = append(accounts, []string{fmt.Sprintf("T-%d", i), fmt.Sprintf("C%d", random.IntN(5))})
		}
	}
	d.csv("cuentas.csv", []string{"Ticket", "Cuenta"}, accounts)
	var inputs []string
	most := 1 // rows without a key are counted in each input, and only a ledger knows of the others
	if strings.Contains(mapping, "key: ") {
		most = 2
	}
	for i := range 1 + random.IntN(most) {
		name := fmt.Sprintf("in%d.csv", i)
		d.write(name, randomTable(random))
		inputs = append(inputs, d.path(name))
	}
	job := d.job
	job.Inputs, job.Out = inputs, d.path("checked")
	if _, _, err := importer.Check(t.Context(), job, ""); err != nil {
		t.Fatal(err)
	}
	d.run(inputs...)
	met := map[string]int{}
	for i := range inputs {
		folder := ""
		if len(inputs) > 1 {
			folder = fmt.Sprintf("in%d/", i)
		}
		checked, imported := d.table(d.path("checked/"+folder+"results.csv")), d.table(d.path("out/"+folder+"results.csv"))
		if len(checked) != len(imported) {
			t.Fatalf("a check lists %d rows, and a run %d", len(checked), len(imported))
		}
		for j, row := range checked {
			if row["key"] == "" {
				imported[j]["key"] = "" // made of the cells, which only a ledger counts
			}
			if row["error"] == "repeated" && strings.Contains(row["message"], " of ") {
				row["error"], row["message"] = "", "created earlier" // which only a ledger knows
			}
			said, became := outcomeOf(row), outcomeOf(imported[j])
			ready := row["status"] == string(reports.NotAttempted)
			if ready && imported[j]["status"] != string(reports.Created) || !ready && said != became {
				t.Errorf("row %s: a check says %q, and a run %q", row["row"], said, became)
			}
			met[strings.TrimSpace(imported[j]["status"]+" "+imported[j]["error"])]++
		}
	}
	return met
}

func outcomeOf(row map[string]string) string {
	return strings.Join([]string{row["row"], row["key"], row["status"], row["error"], row["message"], row["hint"]}, "|")
}

func randomMapping(random *rand.Rand) string {
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	return strings.NewReplacer(
		`key: "{{ID}}"`, pick("", `key: "{{ID}}"`, `key: "{{cuenta}}-{{ID}}"`, `key: "{{ID}}-{{Asunto}}"`)+
			pick("", "\nwhen: 'row[\"Estado\"] != \"Spam\"'")+
			"\nlookups: {cuenta: {file: cuentas.csv, column: Ticket, on: \"{{ID}}\", each: \"{{Cuenta}}\"}}",
		`"{{Asunto}}\n\n{{Detalle}}"`, pick(`"{{Asunto}}"`, `"{{Asunto}} de {{cuenta}}"`),
		`status: {column: Estado}`, pick(`status: {column: Estado}`,
			`status: {column: Estado, values: {Abierto: Abierto, Cerrado: Cerrado}}`),
	).Replace(tickets)
}

func randomTable(random *rand.Rand) string {
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	for range random.IntN(700) {
		cells := []string{
			pick(fmt.Sprintf("T-%d", random.IntN(60)), fmt.Sprintf("T-%d", 60+random.IntN(600)), fmt.Sprintf("T-%d", 60+random.IntN(6000)), "", "1E+05"),
			pick("ana@b.co", "Leo@B.co", "ana@b.co", ""),
			pick("Hola", "Hola", "Ticket"),
			pick("", "línea"),
			pick("Abierto", "Abierto", "Cerrado", "Spam", "Nuevo", ""),
			pick("Listo", ""),
			pick("", "", "a.pdf", "falta.pdf"),
		}
		switch random.IntN(20) {
		case 0:
			cells = append(cells, "de más")
		case 1:
			cells = cells[:1+random.IntN(6)]
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	return b.String()
}
