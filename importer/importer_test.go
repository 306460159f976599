package importer_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

type n = map[reports.Status]int

func TestEveryRowBecomesItsCaseAndASecondRunSendsNothing(t *testing.T) {
	d := newDesk(t, sandbox.Config{Closed: []string{"Cerrado"}})
	list := rows(200)
	input := d.csv("in.csv", columns, list)
	d.counts(d.run(input), 0, n{reports.Created: 200})
	cases := d.byTicket()
	pdf := sha256.Sum256([]byte("pdf"))
	for i, line := range d.results() {
		row, c := list[i], cases[list[i][0]]
		if line["key"] != row[0] || line["status"] != "created" || line["wolkvox_id"] != c.ID || line["id_prefijo"] != c.Prefix || line["attempts"] != "1" {
			t.Fatalf("line %d: %v, case %+v", i, line, c)
		}
		if want := row[2] + "\n\n" + row[3] + "\n[ref:" + row[0] + "]"; c.Fields["description"] != want {
			t.Fatalf("description %q, wanted %q", c.Fields["description"], want)
		}
		if c.Fields["contact"] != strings.ToLower(row[1]) {
			t.Fatalf("contact %q", c.Fields["contact"])
		}
		if i%4 == 2 && (len(c.Attachments) != 2 || c.Attachments[0].SHA256 != hex.EncodeToString(pdf[:])) {
			t.Fatalf("attachments %v", c.Attachments)
		}
	}
	sent := d.table(d.path("out/attachments.csv"))
	if len(sent) != 100 || sent[0]["file"] != "a.pdf" || sent[0]["n"] != "1" || sent[0]["sha256"] != hex.EncodeToString(pdf[:]) {
		t.Errorf("%d attachments, the first is %v", len(sent), sent[0])
	}
	d.counts(d.run(input), 0, n{reports.Skipped: 200})
	d.requests(200)
	for i, line := range d.results() {
		if line["wolkvox_id"] != cases[list[i][0]].ID || line["message"] != "created earlier" {
			t.Fatalf("%v", line)
		}
	}
}

func TestThrottlingDelaysRowsAndLosesNone(t *testing.T) {
	d := newDesk(t, sandbox.Config{Faults: sandbox.Faults{Simultaneous: 0.1}})
	d.counts(d.run(d.csv("in.csv", columns, rows(150))), 0, n{reports.Created: 150})
	if s := d.crm.Stats(); len(d.byTicket()) != 150 || s.Requests <= 150 {
		t.Errorf("%+v", s)
	}
}

