package formula

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// row is the cells that the tests' expressions see.
var row = map[string]string{"A": "Hola", "B": "1.234,5", "C": "", "Fecha": "03/04/2025", "Ñ": "ñandú"}

func cell(column string) string { return row[column] }

func TestFormulasYieldTexts(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`"x"`, "x"},
		{`row["A"]`, "Hola"},
		{`row.A`, "Hola"},
		{`row["Ñ"]`, "ñandú"},
		{`row["A"] + "!" + row["C"]`, "Hola!"},
		{`row["A"] == "Hola" ? "sí" : "no"`, "sí"},
		{`row["C"] == "" ? "vacío" : row["C"]`, "vacío"},
		{`row["A"] in ["Hola", "Adiós"]`, "true"},
		{`row["A"] contains "ol"`, "true"},
		{`row["A"] startsWith "H" and not (row["A"] endsWith "z")`, "true"},
		{`row["A"] matches "^[A-Z]"`, "true"},
		{`upper(row["A"])`, "HOLA"},
		{`lower(row["A"])`, "hola"},
		{`trim("  x ")`, "x"},
		{`row["A"][0:2]`, "Ho"},
		{`len(row["A"])`, "4"},
		{`1 + 2 * 3`, "7"},
		{`10 / 4`, "2.5"},
		{`7 % 4`, "3"},
		{`split("a,b", ",")[1]`, "b"},
		{`fold("PETICIÓN")`, "peticion"},
		{`html("<p>a</p><p>b</p>")`, "a\n\nb"},
		{`digits("+57 300-1")`, "573001"},
		{`digits("nada")`, ""},
		{`sha256("abc")[0:8]`, "ba7816bf"},
		{`number(row["B"])`, "1234.5"},
		{`number(row["B"]) > 1000`, "true"},
		{`number(row["C"])`, "0"},
		{`number("-12,50")`, "-12.5"},
		{`date(row["Fecha"], "DD/MM/YYYY", "YYYY-MM-DD")`, "2025-04-03"},
		{`date("2025-04-03", "DD/MM/YYYY", "DD.MM.YY")`, "03.04.25"},
		{`date(row["C"], "DD/MM/YYYY", "YYYY-MM-DD")`, ""},
		{`days("2025-04-01", "2025-04-03")`, "2"},
		{`days("2025-04-03", "2025-04-01 12:00")`, "-1"},
		{`nil`, ""},
	} {
		f, err := ForText(c.source)
		if err != nil {
			t.Errorf("%s: %v", c.source, err)
			continue
		}
		if got, err := f.Text(cell); got != c.want || err != nil {
			t.Errorf("%s: got %q %v, want %q", c.source, got, err, c.want)
		}
	}
}

