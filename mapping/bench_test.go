package mapping_test

import (
	"encoding/json"
	"os"
	"testing"

	"wolkvox-import/mapping"
)

// BenchmarkApply maps a row as the sample's mapping does, without attachments.
func BenchmarkApply(b *testing.B) {
	text, err := os.ReadFile("../samples/tickets.yaml")
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	path := dir + "/tickets.yaml"
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	m, err := mapping.Load(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	header := []string{"ID Ticket", "Correo", "Asunto", "Detalle", "Tipo", "Estado", "Prioridad", "Agente", "Canal", "Ciudad", "Creado", "Monto", "Solución", "Archivos"}
	p, err := m.Compile(header, mapping.Options{Attachments: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	cells := []string{"SD-10001", "fabiola.londono@correo.example", "Sugerencia: pagar por la app", "Sería más cómodo pagar desde la app; hoy toca entrar a la página, copiar la referencia EZ-4058 y volver a la app del banco.", "Queja", "Cerrado", "Media", "Milena Rodríguez", "WhatsApp", "San Andrés", "01/01/2023 17:55", "", "Equipo cambiado por uno nuevo, serie BX-5726.", ""}
	b.ReportAllocs()
	key, problem := p.Key(cells)
	if problem != nil {
		b.Fatal(problem)
	}
	for b.Loop() {
		if _, problems := p.Apply(cells, key); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkMarshal is the plain way, for comparison: a map of the same case and
// encoding/json.
func BenchmarkMarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fields := map[string]any{"operation": "soporte_demo", "case-type": "Complaints", "responsible": "ADMIN_@soporte", "owner": "mrodriguez_@soporte",
			"contact": "fabiola.londono@correo.example", "status": "cerrado", "priority": "media", "solution": "Equipo cambiado por uno nuevo, serie BX-5726.",
			"description": "Sugerencia: pagar por la app" + "\n\n" + "Sería más cómodo pagar desde la app; hoy toca entrar a la página, copiar la referencia EZ-4058 y volver a la app del banco." + "\n[ref:ca-SD-10001]",
			"form":        map[string]any{"Subject": "Sugerencia: pagar por la app", "Canal": "whatsapp", "Ciudad": "San Andrés", "Fecha": "01/01/2023 17:55", "Ticket anterior": "SD-10001"}}
		if _, err := json.Marshal(fields); err != nil {
			b.Fatal(err)
		}
	}
}
