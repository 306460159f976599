package importer_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/sqlite"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// auto settles what is in doubt by asking the desk's CRM.
func (d *desk) auto(margin time.Duration) map[string]importer.Settled {
	d.t.Helper()
	v := importer.Resolver{
		CRM:    importer.CRM{Server: d.job.Server, Tokens: d.job.Tokens},
		Ledger: d.path("op.ledger.db"),
		Margin: margin,
	}
	list, err := v.Auto(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	settled := map[string]importer.Settled{}
	for _, s := range list {
		settled[s.Key] = s
	}
	return settled
}

// A row whose answer was lost is found by its marker; one whose request came to
// nothing is proven absent, and only that one is sent again.
func TestResolveTellsMadeFromAbsent(t *testing.T) {
	d := newDesk(t, sandbox.Config{Faults: sandbox.Faults{ResetAfter: 0.1, ErrorBefore: 0.1}, Seed: 7})
	input := d.csv("in.csv", columns, rows(60))
	first := d.run(input)
	for range 20 { // a storm may stop a run early
		if first.Summary.Outcomes[reports.NotAttempted] == 0 {
			break
		}
		first = d.run(input)
	}
	doubts, made := first.Summary.Outcomes[reports.InDoubt], len(d.byTicket())
	settled := d.auto(0)
	if len(settled) != doubts || doubts == 0 {
		t.Fatalf("%d settled of %d in doubt", len(settled), doubts)
	}
	cases, absent := d.byTicket(), 0
	for key, s := range settled {
		c, exists := cases[key]
		switch {
		case s.State == "created" && exists && s.WolkvoxID == c.ID:
		case s.State == "pending" && !exists:
			absent++
		default:
			t.Errorf("%s is %+v, the CRM has it: %t", key, s, exists)
		}
	}
	if absent != 60-made || absent == 0 || absent == doubts {
		t.Errorf("%d absent of %d in doubt, %d cases", absent, doubts, made)
	}
	d.job.Resolve = true
	for range 20 {
		if len(d.byTicket()) == 60 {
			break
		}
		d.run(input)
	}
	d.byTicket() // none twice
	d.counts(d.run(input), 0, n{reports.Skipped: 60})
}

// onlyInDoubt makes a desk with one created row and one in doubt, whose request was
// answered by a 500 before or after its case was made.
func onlyInDoubt(t *testing.T, made bool, edit func(string) string) (*desk, *sandbox.CRM) {
	faults := sandbox.Faults{ErrorBefore: 1}
	if made {
		faults = sandbox.Faults{ErrorAfter: 1}
	}
	bad := sandbox.New(sandbox.Config{Faults: faults})
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", edit(tickets))
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if strings.Contains(r.URL.Path, "insert") && strings.Contains(string(body), `"T-0001"`) {
			next = bad
		}
		next.ServeHTTP(w, r)
	})
	d.counts(d.run(d.csv("in.csv", columns, rows(2))), 4, n{reports.Created: 1, reports.InDoubt: 1})
	return d, bad
}

func same(text string) string { return text }

func TestWithoutAMarkerOnlyAPersonCanSay(t *testing.T) {
	d, _ := onlyInDoubt(t, false, func(text string) string { return strings.Replace(text, "marker:", "# marker:", 1) })
	if s := d.auto(0)["T-0001"]; s.State != "in_doubt" || !strings.Contains(s.Why, "without a marker") {
		t.Errorf("got %+v", s)
	}
}

// A CRM that cuts descriptions cuts their last line. Then it doesn't show the control
// either, and nothing may be called absent.
func TestCRMThatCutsMarkersProvesNothing(t *testing.T) {
	d, _ := onlyInDoubt(t, false, same)
	d.handle(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Write([]byte(`{"code":"200","error":"null","msg":"0 records were are found","data":[]}`))
	})
	if s := d.auto(0)["T-0001"]; s.State != "in_doubt" || !strings.Contains(s.Why, "proves nothing") {
		t.Errorf("got %+v", s)
	}
}

