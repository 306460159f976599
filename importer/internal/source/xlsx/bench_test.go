package xlsx_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/xuri/excelize/v2"

	"wolkvox-import/importer/internal/source/xlsx"
)

// export writes a workbook such as a ticket system exports: twelve columns, one of
// them a date, most texts used once.
func export(b *testing.B, rows int) string {
	b.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("wolkvox-import-bench-%d.xlsx", rows))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("No puedo ingresar al portal desde ayer la contraseña falla atención línea señal equipo router factura cliente acción técnica sesión")
	sentence := func(n int) string {
		var s []string
		for range n {
			s = append(s, words[r.IntN(len(words))])
		}
		return strings.Join(s, " ")
	}
	var sheet, texts bytes.Buffer
	count := 0
	text := func(column byte, row int, s string) {
		fmt.Fprintf(&sheet, `<c r="%c%d" t="s"><v>%d</v></c>`, column, row, count)
		fmt.Fprintf(&texts, `<si><t xml:space="preserve">%s</t></si>`, s)
		count++
	}
	sheet.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	texts.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`)
	for row := 1; row <= rows+1; row++ {
		fmt.Fprintf(&sheet, `<row r="%d">`, row)
		text('A', row, fmt.Sprintf("T-%08d", row))
		text('B', row, fmt.Sprintf("cliente%d@ejemplo.co", r.IntN(90000)))
		text('C', row, sentence(5))
		text('D', row, sentence(22))
		fmt.Fprintf(&sheet, `<c r="E%d" s="1"><v>%d.%d</v></c>`, row, 45000+r.IntN(900), r.IntN(1e9))
		for c := byte('F'); c <= 'K'; c++ {
			fmt.Fprintf(&sheet, `<c r="%c%d"><v>%d</v></c>`, c, row, r.IntN(1e6))
		}
		text('L', row, sentence(2))
		sheet.WriteString(`</row>`)
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	texts.WriteString(`</sst>`)
	if err := os.WriteFile(path, pack(b, map[string]string{
		"xl/worksheets/sheet1.xml": sheet.String(),
		"xl/sharedStrings.xml":     texts.String(),
		"xl/styles.xml":            `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>`,
	}), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

const benchRows = 200_000

func BenchmarkRead(b *testing.B) {
	path := export(b, benchRows)
	rate := func(b *testing.B) {
		b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	}
	b.Run("inflate", func(b *testing.B) {
		for b.Loop() {
			inflate(b, path)
		}
		rate(b)
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			scan(b, path, false)
		}
		rate(b)
	})
	b.Run("check+scan", func(b *testing.B) {
		for b.Loop() {
			scan(b, path, true)
		}
		rate(b)
	})
	b.Run("excelize", func(b *testing.B) {
		if testing.Short() {
			b.Skip("it takes half a minute")
		}
		for b.Loop() {
			scanWithExcelize(b, path)
		}
		rate(b)
	})
}

func inflate(b *testing.B, path string) {
	z, err := zip.OpenReader(path)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}

func scan(b *testing.B, path string, check bool) {
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	book, err := xlsx.Open(file, info.Size(), 0)
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	if check {
		if _, err := book.Check(book.Sheets[0]); err != nil {
			b.Fatal(err)
		}
	}
	rows, err := book.Rows(book.Sheets[0])
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if rows.Err() != nil || n != benchRows+1 {
		b.Fatal(n, rows.Err())
	}
}

func scanWithExcelize(b *testing.B, path string) {
	book, err := excelize.OpenFile(path)
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	rows, err := book.Rows(book.GetSheetList()[0])
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if n != benchRows+1 {
		b.Fatal(n)
	}
}

// pack makes a workbook of its parts. Those that are not given are made to fit.
func pack(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	const types = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	all := map[string]string{
		"[Content_Types].xml":        types,
		"_rels/.rels":                `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + rel + `"><sheets><sheet name="Tickets" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rel + `/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="` + rel + `/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="` + rel + `/styles" Target="/xl/styles.xml"/></Relationships>`,
		"xl/sharedStrings.xml":       `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>`,
		"xl/styles.xml":              `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>`,
	}
	for name, text := range parts {
		all[name] = text
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range sorted(all) {
		if all[name] == "" {
			continue
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
