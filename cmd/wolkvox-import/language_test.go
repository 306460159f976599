package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wolkvox-import/mapping"
)

// TestReadmeLanguage applies the README's examples of the language to the sample's first
// rows' shape.
func TestReadmeLanguage(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d examples of mappings", len(blocks))
	}
	whole, language := blocks[0][1], blocks[1][1]
	form := regexp.MustCompile(`(?m)^  form:.*\n.*\n`).FindString(whole)
	both := strings.Replace(whole, form, "  "+strings.ReplaceAll(language, "\n", "\n  ")+"\n", 1)
	dir := t.TempDir()
	for name, content := range map[string]string{"whole.yaml": whole, "both.yaml": both, "adjuntos/x.txt": "x", "agentes.yaml": "Ana: a@x\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "agentes.csv", "agentes.yaml")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	header := []string{"ID Ticket", "Correo", "Asunto", "Detalle", "Tipo", "Estado", "Prioridad", "Agente", "Canal", "Ciudad", "Creado", "Monto", "Solución", "Archivos", "Pagado"}
	cells := []string{"7", "Ana@x.co", "RE: hola", "<p>a</p>", "PETICIÓN", "Abierto", "Alta", "Ana", "web", "", "31/01/2024 02:00", "1.500,5", "", "x.txt", "sí"}
	for _, name := range []string{"whole.yaml", "both.yaml"} {
		m, err := mapping.Load(filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Compile(header, mapping.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		row := append([]string{}, cells...)
		for _, shown := range p.Shown() {
			row = append(row, cells[shown])
		}
		c, problems := p.Apply(row, "k")
		if len(problems) > 0 {
			t.Fatalf("%s: %+v", name, problems)
		}
		if name == "whole.yaml" {
			continue
		}
		for _, want := range []string{`"Sin tildes":"P"`, `"Texto":"a"`, `"Limpio":"hola"`, `"De tabla":"a@x"`, `"Permitido":"Web"`, `"Número":"1500.5"`, `"Sí o no":"Sí"`, `"Fecha":"2024-01-31"`,
			`"Hora local":"2024-01-30 21:00:00"`, `"Vencimiento":"revisar"`, `"Moneda":{"type":"currency","symbol":"COP","value":"1.500,5"}`, `"Lo mismo":{"type":"currency","symbol":"COP","value":"1.500,5"}`} {
			if !strings.Contains(string(c.JSON), want) {
				t.Errorf("no %s in %s", want, c.JSON)
			}
		}
	}
}