func TestClaimIsInTheLedgerBeforeItsRequestArrives(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	var unclaimed atomic.Int64
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		state, err := importer.Status(d.path("op.ledger.db"))
		if r.Method == http.MethodGet { // the question after the quota
			next.ServeHTTP(w, r)
			return
		}
		if err != nil || state.Keys["sending"] == 0 || !state.Running {
			unclaimed.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	d.job.Workers = 1
	d.counts(d.run(d.csv("in.csv", columns, rows(20))), 0, n{reports.Created: 20})
	if unclaimed.Load() > 0 {
		t.Errorf("%d requests arrived without a claim", unclaimed.Load())
	}
}

func TestInDoubtIsNeverSentAgain(t *testing.T) {
	d := newDesk(t, sandbox.Config{Faults: sandbox.Faults{ResetAfter: 0.1, BlankID: 0.1, ErrorBefore: 0.1}})
	input := d.csv("in.csv", columns, rows(100))
	first := d.run(input)
	doubts := first.Summary.Outcomes[reports.InDoubt]
	if first.Status() != 4 || doubts == 0 {
		t.Fatalf("status %d, %v", first.Status(), first.Summary.Outcomes)
	}
	d.counts(d.run(input), 4, n{reports.Skipped: 100 - doubts, reports.InDoubt: doubts})
	d.requests(100)
	d.byTicket()
}

func TestRejectedAndInvalidRowsAreTriedAgain(t *testing.T) {
	d := newDesk(t, sandbox.Config{Contacts: []string{"cliente0@ejemplo.co"}})
	list := rows(3)
	list[1][1] = ""
	input := d.csv("in.csv", columns, list)
	d.counts(d.run(input), 3, n{reports.Created: 1, reports.Invalid: 1, reports.Rejected: 1})
	d.requests(2)
	d.counts(d.run(input), 3, n{reports.Skipped: 1, reports.Invalid: 1, reports.Rejected: 1})
	d.requests(3)
	d.job.NoRetry = true
	d.counts(d.run(input), 0, n{reports.Skipped: 3})
	d.requests(3)
}

func TestMendedRejectsGoBackInFromTheirOwnFolder(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(5)
	list[1][1], list[2][4], list[2][5] = "", "Cerrado", ""
	list[2][2] = "=SUM(A1)"
	list[3][2], list[3][6] = "'+57 300", "none.pdf"
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 2, reports.Invalid: 3})
	rejects := d.path("out/rejects.csv")
	text, err := os.ReadFile(rejects)
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.NewReplacer(",,Asunto 1,", ",a@b.co,Asunto 1,", "Cerrado,,", "Cerrado,Listo,", "none.pdf", "a.pdf").Replace(string(text))
	d.write("out/rejects.csv", mended)
	d.counts(d.run(rejects), 0, n{reports.Created: 3})
	cases := d.byTicket()
	if got := cases["T-0002"].Fields["description"].(string); !strings.HasPrefix(got, "=SUM(A1)\n") {
		t.Errorf("a formula arrived as %q", got)
	}
	if got := cases["T-0003"].Fields["description"].(string); !strings.HasPrefix(got, "'+57 300\n") {
		t.Errorf("a text with an apostrophe arrived as %q", got)
	}
	if kept, err := os.ReadFile(rejects + ".bak"); err != nil || string(kept) != mended {
		t.Errorf("the mended file was not kept: %v", err)
	}
	if left := d.table(rejects); len(left) != 0 {
		t.Errorf("%d rejects are left", len(left))
	}
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 5})
}

func TestRejectsAreReadAsWeWroteThemWhateverTheMappingSays(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", strings.Replace(tickets, "case:", "input: {delimiter: \";\", header_row: 1}\ncase:", 1))
	list := rows(2)
	d.write("in.csv", strings.Join(columns, ";")+"\n"+strings.ReplaceAll(strings.Join(list[0], ";"), "línea 1\nlínea \"2\"", "x")+"\nT-9;;Asunto;x;Abierto;;\n")
	d.counts(d.run(d.path("in.csv")), 3, n{reports.Created: 1, reports.Invalid: 1})
	text, err := os.ReadFile(d.path("out/rejects.csv"))
	if err != nil {
		t.Fatal(err)
	}
	d.write("mended.csv", strings.Replace(string(text), "T-9,,", "T-9,a@b.co,", 1))
	d.counts(d.run(d.path("mended.csv")), 0, n{reports.Created: 1})
}

func TestInterruptFinishesWhatIsInFlightAndListsTheRest(t *testing.T) {
	d := newDesk(t, sandbox.Config{Latency: 10 * time.Millisecond})
	input := d.csv("in.csv", columns, rows(600))
	ctx, interrupt := context.WithCancel(t.Context())
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if d.crm.Stats().Requests == 50 {
			interrupt()
		}
		next.ServeHTTP(w, r)
	})
	r := d.runUntil(ctx, input)
	created := r.Summary.Outcomes[reports.Created]
	if r.Status() != 5 || r.Summary.Outcomes[reports.InDoubt] > 0 || created != len(d.crm.Cases()) || created+r.Summary.Outcomes[reports.NotAttempted] != 600 || created > 100 {
		t.Fatalf("status %d, %v, %d cases", r.Status(), r.Summary.Outcomes, len(d.crm.Cases()))
	}
	d.counts(d.run(input), 0, n{reports.Skipped: created, reports.Created: 600 - created})
	d.byTicket()
}

func TestWrongTokenBurnsOneRequest(t *testing.T) {
	d := newDesk(t, sandbox.Config{Tokens: []string{"another"}})
	d.job.NoQuotaCheck = true
	r := d.run(d.csv("in.csv", columns, rows(50)))
	d.counts(r, 1, n{reports.NotAttempted: 50})
	d.requests(1)
	if r.Halt == nil || !strings.Contains(r.Halt.Why, "VALIDATE TOKEN") {
		t.Errorf("%+v", r.Halt)
	}
	d.job.Tokens = []string{"another"} // the rows are free to be sent
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Created: 50})
}

func TestTokenIsInNoFileOfTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{Tokens: []string{"another"}})
	d.job.Formats = []string{"csv", "jsonl", "xlsx"}
	d.run(d.csv("in.csv", columns, rows(5)))
	err := filepath.WalkDir(d.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "s3cret-token") {
			t.Errorf("%s has the token in it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSpentQuotaPausesTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{Quota: 30})
	d.job.NoQuotaCheck = true
	r := d.run(d.csv("in.csv", columns, rows(50)))
	d.counts(r, 5, n{reports.Created: 30, reports.NotAttempted: 20})
	d.job.Tokens = []string{"tomorrow"}
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 30, reports.Created: 20})
}

func TestRedirectStopsTheRunAndIsNotFollowed(t *testing.T) {
	other := newDesk(t, sandbox.Config{})
	for _, c := range []struct {
		status   int
		ask      bool // after the quota
		exit     int
		want     n
		requests int
	}{
		{307, false, 1, n{reports.NotAttempted: 20}, 1},
		{302, false, 4, n{reports.InDoubt: 1, reports.NotAttempted: 19}, 1},
		{307, true, 1, n{reports.NotAttempted: 20}, 0},
		{302, true, 1, n{reports.NotAttempted: 20}, 0}, // found out by what is in doubt for nobody
	} {
		d := newDesk(t, sandbox.Config{Faults: sandbox.Faults{RedirectTo: other.job.Server, RedirectStatus: c.status}})
		d.job.NoQuotaCheck = !c.ask
		d.counts(d.run(d.csv("in.csv", columns, rows(20))), c.exit, c.want)
		d.requests(c.requests)
	}
	other.requests(0)
}

func TestMaxFailuresStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{Contacts: []string{"nobody@example.com"}})
	d.job.MaxFailures, d.job.Workers = 5, 1
	r := d.run(d.csv("in.csv", columns, rows(100)))
	if r.Status() != 1 || r.Summary.Outcomes[reports.Rejected] < 5 || r.Summary.Outcomes[reports.Rejected] > 6 {
		t.Errorf("status %d, %v", r.Status(), r.Summary.Outcomes)
	}
}

func TestLimitReadsTheFirstRowsOnly(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.job.Limit = 7
	r := d.run(d.csv("in.csv", columns, rows(20)))
	d.counts(r, 0, n{reports.Created: 7})
	if r.Summary.RowsRead != 7 {
		t.Errorf("%d rows read", r.Summary.RowsRead)
	}
}

func TestSeveralInputsHaveAFolderEach(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(30)
	a, b := d.csv("a.csv", columns, list[:20]), d.csv("b.csv", columns, list[10:])
	d.counts(d.run(a, b), 0, n{reports.Created: 30, reports.Skipped: 10})
	d.byTicket()
	if one, two := len(d.table(d.path("out/a/results.csv"))), len(d.table(d.path("out/b/results.csv"))); one != 20 || two != 20 {
		t.Errorf("%d and %d lines", one, two)
	}
}

func TestDamageOfOneInputIsFoundBeforeAnythingIsSent(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	good := d.csv("good.csv", columns, rows(5))
	job := d.job
	job.Inputs = []string{good, d.path("missing.csv")}
	_, err := importer.Run(t.Context(), job)
	if _, usage := err.(*importer.UsageError); !usage || !strings.Contains(err.Error(), "missing.csv") {
		t.Errorf("%v", err)
	}
	d.write("map.yaml", strings.Replace(tickets, "{column: Estado}", "{column: Estdo}", 1))
	job.Inputs = []string{good, good}
	_, err = importer.Run(t.Context(), job)
	if err == nil || strings.Count(err.Error(), `the nearest is "Estado"`) != 1 {
		t.Errorf("%v", err)
	}
	d.requests(0)
}

func TestAttachmentThatVanishesBeforeItsTurnIsInvalid(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	list := rows(300)
	list[299][6] = "late.bin"
	d.write("files/late.bin", "here for now")
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		os.Remove(d.path("files/late.bin"))
		next.ServeHTTP(w, r)
	})
	d.counts(d.run(d.csv("in.csv", columns, list)), 3, n{reports.Created: 299, reports.Invalid: 1})
	d.requests(299)
}
