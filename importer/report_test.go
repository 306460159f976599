package importer_test

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReportsCanBeWrittenAgain(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(30)
	list[7][1] = ""
	d.run(d.csv("in.csv", columns, list))
	r, notes, err := importer.Report(d.path("op.ledger.db"), d.path("again"), nil)
	if err != nil || len(notes) > 0 || r.Summary.Outcomes[reports.Created] != 29 {
		t.Fatalf("%v, %v, %v", r.Summary.Outcomes, notes, err)
	}
	for _, name := range []string{"results.csv", "rejects.csv", "changed.csv", "attachments.csv"} {
		if read(t, d.path("again/"+name)) != read(t, d.path("out/"+name)) {
			t.Errorf("%s differs", name)
		}
	}
	d.write("in.csv", "something else")
	_, notes, err = importer.Report(d.path("op.ledger.db"), d.path("third"), []string{"jsonl"})
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0], "rejects.csv") {
		t.Errorf("%v, %v", notes, err)
	}
	if lines := strings.Count(read(t, d.path("third/results.jsonl")), "\n"); lines != 30 {
		t.Errorf("%d lines", lines)
	}
	if _, err := os.Stat(d.path("third/rejects.csv")); err == nil {
		t.Error("rejects.csv was written without the input")
	}
}

func TestReportAndStatusWorkWhileTheRunIsOn(t *testing.T) {
	d := newDesk(t, sandbox.Config{Latency: 5 * time.Millisecond})
	var once sync.Once
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if d.crm.Stats().Requests == 40 {
			once.Do(func() {
				r, _, err := importer.Report(d.path("op.ledger.db"), d.path("during"), nil)
				if err != nil || r.Summary.Outcomes[reports.Created] < 20 || r.Summary.Ended == "" {
					t.Errorf("%+v, %v", r.Summary, err)
				}
				s, err := importer.Status(d.path("op.ledger.db"))
				if err != nil || !s.Running || s.PID != os.Getpid() || s.Keys["created"] < 20 || s.Keys["sending"] == 0 {
					t.Errorf("%+v, %v", s, err)
				}
			})
		}
		next.ServeHTTP(w, r)
	})
	d.counts(d.run(d.csv("in.csv", columns, rows(60))), 0, n{reports.Created: 60})
	s, err := importer.Status(d.path("op.ledger.db"))
	if err != nil || s.Running || s.Ended.IsZero() || s.Keys["created"] != 60 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestSummaryHasTheExitStatusAndTheDigests(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(2)
	list[0][1] = ""
	d.run(d.csv("in.csv", columns, list))
	text := read(t, d.path("out/summary.json"))
	for _, want := range []string{`"status": 3`, `"adds_up": true`, `"rows_read": 2`, `"sha256"`, `"operation": "op"`, `"tool_version": "test"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in summary.json", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestCheckFindsWhatRunWouldAndSendsNothing(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(20)
	for _, i := range []int{3, 4, 5, 9} {
		list[i][1] = ""
	}
	list[12][6] = "no-existe.pdf"
	list = append(list, list[0])
	job := d.job
	job.Inputs = []string{d.csv("in.csv", columns, list)}
	job.Server, job.Tokens = "", nil
	r, survey, err := importer.Check(t.Context(), job, "")
	if err != nil {
		t.Fatal(err)
	}
	d.counts(r, 3, n{reports.Invalid: 5, reports.Skipped: 1, reports.NotAttempted: 15})
	d.requests(0)
	if findings := survey.Findings; len(findings) != 2 || findings[0].Field != "contact" || findings[0].Count != 4 || findings[0].Rows != "5–7, 11" || !strings.Contains(findings[1].Message, "no-existe.pdf") {
		t.Errorf("%+v", findings)
	}
	if _, err := os.Stat(d.path("op.ledger.db")); err == nil {
		t.Error("check made a ledger")
	}
	if len(d.table(d.path("out/rejects.csv"))) != 5 {
		t.Error("rejects.csv lacks rows")
	}
}
