package canary

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/duplicates"
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/submit"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/reports"
)

const (
	mappingText = `operation: op
key: "{{ID}}"
case:
  case-type: Request
  responsible: ADMIN_@op
  owner: ADMIN_@op
  contact: {column: Correo}
  description: "{{Asunto}}"
  status: Open
  priority: {column: Prioridad, values: {alta: alta, baja: baja, media: media}}
`
	header = "ID,Correo,Asunto,Prioridad\n"
)

// choose opens inputs and chooses from them, over a ledger of its own.
func choose(t *testing.T, mapping string, texts ...string) (tasks []submit.Task, more bool, again func() int) {
	t.Helper()
	dir := t.TempDir()
	r := intake.Reading{Mapping: filepath.Join(dir, "map.yaml")}
	files := map[string]string{r.Mapping: mapping}
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("%c.csv", 'a'+i))
		r.Inputs, files[path] = append(r.Inputs, path), text
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := intake.Open(r, intake.Reports{Out: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(inputs.Close)
	book, err := sqlite.Open(filepath.Join(dir, "op.ledger.db"), ledger.Binding{Operation: "op", Server: "crm"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	seen := duplicates.New(filepath.Join(dir, "keys"))
	t.Cleanup(func() { seen.Close() })
	finder, err := identity.NewFinder(book, seen, inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	rules := &triage.Rules{Inputs: inputs.All, Key: inputs.Mapping.KeyText}
	tasks, more, err = Choose(inputs.All, finder, rules)
	if err != nil {
		t.Fatal(err)
	}
	return tasks, more, func() (repeated int) {
		for _, in := range inputs.All {
			for batch, err := range in.Batches(1) {
				rows, failed := finder.Find(in, batch, nil)
				if err != nil || failed != nil {
					t.Fatal(err, failed)
				}
				for _, row := range rows {
					if row.Before.Met() {
						repeated++
					}
				}
			}
		}
		return repeated
	}
}

func TestOneRowOfEachKindAndNoneTwice(t *testing.T) {
	tasks, more, again := choose(t, mappingText,
		header+"T-1,a@b.co,x,rara\nT-2,a@b.co,x,alta\nT-3,a@b.co,x,alta\nT-4,a@b.co,x,baja\n",
		header+"T-2,a@b.co,x,alta\nT-5,a@b.co,x,baja\nT-6,a@b.co,x,media\n")
	var got []string
	for _, task := range tasks {
		got = append(got, fmt.Sprintf("%d:%d %s", task.Input, task.Row, task.Claim.Key))
	}
	if want := []string{"0:3 T-2", "0:5 T-4", "1:4 T-6"}; !slices.Equal(got, want) || more {
		t.Errorf("%q, more: %v", got, more)
	}
	if n := again(); n != 0 { // the repeated T-2 of the other input has the same cells, and is the ledger's
		t.Errorf("%d rows count as met before the run", n)
	}
}

func TestThereAreNoMoreThanAPersonCanLookAt(t *testing.T) {
	for _, kinds := range []int{mostRows, mostRows + 1} {
		text := header
		for i := range kinds {
			text += fmt.Sprintf("T-%d,a@b.co,x,p%d\n", i, i)
		}
		free := strings.Replace(mappingText, "{column: Prioridad, values: {alta: alta, baja: baja, media: media}}", "{column: Prioridad}", 1)
		free = strings.Replace(free, "status: Open", "status: Open\n  case-type: \"{{Prioridad}}\"", 1)
		free = strings.Replace(free, "  case-type: Request\n", "", 1)
		free = strings.Replace(free, "priority: {column: Prioridad}", "priority: baja", 1)
		tasks, more, _ := choose(t, free, text)
		if len(tasks) != mostRows || more != (kinds > mostRows) {
			t.Errorf("%d kinds: %d rows, more: %v", kinds, len(tasks), more)
		}
	}
}

func TestDifferencesBetweenWhatWasSentAndWhatIsShown(t *testing.T) {
	type object = map[string]any
	for name, c := range map[string]struct {
		sent    string
		shown   object
		differs []string // parts of its sentences
		missing []string
	}{
		"the same":                        {`{"status":"Open"}`, object{"status": "Open"}, nil, nil},
		"another value":                   {`{"status":"Open"}`, object{"status": "Closed"}, []string{`status did not arrive as sent: sent "Open", the CRM shows "Closed"`}, nil},
		"not shown":                       {`{"status":"Open"}`, object{}, nil, []string{"status"}},
		"line ends and outer blanks":      {`{"description":"a\r\nb "}`, object{"description": " a\nb"}, nil, nil},
		"another name of the CRM's":       {`{"case-type":"Request"}`, object{"Type Case": "Request"}, nil, nil},
		"an object that has the text":     {`{"owner":"ADMIN"}`, object{"owner": object{"id": "7", "name": "ADMIN"}}, nil, nil},
		"an object without the text":      {`{"owner":"ADMIN"}`, object{"owner": object{"id": "7"}}, []string{"owner did not arrive"}, nil},
		"what is no field of a case":      {`{"operation":"op","attachments":[]}`, object{}, nil, nil},
		"a form's field":                  {`{"form":{"Sede":"Cali"}}`, object{"form": object{"sede": "Cali"}}, nil, nil},
		"a form's field, outside of it":   {`{"form":{"Sede":"Cali"}}`, object{"Sede": "Cali"}, nil, nil},
		"a form's field that differs":     {`{"form":{"Sede":"Cali"}}`, object{"form": object{"Sede": "Cal"}}, []string{"form: Sede did not arrive"}, nil},
		"a form's field that isn't shown": {`{"form":{"Sede":"Cali"}}`, object{"form": object{}}, nil, []string{"form: Sede"}},
		"numbers as they were written":    {`{"form":{"n":1.50}}`, object{"form": object{"n": "1.50"}}, nil, nil},
		"a long text is shown in part":    {`{"description":"` + strings.Repeat("ñ", 70) + `"}`, object{"description": "x"}, []string{"… (70 characters)"}, nil},
	} {
		differs, missing := differences([]byte(c.sent), c.shown)
		if !slices.Equal(missing, c.missing) || len(differs) != len(c.differs) {
			t.Errorf("%s: %q, missing %q", name, differs, missing)
			continue
		}
		for i := range differs {
			if !strings.Contains(differs[i], c.differs[i]) {
				t.Errorf("%s: %q", name, differs[i])
			}
		}
	}
}

func TestTheRestIsSentOnlyIfAllWereCreatedAndAPersonAgrees(t *testing.T) {
	yes := func(context.Context, string) bool { return true }
	no := func(context.Context, string) bool { return false }
	for name, c := range map[string]struct {
		created int
		agreed  func(context.Context, string) bool
		status  int // 0 if the run goes on
	}{
		"all, and yes":        {3, yes, 0},
		"all, and no":         {3, no, stop.Paused},
		"all, nobody is here": {3, nil, stop.Paused},
		"one failed, and yes": {2, yes, stop.Stopped},
	} {
		r := &Reader{Log: slog.New(slog.DiscardHandler), created: c.created}
		h := r.Conclude(t.Context(), 3, c.agreed)
		if (h == nil) != (c.status == 0) || h != nil && (h.Status != c.status || h.Hint == "") {
			t.Errorf("%s: %+v", name, h)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r := &Reader{Log: slog.New(slog.DiscardHandler)}
	if h := r.Conclude(ended, 3, yes); h != nil { // the interruption is the reason, and the switch has it
		t.Errorf("%+v", h)
	}
}

func TestARowThatWasNotCreatedIsSaidAndNotReadBack(t *testing.T) {
	var said bytes.Buffer
	r := &Reader{Log: slog.New(slog.NewTextHandler(&said, nil))} // it has no sender to ask by
	r.Compare(t.Context(), &submit.Task{Row: 7}, &reports.Outcome{Status: reports.InDoubt,
		Reply: reports.Reply{Message: "no answer"}})
	if r.created != 0 || !strings.Contains(said.String(), "in doubt: no answer") || !strings.Contains(said.String(), "row=7") {
		t.Error(said.String())
	}
}
