package survey_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/survey"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
)

const mappingText = `operation: op
key: "{{ID}}"
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo}
  description: "{{Asunto}}"
  status: Open
  priority: baja
`

// open opens an input and lets the collector follow it.
func open(t *testing.T, s *survey.Collector, mapping, csv string) *intake.Inputs {
	t.Helper()
	dir := t.TempDir()
	r := intake.Reading{Inputs: []string{filepath.Join(dir, "a.csv")}, Mapping: filepath.Join(dir, "map.yaml")}
	for path, text := range map[string]string{r.Mapping: mapping, r.Inputs[0]: csv} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := intake.Open(r, intake.Reports{Out: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inputs.Close)
	s.Begin(inputs.All[0])
	return inputs
}

// finish finishes a survey, of an input that has no rows of its own to say anything of.
func finish(t *testing.T, s *survey.Collector) survey.Survey {
	t.Helper()
	out, err := s.Finish(open(t, s, mappingText, "ID,Correo,Asunto\n"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func problem(field, word, message string) mapping.Problem {
	return mapping.Problem{Field: field, Error: word, Message: message, Hint: "mend it"}
}

func TestRowsOfOneProblemAreOneFinding(t *testing.T) {
	s := survey.New()
	blank := problem("contact", "missing_value", "contact: empty")
	for _, row := range []int{7, 9, 10, 11, 14} {
		s.Invalid(0, row, []mapping.Problem{blank})
	}
	s.Found(0, 9, problem("Asunto", "cut_text", "cut"))
	s.Found(0, 8, problem("Nota", "cut_text", "cut"))
	got := finish(t, s).Findings
	want := []survey.Finding{
		{Field: "contact", Error: "missing_value", Message: "contact: empty", Hint: "mend it", Count: 5, Rows: "7, 9–11, 14"},
		{Field: "Asunto", Error: "cut_text", Message: "cut", Hint: "mend it", Count: 1, Rows: "9"},
		{Field: "Nota", Error: "cut_text", Message: "cut", Hint: "mend it", Count: 1, Rows: "8"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestRowsOfTwoInputsAreNoRange(t *testing.T) {
	s := survey.New()
	s.Found(0, 7, problem("a", "x", "m"))
	s.Found(1, 8, problem("a", "x", "m"))
	s.Found(1, 9, problem("a", "x", "m"))
	if got := finish(t, s).Findings[0].Rows; got != "7, 8–9" {
		t.Error(got)
	}
}

func TestManyRangesEndInDots(t *testing.T) {
	s := survey.New()
	for row := 2; row <= 60; row += 2 {
		s.Found(0, row, problem("a", "x", "m"))
	}
	got := finish(t, s).Findings[0]
	if got.Count != 30 || !strings.HasPrefix(got.Rows, "2, 4, 6,") || !strings.HasSuffix(got.Rows, ", …") || len(got.Rows) > 60 {
		t.Errorf("%+v", got)
	}
}

func TestTextsWithoutEndShareAFinding(t *testing.T) {
	s := survey.New()
	for row := range 1000 {
		s.Found(0, row, problem("fecha", "bad_date", fmt.Sprintf("%d is no date", row)))
	}
	s.Found(0, 5, problem("otra", "bad_date", "x")) // another field still has room
	list := finish(t, s).Findings
	total := 0
	for _, f := range list {
		total += f.Count
	}
	if total != 1001 || len(list) > 40 || list[0].Count < 900 || !strings.Contains(list[0].Message, "see results.csv") {
		t.Errorf("%d rows in %d findings: %+v", total, len(list), list[0])
	}
}

func TestWhatMustExistAtTheCRM(t *testing.T) {
	s := survey.New()
	ready := func(contact, owner, responsible, status string, sizes ...int64) {
		c := mapping.Case{Sent: mapping.Sent{Contact: contact, Owner: owner, Responsible: responsible, Type: "T", Status: status, Priority: "P"}}
		for i, size := range sizes {
			var a mapping.Attachment
			a.Name, a.Size = fmt.Sprintf("f%d", i), size
			c.Attachments = append(c.Attachments, a)
		}
		s.Ready(&c)
	}
	ready(" Ana@B.co", "u1", "u1", "Open", 10, 300)
	ready("ana@b.co", "u1", "u2", "Open", 20)
	ready("x@b.co", "u2", "u1", "Closed")
	out := finish(t, s)
	want := []survey.Need{
		{Kind: "case", Value: "T / Open / P", Rows: 2}, {Kind: "case", Value: "T / Closed / P", Rows: 1},
		{Kind: "contact", Value: "ana@b.co", Rows: 2}, {Kind: "contact", Value: "x@b.co", Rows: 1},
		{Kind: "user", Value: "u1", Rows: 3}, {Kind: "user", Value: "u2", Rows: 2},
	}
	if !slices.Equal(out.Needs, want) {
		t.Errorf("%+v", out.Needs)
	}
	if got := out.Totals; got != (survey.Totals{Cases: 3, Attachments: 3, Bytes: 330, Largest: 300, LargestFile: "f1"}) {
		t.Errorf("%+v", got)
	}
	text, err := os.ReadFile(out.Files[0])
	if err != nil || !strings.Contains(string(text), "contact,ana@b.co,2") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestValuesThatATableLacksBecomeLinesOfAMapping(t *testing.T) {
	s := survey.New()
	lacks := func(word, value string) []mapping.Problem {
		return []mapping.Problem{{Field: "status", Error: word, Message: word + value, Value: value}}
	}
	s.Invalid(0, 2, lacks("not_in_values", "Raro"))
	s.Invalid(0, 3, lacks("not_in_values", "Nuevo: \"x\""))
	s.Invalid(0, 4, lacks("not_in_values", "Nuevo: \"x\""))
	s.Invalid(0, 5, lacks("missing_value", "no table mends this"))
	out := finish(t, s)
	if len(out.Missing) != 1 {
		t.Fatalf("%+v", out.Missing)
	}
	want := "# status\nvalues:\n  \"Nuevo: \\\"x\\\"\": TODO  # 2 rows\n  \"Raro\": TODO  # 1 row\n"
	if got := out.Missing[0].Stub(); got != want {
		t.Error(got)
	}
}

func TestWhatAColumnOfDatesProves(t *testing.T) {
	for name, c := range map[string]struct {
		step  string
		dates []string
		want  string // a part of the note; "" is no note
	}{
		"one day above 12":       {"", []string{"03/04/2024", "25/04/2024"}, `25/04/2024 shows it): write date: {from: "DD/MM/YYYY"}`},
		"nothing proves it":      {"", []string{"03/04/2024", "05/06/2024"}, "ambiguous"},
		"the mapping is right":   {"{from: DD/MM/YYYY}", []string{"25/04/2024"}, ""},
		"the mapping is wrong":   {"{from: MM/DD/YYYY}", []string{"25/04/2024"}, "days and months would be exchanged"},
		"dates of several kinds": {"", []string{"25/04/2024", "2024-04-25 x"}, "several kinds"},
		"no cells but ISO's":     {"", []string{"2024-04-25"}, ""},
	} {
		step := c.step
		if step == "" {
			step = "{to: YYYY-MM-DD}"
		}
		s := survey.New()
		text := "ID,Correo,Asunto,F\n"
		for i, date := range c.dates {
			text += fmt.Sprintf("T-%d,a@b.co,x,%s\n", i, date)
		}
		inputs := open(t, s, mappingText+"  form: {Fecha: {column: F, date: "+step+"}}\n", text)
		in := inputs.All[0]
		for row := new(intake.Row); in.Next(row); {
			in.FindKey(row)
			in.Case(row)
		}
		out, err := s.Finish(inputs)
		notes := strings.Join(out.Notes, "\n")
		if err != nil || (notes == "") != (c.want == "") || !strings.Contains(notes, c.want) {
			t.Errorf("%s: %q, %v", name, notes, err)
		}
	}
}

func TestContactsThatAnExportOfTheCRMLacks(t *testing.T) {
	needs := func() *survey.Survey {
		return &survey.Survey{Needs: []survey.Need{
			{Kind: "contact", Value: "ana@b.co", Rows: 2}, {Kind: "contact", Value: "x@b.co", Rows: 3},
			{Kind: "user", Value: "ana@b.co", Rows: 9},
		}}
	}
	for name, c := range map[string]struct {
		export string
		want   string // rows of the list
		note   string
	}{
		"one is lacking":    {"Nombre,Correo contacto\nAna, ANA@b.co\n", "x@b.co,3\n", "1 contact of 2 that the CRM doesn't have, needed by 3 rows"},
		"none is lacking":   {"email\nx@b.co\nana@b.co\n", "", ""},
		"the surest column": {"email,Correo contacto\nx@b.co,ana@b.co\n", "x@b.co,3\n", "1 contact of 2"},
	} {
		dir := t.TempDir()
		export := filepath.Join(dir, "contacts.csv")
		if err := os.WriteFile(export, []byte(c.export), 0o600); err != nil {
			t.Fatal(err)
		}
		contacts, found := &survey.Contacts{File: export}, needs()
		err := errors.Join(contacts.Check(), contacts.Compare(t.Context(), found, dir))
		if err != nil || len(found.Files) != 1 {
			t.Fatal(name, err, found.Files)
		}
		text, err := os.ReadFile(found.Files[0])
		if err != nil || !strings.HasSuffix(strings.ReplaceAll(string(text), "\r", ""), "contact,rows\n"+c.want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if notes := strings.Join(found.Notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
			t.Errorf("%s: %q", name, notes)
		}
	}
}

func TestAnExportThatTellsNothingIsAMistake(t *testing.T) {
	for name, text := range map[string]string{
		"no such column": "Nombre,Teléfono\nAna,1\n",
		"a damaged row":  "email\na@b.co,b@b.co,c@b.co\n",
		"no file":        "",
	} {
		path := filepath.Join(t.TempDir(), "contacts.csv")
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := (&survey.Contacts{File: path}).Check()
		if mistake := new(usage.Error); !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), "contacts: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := new(survey.Contacts).Check(); err != nil {
		t.Error("the CRM needs no file:", err)
	}
}

func TestHowLongSendingTakes(t *testing.T) {
	for _, c := range []struct {
		cases, workers, quota int
		took                  time.Duration
		days                  int
	}{{100, 4, 0, 25 * time.Second, 1}, {100, 0, 100, 100 * time.Second, 1}, {101, 1, 100, 101 * time.Second, 2}} {
		took, days := survey.Totals{Cases: c.cases}.Duration(time.Second, c.workers, c.quota)
		if took != c.took || days != c.days {
			t.Errorf("%+v: %v, %d days", c, took, days)
		}
	}
}
