package importer_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// sqlDB is the desk's ledger, as SQLite sees it.
type sqlDB struct {
	*sql.DB
	t *testing.T
}

func (d *desk) ledger(f func(db *sqlDB)) {
	d.t.Helper()
	db, err := sql.Open("sqlite", "file:"+d.path("op.ledger.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	f(&sqlDB{db, d.t})
}

func (db *sqlDB) get(query string, to any) {
	db.t.Helper()
	if err := db.QueryRow(query).Scan(to); err != nil {
		db.t.Fatal(err)
	}
}

func (db *sqlDB) do(statement string) {
	db.t.Helper()
	if _, err := db.Exec(statement); err != nil {
		db.t.Fatal(err)
	}
}

// during lets something happen to the ledger while the first insert is under way.
func (d *desk) during(happens func(db *sqlDB)) {
	first := true
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "insert") && first {
			first = false
			d.ledger(happens)
		}
		next.ServeHTTP(w, r)
	})
	d.job.Workers = 1
}

// Nothing leaves whose claim the ledger can't write, and nothing is tried after it.
func TestClaimThatCannotBeWrittenStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.during(func(db *sqlDB) {
		db.do("CREATE TRIGGER broken BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
	})
	d.stopsBroken(d.csv("in.csv", columns, short(20)))
	d.requests(1)
}

// stopsBroken runs with a ledger that can't be written any more, and so has no summary.
func (d *desk) stopsBroken(input string) {
	d.t.Helper()
	job := d.job
	job.Inputs = []string{input}
	if r, err := importer.Run(d.t.Context(), job); err == nil && r.Status() != 1 {
		d.t.Errorf("status %d, %v", r.Status(), r.Summary.Outcomes)
	}
}

// A row that somebody else has claimed meanwhile is not sent, and the others are.
func TestRefusedClaimSendsNothing(t *testing.T) {
	d := newDesk(t, sandbox.Config{Faults: sandbox.Faults{}})
	d.during(func(db *sqlDB) { db.do("UPDATE entries SET state = 'in_doubt' WHERE key = 'T-0001'") })
	input := d.csv("in.csv", columns, short(3))
	handler := d.job.Server
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "insert") {
			w.WriteHeader(400)
			_, _ = w.Write([]byte(`{"code":400,"error":"E","msg":"THE CONTACT DOES NOT EXIST"}`))
			return
		}
		next.ServeHTTP(w, r)
	})
	d.counts(d.run(input), 3, n{reports.Rejected: 3})
	d.job.Server = handler
	d.counts(d.run(input), 5, n{reports.Created: 2, reports.NotAttempted: 1})
	d.requests(2)
	if _, sent := d.byTicket()["T-0001"]; sent {
		t.Error("it was sent without a claim")
	}
}

// An outcome that can't be written stops the run, and the id of the case is at least said.
func TestOutcomeThatCannotBeWrittenStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.during(func(db *sqlDB) {
		db.do("CREATE TRIGGER broken BEFORE UPDATE OF wolkvox_id ON entries BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
	})
	said := d.listen()
	d.stopsBroken(d.csv("in.csv", columns, short(20)))
	if n := d.crm.Stats().Requests; n > 2 { // the next claim may be in the same commit
		t.Errorf("%d requests", n)
	}
	if id := d.byTicket()["T-0000"].ID; id == "" || !strings.Contains(said.String(), id) {
		t.Errorf("the id is lost: %s", said)
	}
}

// Somebody else's hand in the ledger stops the run, though only one row can't be settled.
func TestRowThatCannotBeSettledStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.during(func(db *sqlDB) { db.do("UPDATE entries SET state = 'ignored' WHERE state = 'sending'") })
	said := d.listen()
	d.stopsBroken(d.csv("in.csv", columns, short(20)))
	if n := d.crm.Stats().Requests; n > 2 { // the next claim may be in the same commit
		t.Errorf("%d requests", n)
	}
	if id := d.byTicket()["T-0000"].ID; id == "" || !strings.Contains(said.String(), id) {
		t.Errorf("the id is lost: %s", said)
	}
}

// A redirect ends the run also where it was the last row's.
func TestRedirectOfTheLastRowEndsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "insert") {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(http.StatusFound)
			return
		}
		next.ServeHTTP(w, r)
	})
	r := d.run(d.csv("in.csv", columns, short(1)))
	d.counts(r, 4, n{reports.InDoubt: 1})
	if r.Halt == nil || r.Halt.Status != 1 || !strings.Contains(r.Halt.Why, "/elsewhere") {
		t.Errorf("%+v", r.Halt)
	}
}