// A control with a shorter description proves nothing of a longer one.
func TestControlIsAtLeastAsLong(t *testing.T) {
	d, _ := onlyInDoubt(t, false, func(text string) string {
		// row 2 has a solution, row 1 none
		return strings.NewReplacer(`"{{Asunto}}\n\n{{Detalle}}"`, `"{{Solución}}{{Detalle}}"`, "{column: Correo, lower: true}", "mesa@b.co").Replace(text)
	})
	if s := d.auto(0)["T-0001"]; s.State != "in_doubt" || !strings.Contains(s.Why, "so long a description") {
		t.Errorf("got %+v", s)
	}
}

// answerWith makes the CRM show these descriptions to every query.
func answerWith(d *desk, descriptions ...string) {
	var data []map[string]any
	for i, text := range descriptions {
		data = append(data, map[string]any{"wolkvox_id": "65f0a1b2c3d4e5f60123456" + string(rune('9'-i)), "idPrefijo": "C-9", "description": text})
	}
	body, err := json.Marshal(map[string]any{"code": "200", "error": "null", "data": data})
	if err != nil {
		d.t.Fatal(err)
	}
	d.handle(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.Write(body) })
}

func TestHitIsTheWholeLastLine(t *testing.T) {
	for text, hit := range map[string]bool{
		"hola\n[ref:T-0001]":                      true,
		"hola\r\n[ref:T-0001]\r\n":                true,
		"hola\n  [ref:T-0001]  \n\n":              true,
		"hola\n[ref:T-00012]":                     false,
		"hola\nx [ref:T-0001]":                    false,
		"hola\n[ref:T-0001] x":                    false,
		"> [ref:T-0001]\nrespuesta":               false,
		"[ref:T-0001]\n\nOn Monday, Ana wrote: x": false,
		"": false,
	} {
		d, _ := onlyInDoubt(t, true, same)
		answerWith(d, text)
		if s := d.auto(0)["T-0001"]; (s.State == "created") != hit {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestTwoHitsAreTheOlderOneAndAreSaid(t *testing.T) {
	d, _ := onlyInDoubt(t, true, same)
	answerWith(d, "a\n[ref:T-0001]", "b\n[ref:T-0001]")
	s := d.auto(0)["T-0001"]
	if s.State != "created" || s.WolkvoxID != "65f0a1b2c3d4e5f601234568" || !strings.Contains(s.Why, "2 CASES") || !strings.Contains(s.Why, "65f0a1b2c3d4e5f601234569") {
		t.Errorf("got %+v", s)
	}
}

func TestMarginIsWaitedOutBeforeAnythingIsAbsent(t *testing.T) {
	d, _ := onlyInDoubt(t, false, same)
	began := time.Now()
	var asked atomic.Int64
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		asked.CompareAndSwap(0, int64(time.Since(began)))
		next.ServeHTTP(w, r)
	})
	const margin = 700 * time.Millisecond
	if s := d.auto(margin)["T-0001"]; s.State != "pending" {
		t.Errorf("got %+v", s)
	}
	if after := time.Duration(asked.Load()); after < margin/2 {
		t.Errorf("asked %v after the run", after)
	}
}

// What the CRM shows of another row's case is not this row's, whatever its marker.
func TestCaseOfAnotherRowIsNoHit(t *testing.T) {
	d, _ := onlyInDoubt(t, true, func(text string) string { return strings.Replace(text, "[ref:{{key}}]", "[ref:{{key}}]", 1) })
	owner := d.byTicket()["T-0000"].ID
	d.handle(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		json.NewEncoder(w).Encode(map[string]any{"code": 200, "data": []any{map[string]any{"wolkvox_id": owner, "description": "x\n[ref:T-0001]"}}})
	})
	if s := d.auto(0)["T-0001"]; s.State != "in_doubt" || !strings.Contains(s.Why, `belongs to the row "T-0000"`) {
		t.Errorf("got %+v", s)
	}
}

