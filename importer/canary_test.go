package importer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// kindsOf are rows of three statuses, the first of which is the most frequent.
func kindsOf(n int) [][]string {
	list := rows(n)
	for i, row := range list {
		row[4], row[5] = "Abierto", ""
		switch {
		case i%10 == 7:
			row[4] = "Pendiente"
		case i == n-1:
			row[4], row[5] = "Cerrado", "Listo"
		}
	}
	return list
}

func TestCanarySendsOneRowOfEachKindAndAsks(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Canary = true
	input := d.csv("in.csv", columns, kindsOf(40))
	said := d.listen()

	r := d.run(input) // nobody is there to be asked
	d.counts(r, 5, n{reports.Created: 3, reports.NotAttempted: 37})
	if !strings.Contains(r.Halt.Why, "--yes") || !strings.Contains(said.String(), "3 of 3 cases created, and 3 arrived as they were sent") || strings.Contains(said.String(), "did not arrive") {
		t.Errorf("%+v\n%s", r.Halt, said)
	}
	got := map[any]bool{}
	for _, c := range d.crm.Cases() {
		got[c.Fields["status"]] = true
	}
	if len(got) != 3 {
		t.Errorf("%v", got)
	}

	var question string
	d.job.Agreed = func(_ context.Context, q string) bool { question = q; return true }
	d.job.Canary = false // the rest has no new kind, and is not asked for once more
	d.counts(d.run(input), 0, n{reports.Skipped: 3, reports.Created: 37})
	if question != "" {
		t.Errorf("asked %q", question)
	}
}

func TestCanaryGoesOnInTheSameRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Canary = true
	var question string
	d.job.Agreed = func(_ context.Context, q string) bool { question = q; return true }
	d.counts(d.run(d.csv("in.csv", columns, kindsOf(40))), 0, n{reports.Created: 40})
	d.requests(40)
	if question != "3 cases created; go on with the rest? [y/N] " || len(d.byTicket()) != 40 {
		t.Errorf("%q", question)
	}
	for i, line := range d.results() {
		if line["status"] != "created" || line["row"] != fmt.Sprint(i+2) {
			t.Fatalf("%v", line)
		}
	}
	d.job.Agreed = func(context.Context, string) bool { t.Error("asked about nothing"); return false }
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 40})
}

func TestCanaryStopsWhereThePersonOrTheCRMSaysNo(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Canary = true
	d.job.Agreed = func(context.Context, string) bool { return false }
	d.counts(d.run(d.csv("in.csv", columns, kindsOf(40))), 5, n{reports.Created: 3, reports.NotAttempted: 37})

	d = newDesk(t, sandbox.Config{Statuses: []string{"Abierto", "Cerrado"}})
	d.job.Canary = true
	d.job.Agreed = func(context.Context, string) bool { t.Error("asked although a row was rejected"); return true }
	r := d.run(d.csv("in.csv", columns, kindsOf(40)))
	d.counts(r, 1, n{reports.Created: 2, reports.Rejected: 1, reports.NotAttempted: 37})
	if !strings.Contains(r.Halt.Why, "1 of 3 rows not created") {
		t.Errorf("%+v", r.Halt)
	}
}

// Whoever is asked and presses Ctrl-C has stopped the run, and has not said no.
func TestCanaryStopsWhileThePersonIsAsked(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	ctx, stop := context.WithCancel(t.Context())
	d.job.Canary = true
	d.job.Agreed = func(asked context.Context, _ string) bool {
		stop()
		select {
		case <-asked.Done():
		case <-time.After(10 * time.Second):
			t.Error("whoever waits for an answer isn't told that the run is stopped")
		}
		return false
	}
	r := d.runUntil(ctx, d.csv("in.csv", columns, kindsOf(40)))
	d.counts(r, 5, n{reports.Created: 3, reports.NotAttempted: 37})
	if !strings.Contains(r.Halt.Why, "interrupted") {
		t.Errorf("%+v", r.Halt)
	}
}

func TestCanaryNamesEveryFieldThatDidNotArriveAsSent(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "queryCases.php") {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var answer map[string]any
		if err := json.Unmarshal(kept.Body.Bytes(), &answer); err != nil {
			t.Error(err)
		}
		c := answer["data"].([]any)[0].(map[string]any)
		c["priority"] = "ALTA"                                     // another value
		c["description"] = c["description"].(string)[:10]          // cut
		c["form"].(map[string]any)["Ticket"] = 7                   // another type
		c["status"] = map[string]any{"id": 3, "name": c["status"]} // the same, inside an object
		c["contactEmail"] = strings.ToUpper(c["contact"].(string)) // by another name, changed
		c["Case Type"] = c["case-type"]                            // by another name, the same
		delete(c, "contact")
		delete(c, "case-type")
		delete(c, "responsible") // not shown at all
		json.NewEncoder(w).Encode(answer)
	})
	d.job.Canary = true
	d.job.Agreed = func(context.Context, string) bool { return true }
	said := d.listen()
	d.counts(d.run(d.csv("in.csv", columns, rows(1))), 0, n{reports.Created: 1})
	for _, part := range []string{"priority did not arrive", "description did not arrive", "form: Ticket did not arrive", "contact did not arrive", "could not be compared: responsible"} {
		if !strings.Contains(said.String(), part) {
			t.Errorf("%q is missing", part)
		}
	}
	if got := strings.Count(said.String(), "did not arrive"); got != 4 || !strings.Contains(said.String(), "and 0 arrived") {
		t.Errorf("%d differences", got)
	}
	if t.Failed() {
		t.Log(said)
	}
}

func TestCanaryThatCanNotBeReadBackSaysSo(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.URL.Path, "queryCases.php") {
			r.Body = io.NopCloser(bytes.NewReader([]byte(`{`)))
		}
		next.ServeHTTP(w, r)
	})
	d.job.Canary = true
	said := d.listen()
	d.counts(d.run(d.csv("in.csv", columns, rows(1))), 0, n{reports.Created: 1}) // and nothing is left to ask about
	if strings.Count(said.String(), "can't be read back") != 1 {
		t.Errorf("%s", said)
	}
}

// At most fifty rows are sent ahead, and what is no row to send is none of them.
func TestCanaryIsBounded(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(80)
	for i, row := range list {
		row[4], row[5] = fmt.Sprintf("Estado %d", i), ""
	}
	list[3] = []string{"T-0000", "x@y.co", "otro", "otro", "Repetido", "", ""} // the key of another
	d.job.Canary = true
	d.job.Agreed = nil
	r := d.run(d.csv("in.csv", columns, list))
	if out := r.Summary.Outcomes; out[reports.Created] != 50 || r.Status() != 5 {
		t.Errorf("%v, status %d", out, r.Status())
	}
	for _, c := range d.crm.Cases() {
		if c.Fields["status"] == "Repetido" {
			t.Error("a row with another's key was sent")
		}
	}
}
