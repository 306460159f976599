package importer_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// A file that many rows have is hashed once. That must not show: also where it is replaced
// in the middle of a run by one of the same name and length, each case is listed with the
// sum of what the CRM got.
func TestSumsAreThoseOfWhatTheCRMGot(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Workers = 1
	age := time.Now().Add(-time.Hour)
	replace := func(content string) {
		d.write("files/a.pdf", content)
		age = age.Add(time.Minute)
		if err := os.Chtimes(d.path("files/a.pdf"), age, age); err != nil {
			t.Error(err)
		}
	}
	replace(strings.Repeat("x", 100_000))
	n := 0
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		if r.Method == http.MethodPost {
			if n++; n == 20 {
				replace(strings.Repeat("y", 100_000))
			}
		}
	})
	list := rows(40)
	for _, row := range list {
		row[6] = "a.pdf"
	}
	r := d.run(d.csv("in.csv", columns, list))
	if r.Summary.Outcomes[reports.Created] < 35 {
		t.Fatalf("%v", r.Summary.Outcomes)
	}
	cases, sums := d.byTicket(), map[string]int{}
	for _, line := range d.table(d.path("out/attachments.csv")) {
		if got := cases[line["key"]].Attachments[0].SHA256; got != line["sha256"] {
			t.Errorf("%s: the CRM got %s and the report says %s", line["key"], got, line["sha256"])
		}
		sums[line["sha256"]]++
	}
	if len(sums) != 2 {
		t.Errorf("%v: the file was replaced", sums)
	}
}