func TestQueriesThatFailLeaveRowsInDoubt(t *testing.T) {
	for name, answer := range map[string]string{
		"no descriptions": `{"code":"200","error":"null","data":[{"wolkvox_id":"65f0a1b2c3d4e5f601234567"}]}`,
		"no ids":          `{"code":"200","error":"null","data":[{"description":"[ref:T-0001]"}]}`,
		"a page":          `<html>`,
		"no code":         `{"data":[]}`,
		"a failure":       `{"code":"400","error":"SOME PARAMETERS ARE REQUIRED"}`,
	} {
		d, _ := onlyInDoubt(t, true, same)
		d.handle(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { io.WriteString(w, answer) })
		v := importer.Resolver{
			CRM:    importer.CRM{Server: d.job.Server, Tokens: d.job.Tokens},
			Ledger: d.path("op.ledger.db"),
		}
		settled, err := v.Auto(t.Context())
		if err == nil && (len(settled) != 1 || settled[0].State != "in_doubt") {
			t.Errorf("%s: %+v, %v", name, settled, err)
		}
		state, err := importer.Status(d.path("op.ledger.db"))
		if err != nil || state.Keys["in_doubt"] != 1 {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
}

func TestWhatAPersonSays(t *testing.T) {
	ledger := func(d *desk) string { return d.path("op.ledger.db") }
	say := func(d *desk, v ...importer.Verdict) (int, error) { return importer.Decide(ledger(d), "ana", v) }

	d, _ := onlyInDoubt(t, false, same)
	for _, wrong := range []importer.Verdict{
		{Key: "T-0001", Word: "created"}, {Key: "T-0001", Word: "gone"}, {Key: "T-9", Word: "absent"}, {Key: "T-0000", Word: "absent"},
		{Key: "T-0001", Word: "deleted"}, {Key: "T-0001", Word: "absent", ID: "1"}, {Key: "T-0001", Word: "created", ID: d.byTicket()["T-0000"].ID},
	} {
		if _, err := say(d, importer.Verdict{Key: "T-0001", Word: "absent"}, wrong); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
	d.counts(d.run(d.path("in.csv")), 4, n{reports.Skipped: 1, reports.InDoubt: 1}) // nothing was changed
	if left, err := say(d, importer.Verdict{Key: "T-0001", Word: "absent"}); err != nil || left != 0 {
		t.Fatal(left, err)
	}
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) })
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 1, reports.Created: 1})

	if _, err := say(d, importer.Verdict{Key: "T-0001", Word: "deleted"}); err != nil {
		t.Fatal(err)
	}
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 1, reports.Created: 1})

	d, _ = onlyInDoubt(t, true, same)
	if _, err := say(d, importer.Verdict{Key: "T-0001", Word: "created", ID: "65f0a1b2c3d4e5f601234567"}); err != nil {
		t.Fatal(err)
	}
	result := d.run(d.path("in.csv"))
	d.counts(result, 0, n{reports.Skipped: 2})

	d, _ = onlyInDoubt(t, true, same)
	if _, err := say(d, importer.Verdict{Key: "T-0001", Word: "ignore"}); err != nil {
		t.Fatal(err)
	}
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 2})
}

func TestVerdictsFromAFile(t *testing.T) {
	d, _ := onlyInDoubt(t, true, same)
	d.write("said.csv", "\ufeffkey,verdict,id,note\nT-0001,Created,65f0a1b2c3d4e5f601234567,by hand\n,,,\n")
	said, err := importer.ReadVerdicts(d.path("said.csv"))
	if err != nil || len(said) != 1 || said[0] != (importer.Verdict{Key: "T-0001", Word: "created", ID: "65f0a1b2c3d4e5f601234567"}) {
		t.Fatal(said, err)
	}
	for _, text := range []string{"", "key\n", "a,b\n", "key,verdict\n\"x\n"} {
		d.write("said.csv", text)
		if _, err := importer.ReadVerdicts(d.path("said.csv")); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if _, err := importer.ReadVerdicts(d.path("none.csv")); !errors.As(err, new(*importer.UsageError)) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

// A server that fails for every insert leaves few rows in doubt, whether or not it
// answers queries.
func TestStormStopsTheRun(t *testing.T) {
	for name, queries := range map[string]bool{"queries are answered": true, "nothing is answered": false} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if queries && strings.Contains(r.URL.Path, "query") {
					next.ServeHTTP(w, r)
					return
				}
				io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusBadGateway)
			})
			d.job.Workers = 4
			result := d.run(d.csv("in.csv", columns, rows(400)))
			doubts := result.Summary.Outcomes[reports.InDoubt]
			if result.Status() != 4 || doubts < 3 || doubts > 4*(3+4) || doubts+result.Summary.Outcomes[reports.NotAttempted] != 400 {
				t.Errorf("status %d, %v", result.Status(), result.Summary.Outcomes)
			}
			if result.Halt == nil || !strings.Contains(result.Halt.Why, "in doubt") {
				t.Errorf("halted by %+v", result.Halt)
			}
		})
	}
}

