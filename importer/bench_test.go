package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer"
)

// BenchmarkCheck checks a file of the sample's shape, without attachments.
func BenchmarkCheck(b *testing.B) {
	const rows = 200_000
	dir := b.TempDir()
	text, err := os.ReadFile("../samples/tickets.yaml")
	if err != nil {
		b.Fatal(err)
	}
	rules, _, _ := strings.Cut(string(text), "\nattachments:")
	mappingFile, input := filepath.Join(dir, "m.yaml"), filepath.Join(dir, "in.csv")
	if err := os.WriteFile(mappingFile, []byte(rules), 0o600); err != nil {
		b.Fatal(err)
	}
	var csv strings.Builder
	csv.WriteString("ID Ticket;Correo;Asunto;Detalle;Tipo;Estado;Prioridad;Agente;Canal;Ciudad;Creado;Monto;Solución;Archivos\n")
	for i := range rows {
		fmt.Fprintf(&csv, "SD-%d;u%d@correo.example;Asunto %d;Detalle del caso número %d con un texto algo más largo que lo normal;Queja;Abierto;Alta;Iván Peña;Web;Cali;01/02/2023 10:00;%d;;\n", i, i%5000, i, i, i)
	}
	if err := os.WriteFile(input, []byte(csv.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		result, _, err := importer.Check(b.Context(), importer.Job{
			Output:  importer.Output{Out: filepath.Join(dir, "out"), Formats: []string{"csv"}},
			Reading: importer.Reading{Inputs: []string{input}, Mapping: mappingFile},
		}, "")
		if err != nil || result.Summary.RowsRead != rows || result.Status() != importer.StatusDone {
			b.Fatal(err, result.Summary.RowsRead, result.Status())
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
