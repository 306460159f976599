package source_test

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source"
)

const benchRows = 1_000_000

// export writes a CSV file of twelve columns and about 390 bytes a row.
func export(b *testing.B) string {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("wolkvox-import-bench-%d.csv", benchRows))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "id,correo,asunto,detalle,tipo,estado,prioridad,agente,canal,ciudad,creado,archivos")
	text := strings.Repeat("No puedo ingresar al portal desde ayer, la contraseña falla. ", 3)
	for i := range benchRows {
		fmt.Fprintf(w, "T-%07d,cliente%d@ejemplo.co,\"Asunto %d, ¿sigue?\",\"%s\n%d\",Queja,Abierto,Alta,agente%d,web,Bogotá,31/01/2024 10:20,a%d.pdf\n", i, i%90000, i, text, i, i%40, i)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkCSV(b *testing.B) {
	path := export(b)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encoding/csv", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			file, err := os.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			r := csv.NewReader(bufio.NewReaderSize(file, 256<<10))
			r.ReuseRecord = true
			n := 0
			for ; err != io.EOF; n++ {
				if _, err = r.Read(); err != nil && err != io.EOF {
					b.Fatal(err)
				}
			}
			if n != benchRows+2 {
				b.Fatal(n)
			}
			file.Close()
		}
	})
	b.Run("source", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			r, err := source.Open(path, source.Options{})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for r.Next() {
				n++
			}
			if r.Err() != nil || n != benchRows {
				b.Fatal(n, r.Err())
			}
			r.Close()
		}
	})
}