func TestStormPasses(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	var inserts atomic.Int64
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if n := inserts.Load(); strings.Contains(r.URL.Path, "insert") && inserts.Add(1) > 20 && n < 24 {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		next.ServeHTTP(w, r)
	})
	d.job.Workers = 1
	d.counts(d.run(d.csv("in.csv", columns, rows(60))), 4, n{reports.Created: 56, reports.InDoubt: 4})
}

// A run that is stopped while it settles rows in doubt has read no row: it is paused, and the last
// run's reports stay.
func TestStopWhileDoubtsAreSettled(t *testing.T) {
	d, _ := onlyInDoubt(t, false, same)
	before := d.table(d.path("out/results.csv"))
	d.job.Resolve, d.job.Margin = true, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	result := d.runUntil(ctx, d.path("in.csv"))
	if result.Status() != 5 || result.Summary.RowsRead != 0 || result.Halt == nil || len(result.Reports) > 0 {
		t.Errorf("status %d, %+v", result.Status(), result)
	}
	after, notes, err := importer.Report(d.path("op.ledger.db"), d.path("again"), nil)
	if err != nil || after.Summary.RowsRead != 2 || len(notes) > 0 {
		t.Errorf("the last run's reports: %+v, %v, %v", after.Summary, notes, err)
	}
	if got := d.table(d.path("again/results.csv")); len(got) != len(before) || !maps.Equal(got[1], before[1]) {
		t.Errorf("%v, and before %v", got, before)
	}
	d.job.Margin = 0
	d.counts(d.run(d.path("in.csv")), 4, n{reports.Skipped: 1, reports.InDoubt: 1}) // absent, sent again, and in doubt again
}

// Any token that the CRM accepts will do for asking.
func TestDoubtsAreSettledByTheTokenThatWorks(t *testing.T) {
	d, _ := onlyInDoubt(t, false, same)
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Wolkvox-Token") == "bad" {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
	d.job.Tokens = []string{"bad", "good"}
	if s := d.auto(0)["T-0001"]; s.State != "pending" {
		t.Errorf("got %+v", s)
	}
}

// Rows that were not asked for when the asking was stopped are said, and stay in doubt.
func TestStoppedResolverNamesWhatIsLeft(t *testing.T) {
	d, _ := onlyInDoubt(t, false, same)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	v := importer.Resolver{
		CRM:    importer.CRM{Server: d.job.Server, Tokens: d.job.Tokens},
		Ledger: d.path("op.ledger.db"),
		Margin: time.Hour,
	}
	settled, err := v.Auto(ctx)
	if err != nil || len(settled) != 1 || settled[0].State != "in_doubt" || settled[0].Why != "not asked for" {
		t.Errorf("%+v, %v", settled, err)
	}
}

// A run that died before its first row has nothing to report, and leaves the reports alone.
func TestReportOfARunWithoutARowIsRefused(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, rows(3)))
	l, err := sqlite.Open(d.path("op.ledger.db"), ledger.Binding{Operation: "op", Server: crm.Loopback})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(1, []byte(`{"Inputs":[{"Out":"`+d.path("out")+`"}]}`)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := importer.Report(d.path("op.ledger.db"), "", nil); err == nil || !strings.Contains(err.Error(), "no row yet") {
		t.Errorf("got %v", err)
	}
	if len(d.results()) != 3 {
		t.Errorf("%d results", len(d.results()))
	}
}
