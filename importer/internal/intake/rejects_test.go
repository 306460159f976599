package intake_test

import (
	"strings"
	"testing"

	"wolkvox-import/importer/internal/intake"
)

const rejectsHeader = "import_key,import_status,import_error,import_hint,ID,Correo,Asunto\n"

// first reads the first row of a file.
func first(t *testing.T, text string) (*intake.Input, *intake.Row) {
	t.Helper()
	f := newFolder(t, map[string]string{"a.csv": text})
	in := f.mustOpen(intake.Reading{}, "a.csv").All[0]
	row := new(intake.Row)
	if !in.Next(row) {
		t.Fatal("no row", in.Err())
	}
	in.FindKey(row)
	return in, row
}

func TestARejectsFileIsKnownByAllOfItsColumns(t *testing.T) {
	for text, want := range map[string]bool{
		rejectsHeader + "T-1,invalid,x: y,z,T-1,a@b.co,uno\n": true,
		"import_key,ID,Correo,Asunto\nK,T-1,a@b.co,uno\n":     false,
		header + "T-1,a@b.co,uno\n":                           false,
	} {
		in, row := first(t, text)
		if in.IsRejects() != want || row.Given != want {
			t.Errorf("%q: %v, %v", text, in.IsRejects(), row.Given)
		}
	}
}

func TestTheKeyOfARejectsFileGoesOverTheMappings(t *testing.T) {
	for cells, want := range map[string]struct {
		key   string
		given bool
	}{
		"OLD,invalid,x: y,z,NEW,a@b.co,uno\n": {"OLD", true},
		"  ,invalid,x: y,z,NEW,a@b.co,uno\n":  {"NEW", false},
	} {
		in, row := first(t, rejectsHeader+cells)
		if row.Key != want.key || row.Given != want.given || in.Unreadable(row) != nil {
			t.Errorf("%q: %q, %v, %v", cells, row.Key, row.Given, in.Unreadable(row))
		}
	}
}

func TestWhatAReportPutBeforeFormulasIsTakenAway(t *testing.T) {
	in, row := first(t, rejectsHeader+"T-1,invalid,x: y,z,T-1,a@b.co,'=1+1\n")
	if row.Cells[6] != "=1+1" || in.Header()[6] != "Asunto" {
		t.Errorf("%q", row.Cells)
	}
	_, row = first(t, header+"T-1,a@b.co,'=1+1\n")
	if row.Cells[2] != "'=1+1" {
		t.Errorf("an export's own quote is gone: %q", row.Cells)
	}
}

func TestARejectsFileIsReadAsItWasWrittenWhateverTheMappingSays(t *testing.T) {
	f := newFolder(t, map[string]string{"a.csv": rejectsHeader + "T-1,invalid,x: y,z,T-1,a@b.co,uno\n"})
	f.write("map.yaml", "input: {delimiter: \";\", encoding: latin1, header_row: 3}\n"+mappingText)
	if in := f.mustOpen(intake.Reading{}, "a.csv").All[0]; !in.IsRejects() {
		t.Error(in.Header())
	}
}

func TestDamagedRowsOfARejectsFile(t *testing.T) {
	long := strings.Repeat("x", 1<<15-1)
	for name, c := range map[string]struct{ cells, word string }{
		"whole":                         {"T-1,invalid,x: y,z,T-1,a@b.co,uno\n", ""},
		"cells are missing":             {"T-1,invalid\n", "too_few_cells"},
		"a text was cut":                {"T-1,invalid,x: y,z,T-1,a@b.co," + long + "\n", "cut_text"},
		"a text is longer than a cell":  {"T-1,invalid,x: y,z,T-1,a@b.co," + long + "x\n", ""},
		"the whole line is in one cell": {"\"T-1,invalid,x: y,z,T-1,a@b.co,uno\",,,,,,\n", "in_one_cell"},
	} {
		_, row := first(t, rejectsHeader+c.cells)
		word := ""
		if row.Err != nil {
			word = row.Err.Word
		}
		if word != c.word && !(c.word == "in_one_cell" && row.Err != nil) {
			t.Errorf("%s: %q", name, word)
		}
	}
	if _, row := first(t, header+"T-1\n"); row.Err != nil {
		t.Error("a short row of an export is no damage:", row.Err)
	}
}

func TestARejectsFileInOneColumnIsRefused(t *testing.T) {
	quoted := "\"" + strings.TrimSpace(rejectsHeader) + "\"\n\"T-1,invalid,x: y,z,T-1,a@b.co,uno\"\n"
	for _, delimiter := range []string{",", ";"} {
		f := newFolder(t, map[string]string{"a.csv": strings.ReplaceAll(quoted, ",", delimiter)})
		_, err := f.open(intake.Reading{}, "a.csv")
		if err == nil || !strings.Contains(err.Error(), "rejects file") {
			t.Error(err)
		}
	}
}

func TestARowThatStillHasAnothersKey(t *testing.T) {
	for cells, want := range map[string]bool{
		",invalid,repeated_key: key: twice,z,T-1,a@b.co,uno\n":    true,
		"T-1,invalid,repeated_key: key: twice,z,T-1,a@b.co,uno\n": false, // its key is its own again
		",invalid,blank_key: no key,z,T-1,a@b.co,uno\n":           false,
	} {
		in, row := first(t, rejectsHeader+cells)
		if in.StillRepeated(row) != want {
			t.Errorf("%q: %v", cells, !want)
		}
	}
}

func TestCutTexts(t *testing.T) {
	emoji := strings.Repeat("😀", 1<<14-1) + "x" // two units each in UTF-16
	for name, c := range map[string]struct {
		cells []string
		want  int
	}{
		"short":               {[]string{"a", ""}, -1},
		"as Excel cuts":       {[]string{"a", strings.Repeat("ñ", 1<<15-1)}, 1},
		"as LibreOffice cuts": {[]string{strings.Repeat("x", 1<<16-1)}, 0},
		"one fewer":           {[]string{strings.Repeat("x", 1<<15-2)}, -1},
		"by units":            {[]string{emoji}, 0},
	} {
		if got := intake.CutText(c.cells); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
	if p := intake.CutCell("Asunto", emoji); p.Error != "cut_text" || !strings.Contains(p.Message, `"Asunto" has 16384 characters`) {
		t.Errorf("%+v", p)
	}
}