func TestConditions(t *testing.T) {
	for source, want := range map[string]bool{
		`true`:                                  true,
		`row["A"] == "Hola"`:                    true,
		`row["A"] != "Hola"`:                    false,
		`row["C"] != ""`:                        false,
		`number(row["B"]) >= 1234.5`:            true,
		`days("2025-01-01", "2025-01-02") == 1`: true,
		`row["A"] matches "z$" or row["Ñ"] contains "and"`: true,
	} {
		f, err := ForCondition(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := f.Holds(cell); got != want || err != nil {
			t.Errorf("%s: got %v %v", source, got, err)
		}
	}
}

func TestFormulasThatCannotBeUsed(t *testing.T) {
	for source, want := range map[string]string{
		``:                                      "the expression can't be used",
		`row["A`:                                "the expression can't be used",
		`row["A"] +`:                            "the expression can't be used",
		`nope(row["A"])`:                        "the expression can't be used",
		`os.Getenv("HOME")`:                     "the expression can't be used",
		`row`:                                   "uses row only with a column's name",
		`row[row["A"]]`:                         "uses row only with a column's name",
		`len(row)`:                              "uses row only with a column's name",
		`now()`:                                 "the expression can't be used",
		`map(1..3, # * 2)[0]`:                   "the expression can't be used",
		`filter([1], # > 0)[0]`:                 "the expression can't be used",
		`repeat("x", 1000000)`:                  "the expression can't be used",
		`join(["a"], ",")`:                      "the expression can't be used",
		`let a = row["A"]; a + a`:               "let is not part of it",
		`(1..10)[0]`:                            ".. is not part of it",
		`split(row["A"], ",")`:                  "a field needs a text",
		`{"a": 1}`:                              "a field needs a text",
		`"` + strings.Repeat("x", 10_001) + `"`: "more than 10000 characters",
		strings.Repeat("1+", 600) + "1":         "the expression can't be used",
	} {
		if _, err := ForText(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %s", source, err, want)
		}
	}
	for _, source := range []string{`row["A"]`, `1`, `"true"`} {
		if _, err := ForCondition(source); err == nil {
			t.Errorf("%s is neither true nor false and was taken", source)
		}
	}
	if f, err := ForText(`split(row["A"], ",")`); err == nil || f == nil || !slices.Equal(f.Columns(), []string{"A"}) {
		t.Errorf("the columns of an expression of another type are not known: %v %v", f, err)
	}
}

func TestFormulasThatFailOnARow(t *testing.T) {
	for source, want := range map[string]string{
		`number(row["A"])`: `"Hola" is not a number without doubt`,
		`number("1.234")`:  "is not a number without doubt",
		`date(row["A"], "DD/MM/YYYY", "YYYY-MM-DD")`: `"Hola" is no date as DD/MM/YYYY`,
		`date(row["A"], "W", "YYYY-MM-DD")`:          "which is no token",
		`date(row["A"], "DD/MM/YYYY", "W")`:          "which is no token",
		`days(row["A"], "2025-01-01")`:               "days needs two dates",
		`split(row["A"], ",")[3]`:                    "out of range",
		`int(row["A"])`:                              "Hola",
	} {
		f, err := ForText(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := f.Text(cell); err == nil || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%s: got %q %v, want %s", source, got, err, want)
		}
	}
}

func TestColumnsOfAFormula(t *testing.T) {
	for source, want := range map[string]string{
		`"x"`:                            "",
		`row["A"]`:                       "A",
		`row["B"] + row["A"] + row["B"]`: "A B",
		`row.A + row["Número de caso"]`:  "A Número de caso",
		`upper(row["A"]) == "row"`:       "A",
	} {
		f, err := ForText(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := strings.Join(f.Columns(), " "); got != want {
			t.Errorf("%s: got %s, want %s", source, got, want)
		}
	}
}

// A formula that was used for one row knows nothing of it in the next.
func TestAFormulaKeepsNothingOfARow(t *testing.T) {
	f, err := ForText(`row["A"] + row["B"]`)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		cells := map[string]string{"A": rapid.String().Draw(t, "a"), "B": rapid.String().Draw(t, "b")}
		got, err := f.Text(func(column string) string { return cells[column] })
		if err != nil || got != cells["A"]+cells["B"] {
			t.Fatalf("got %q %v of %q", got, err, cells)
		}
	})
}

func TestCellsAndResultsAreBounded(t *testing.T) {
	f, err := ForText(`row["A"]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Text(func(string) string { return strings.Repeat("x", 2<<20) }); err == nil || !strings.Contains(err.Error(), `the column "A" has 2 MB`) {
		t.Errorf("a cell of 2 MB: %v", err)
	}
	if got, err := f.Text(func(string) string { return strings.Repeat("x", 1<<20) }); err != nil || len(got) != 1<<20 {
		t.Errorf("a cell of 1 MB: %d bytes, %v", len(got), err)
	}
	double, err := ForText(`row["A"] + row["A"]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := double.Text(func(string) string { return strings.Repeat("x", 1<<20) }); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a result of 2 MB: %v", err)
	}
}

// No expression that is taken runs for long: there is nothing in it that repeats.
func TestEveryFormulaEndsSoon(t *testing.T) {
	source := `row["A"]`
	for i := range 40 {
		source = fmt.Sprintf(`upper(lower(%s)) + "%d"`, source, i)
	}
	f, err := ForText(source)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := f.Text(func(string) string { return strings.Repeat("ñ", 100_000) }); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
