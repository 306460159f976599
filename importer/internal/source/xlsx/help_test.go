package xlsx_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source/xlsx"
)

func sorted(parts map[string]string) []string { return slices.Sorted(maps.Keys(parts)) }

const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`

// sheet is a workbook whose sheet has these rows.
func sheet(t testing.TB, rows string, more ...string) []byte {
	parts := map[string]string{"xl/worksheets/sheet1.xml": `<worksheet ` + main + `><sheetData>` + rows + `</sheetData></worksheet>`}
	for i := 0; i+1 < len(more); i += 2 {
		parts[more[i]] = more[i+1]
	}
	return pack(t, parts)
}

func texts(items ...string) (name, part string) {
	return "xl/sharedStrings.xml", `<sst ` + main + `>` + strings.Join(items, "") + `</sst>`
}

func styles(xfs string) (name, part string) {
	return "xl/styles.xml", `<styleSheet ` + main + `>` + xfs + `</styleSheet>`
}

// read returns the rows of the first sheet, each as "number: cell|cell", with its flaws
// behind, and the error that ended it. The check must come to the same.
func read(t testing.TB, data []byte) (lines []string, err error) {
	t.Helper()
	book, err := xlsx.Open(bytes.NewReader(data), int64(len(data)), 0)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	if len(book.Sheets) == 0 {
		return nil, nil
	}
	checked, checkErr := book.Check(book.Sheets[0])
	rows, err := book.Rows(book.Sheets[0])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		line := fmt.Sprintf("%d: %s", rows.Number(), strings.Join(rows.Cells(), "|"))
		for _, f := range rows.Flaws() {
			line += fmt.Sprintf(" !%s %s", xlsx.ColumnName(f.Column), f.What)
		}
		lines = append(lines, line)
	}
	err = rows.Err()
	if fmt.Sprint(err) != fmt.Sprint(checkErr) {
		t.Errorf("the check says %v and the rows %v", checkErr, err)
	}
	if err == nil && checked.Rows != len(lines) {
		t.Errorf("the check counts %d rows, and there are %d", checked.Rows, len(lines))
	}
	return lines, err
}

// rows is read of a sheet that must be sound.
func rows(t testing.TB, data []byte) []string {
	t.Helper()
	lines, err := read(t, data)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
