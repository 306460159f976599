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
	sums := map[string]int{}
	for _, sum := range d.sums() {
		sums[sum]++
	}
	if sums[""] > 1 || len(sums) != 3 { // of the row in whose time the file was replaced nobody knows
		t.Errorf("%v: the file was replaced", sums)
	}
}

// Somebody writes to a file while it is sent for the second time, and it isn't hashed then.
func TestSumOfFileThatChangesWhileSentIsNotMadeUp(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Workers = 1
	const size = 30 << 20 // more than lies between the two ends of a connection
	d.write("files/a.pdf", strings.Repeat("x", size))
	age := time.Now().Add(-time.Hour)
	if err := os.Chtimes(d.path("files/a.pdf"), age, age); err != nil {
		t.Fatal(err)
	}
	n := 0
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "insert") {
			if n++; n == 2 {
				f, err := os.OpenFile(d.path("files/a.pdf"), os.O_WRONLY, 0)
				if err != nil {
					t.Error(err)
					return
				}
				f.WriteAt([]byte(strings.Repeat("y", 1<<20)), size-1<<20)
				f.Close()
			}
		}
		next.ServeHTTP(w, r)
	})
	list := rows(2)
	for _, row := range list {
		row[6] = "a.pdf"
	}
	d.counts(d.run(d.csv("in.csv", columns, list)), 0, map[reports.Status]int{reports.Created: 2})
	if sums := d.sums(); sums["T-0000"] == "" {
		t.Errorf("%v: nobody wrote to the file before", sums)
	}
}

// A disk's clock is coarse: a file that is written anew within its tick has the same time
// and length as before. So the sum of so young a file is not kept for the next row.
func TestSumOfFileThatHasJustBeenWrittenIsNotReused(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Workers = 1
	age := time.Now()
	replace := func(content string) {
		d.write("files/a.pdf", strings.Repeat(content, 1000))
		if err := os.Chtimes(d.path("files/a.pdf"), age, age); err != nil {
			t.Error(err)
		}
	}
	replace("x")
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		if strings.Contains(r.URL.Path, "insert") {
			replace("y")
		}
	})
	list := rows(2)
	for _, row := range list {
		row[6] = "a.pdf"
	}
	d.counts(d.run(d.csv("in.csv", columns, list)), 0, map[reports.Status]int{reports.Created: 2})
	if sums := d.sums(); sums["T-0000"] == "" || sums["T-0001"] == "" || sums["T-0000"] == sums["T-0001"] {
		t.Errorf("%v", sums)
	}
}

// sums are those that the report has, by ticket, each "" or that of what the CRM got.
func (d *desk) sums() map[string]string {
	cases, sums := d.byTicket(), map[string]string{}
	for _, line := range d.table(d.path("out/attachments.csv")) {
		key, sum := line["key"], line["sha256"]
		if got := cases[key].Attachments[0].SHA256; sum != "" && sum != got {
			d.t.Errorf("%s: the CRM got %s and the report says %s", key, got, sum)
		}
		sums[key] = sum
	}
	return sums
}
