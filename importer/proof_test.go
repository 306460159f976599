package importer_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// searched is a CRM's answer to a question about cases: which of them it shows, and how.
type searched func(field, value string, cases []shown) (status int, answer map[string]any)

// shown is a case as a CRM may keep it.
type shown struct{ id, contact, description string }

func (s shown) record() map[string]any {
	return map[string]any{"wolkvox_id": s.id, "idPrefijo": "C-1", "description": s.description, "contactEmail": s.contact}
}

// matching are the cases that a plain search finds.
func matching(field, value string, cases []shown) (found []shown) {
	for _, c := range cases {
		switch field {
		case "description":
			if strings.Contains(c.description, value) {
				found = append(found, c)
			}
		case "email contact":
			if strings.EqualFold(c.contact, value) {
				found = append(found, c)
			}
		case "wolkvox-id":
			if c.id == value {
				found = append(found, c)
			}
		}
	}
	return found
}

func whole(found []shown) (int, map[string]any) {
	return answered(found, fmt.Sprintf("%d records were are found", len(found)))
}

func answered(found []shown, msg string) (int, map[string]any) {
	data := []map[string]any{}
	for _, f := range found {
		data = append(data, f.record())
	}
	return 200, map[string]any{"code": "200", "error": "null", "msg": msg, "data": data}
}

// lostCase is an import of which one row, T-0004, is in doubt. Its case was made or not; a CRM
// that keeps and searches cases in its own way is asked for it.
type lostCase struct {
	made   bool
	rows   func([][]string)            // changes the rows before they are sent
	keep   func(shown) shown           // how the CRM keeps a case
	others func(cases []shown) []shown // what else is at the CRM
	search searched                    // nil is a plain search, whose answers are whole
	margin time.Duration
}

func (c lostCase) resolve(t *testing.T) (*desk, importer.Settled) {
	t.Helper()
	kept := sandbox.New(sandbox.Config{Seed: 9, Faults: sandbox.Faults{ErrorAfter: 1}}) // makes the case, and says that it failed
	d := newDesk(t, sandbox.Config{})
	d.job.Workers = 1
	search, resolving := c.search, false
	if search == nil {
		search = func(field, value string, cases []shown) (int, map[string]any) {
			return whole(matching(field, value, cases))
		}
	}
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := keepBody(r)
		var q struct{ Field, Value string }
		switch {
		case resolving && strings.HasSuffix(r.URL.Path, "queryCases.php") && json.Unmarshal([]byte(body), &q) == nil:
			status, answer := search(q.Field, q.Value, c.cases(d.crm, kept))
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(answer)
		case strings.Contains(r.URL.Path, "insert") && strings.Contains(body, `"T-0004"`):
			kept.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
	table := rows(9)
	for _, row := range table {
		row[2], row[3] = "Asunto", "texto" // so that any created case can be the one that a query is tried by
		row[4], row[5] = "Abierto", ""
	}
	if c.rows != nil {
		c.rows(table)
	}
	d.counts(d.run(d.csv("in.csv", columns, table)), 4, n{reports.Created: 8, reports.InDoubt: 1})
	resolving = true
	return d, d.auto(c.margin)["T-0004"]
}

// cases are what the CRM has, in the order in which it made them.
func (c lostCase) cases(sent, lost *sandbox.CRM) (all []shown) {
	list := sent.Cases()
	if c.made {
		list = append(list, lost.Cases()...)
	}
	for _, k := range list {
		s := shown{k.ID, k.Fields["contact"].(string), k.Fields["description"].(string)}
		if c.keep != nil {
			s = c.keep(s)
		}
		all = append(all, s)
	}
	if c.others != nil {
		all = c.others(all)
	}
	return all
}

// oneContact gives all rows the same contact.
func oneContact(table [][]string) {
	for _, row := range table {
		row[1] = "mesa@ejemplo.co"
	}
}

// lastOfOneContact sends the row that is in doubt last, so that it is at the edge of a page.
func lastOfOneContact(table [][]string) {
	oneContact(table)
	table[4][0], table[8][0] = table[8][0], table[4][0]
}

// Whatever a CRM does with its cases, one that exists is never called absent.
func TestCaseThatExistsIsNeverAbsent(t *testing.T) {
	cut := func(n int) func(shown) shown {
		return func(s shown) shown { s.description = s.description[:min(n, len(s.description))]; return s }
	}
	page := func(n int, newest bool, msg func(shown, all int) string) searched {
		return func(field, value string, cases []shown) (int, map[string]any) {
			found := matching(field, value, cases)
			if field == "description" {
				return whole(found)
			}
			all := len(found)
			if newest {
				for i, j := 0, all-1; i < j; i, j = i+1, j-1 {
					found[i], found[j] = found[j], found[i]
				}
			}
			found = found[:min(n, all)]
			return answered(found, msg(len(found), all))
		}
	}
	rewritten := func(s shown) shown { // by an agent: only by its contact can it be found
		if strings.Contains(s.description, "T-0004") {
			s.description = "llamar mañana"
		}
		return s
	}
	total := func(_, all int) string { return fmt.Sprintf("%d records were are found", all) }
	silent := func(shown, _ int) string { return fmt.Sprintf("%d records were are found", shown) }
	var asked atomic.Int64
	for name, c := range map[string]lostCase{
		"a page, the oldest first":       {rows: lastOfOneContact, keep: rewritten, search: page(5, false, total)},
		"a page, the newest first":       {rows: lastOfOneContact, keep: rewritten, search: page(8, true, total)},
		"a page that says nothing of it": {rows: lastOfOneContact, keep: rewritten, search: page(8, false, silent)},
		"a page without a count":         {rows: lastOfOneContact, keep: rewritten, search: page(8, false, func(int, int) string { return "ok" })},
		"a page with its total beside data": {rows: lastOfOneContact, keep: rewritten, search: func(field, value string, cases []shown) (int, map[string]any) {
			status, a := page(8, false, silent)(field, value, cases)
			a["Total records"] = 9
			return status, a
		}},
		"a page with a next one": {rows: lastOfOneContact, keep: rewritten, search: func(field, value string, cases []shown) (int, map[string]any) {
			status, a := page(8, false, silent)(field, value, cases)
			a["next"] = "/page/2"
			return status, a
		}},
		"a page whose number lies deeper": {rows: lastOfOneContact, keep: rewritten, search: func(field, value string, cases []shown) (int, map[string]any) {
			status, a := page(8, false, silent)(field, value, cases)
			a["meta"] = map[string]any{"pagination": map[string]any{"pages": 2}}
			return status, a
		}},
		"a page within data": {rows: lastOfOneContact, keep: rewritten, search: func(field, value string, cases []shown) (int, map[string]any) {
			status, a := page(8, false, silent)(field, value, cases)
			a["data"] = map[string]any{"records": a["data"], "total": "9"}
			return status, a
		}},
		"a search by regular expression": {search: func(field, value string, cases []shown) (int, map[string]any) {
			if field != "description" {
				return whole(nil)
			}
			re, err := regexp.Compile(value)
			if err != nil {
				return 400, map[string]any{"code": 400, "error": "BAD REQUEST"}
			}
			var found []shown
			for _, k := range cases {
				if re.MatchString(k.description) && !strings.Contains(k.description, "T-0004") {
					found = append(found, k)
				}
			}
			return whole(found)
		}},
		"descriptions kept as HTML": {rows: func(table [][]string) { table[4][3] = `a < b & "c"` }, keep: func(s shown) shown {
			s.description = strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(s.description, "[ref:", "[ref:<")), "\n", "<br>")
			return s
		}},
		"descriptions in capitals":   {keep: func(s shown) shown { s.description = strings.ToUpper(s.description); return s }},
		"a description cut by bytes": {rows: func(table [][]string) { table[4][3] = strings.Repeat("ñ", 60) }, keep: cut(70)},
		"a description cut in the marker": {keep: func(s shown) shown {
			if strings.Contains(s.description, "T-0004") {
				return cut(len(s.description) - 3)(s)
			}
			return s
		}},
		"a description cut at its first emoji": {rows: func(table [][]string) { table[4][3] = "hola 😀 adiós" }, keep: func(s shown) shown {
			s.description, _, _ = strings.Cut(s.description, "😀")
			return s
		}},
		"an agent has written below the marker": {keep: func(s shown) shown { s.description += "\nllamé al cliente"; return s }},
		"an agent has rewritten everything":     {keep: rewritten},
		"another spelling of the contact": {keep: func(s shown) shown { s.description, s.contact = "x", strings.ToUpper(s.contact); return s },
			search: func(field, value string, cases []shown) (int, map[string]any) {
				var found []shown
				for _, k := range cases {
					if field == "email contact" && k.contact == value {
						found = append(found, k)
					}
				}
				return whole(found)
			}},
		"a search that dies after some answers": {search: func(field, value string, cases []shown) (int, map[string]any) {
			if asked.Add(1) > 1 || strings.Contains(value, "T-0004") || strings.Contains(value, "4@") {
				return whole(nil)
			}
			return whole(matching(field, value, cases))
		}},
		"a search that knows nothing": {search: func(string, string, []shown) (int, map[string]any) { return whole(nil) }},
		"a known case of its contact isn't shown": {rows: oneContact, keep: rewritten, search: func(field, value string, cases []shown) (int, map[string]any) {
			found := matching(field, value, cases)
			if field == "email contact" {
				found = slices.Concat(found[:1], found[2:8]) // without the second, and without the row's
			}
			return whole(found)
		}},
		"descriptions without their ends": {keep: func(s shown) shown {
			if s.description = ""; strings.HasPrefix(s.contact, "cliente4@") {
				s.contact = "otra@ejemplo.co"
			}
			return s
		}, search: func(field, value string, cases []shown) (int, map[string]any) {
			if field != "description" {
				return whole(matching(field, value, cases))
			}
			number := strings.TrimSuffix(value, "]")
			return whole(matching("email contact", "cliente"+number[len(number)-1:]+"@ejemplo.co", cases))
		}},
		"a search that fails by contact": {search: func(field, value string, cases []shown) (int, map[string]any) {
			if field == "email contact" {
				return 400, map[string]any{"code": 400, "error": "BAD REQUEST"}
			}
			return whole(nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c.made = true
			asked.Store(0)
			_, s := c.resolve(t)
			if s.State == "pending" || s.Why == "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A row without a case is called absent only if nothing at the CRM could be its case.
func TestAbsenceNeedsProof(t *testing.T) {
	id := func(at time.Time) string { return fmt.Sprintf("%08x%016x", at.Unix(), 77) }
	other := func(s shown) func([]shown) []shown { return func(all []shown) []shown { return append(all, s) } }
	for name, c := range map[string]struct {
		lostCase
		absent bool
		why    string
	}{
		"nothing is there": {lostCase{}, true, "no such case"},
		"zero hits are a 404": {lostCase{search: func(field, value string, cases []shown) (int, map[string]any) {
			if found := matching(field, value, cases); len(found) > 0 {
				return whole(found)
			}
			return 404, map[string]any{"code": "404", "error": "NOT FOUND", "msg": "0 records were are found"}
		}}, true, "no such case"},
		"all of one contact, asked for whole":     {lostCase{rows: oneContact, margin: 0}, true, "no such case"},
		"a case by hand of the same contact":      {lostCase{others: other(shown{id(time.Now()), "cliente4@ejemplo.co", "llamó"})}, false, "of no row of this ledger"},
		"an old one by hand":                      {lostCase{rows: func(table [][]string) { table[8][1] = table[7][1] }, others: other(shown{id(time.Now().Add(-30 * time.Hour)), "cliente4@ejemplo.co", "llamó"})}, true, "no such case"},
		"one by hand whose id has no time":        {lostCase{others: other(shown{"C-77", "cliente4@ejemplo.co", "llamó"})}, false, "of no row of this ledger"},
		"one by hand of another contact":          {lostCase{others: other(shown{id(time.Now()), "otra@ejemplo.co", "llamó"})}, true, "no such case"},
		"a reply that quotes the marker":          {lostCase{others: other(shown{id(time.Now()), "otra@ejemplo.co", "> [ref:T-0004]\nsí"})}, false, "not as its last line"},
		"longer than any other":                   {lostCase{rows: func(table [][]string) { table[4][3], table[4][1] = "un texto más largo", table[3][1] }}, false, "so long a description"},
		"longer in bytes only":                    {lostCase{rows: func(table [][]string) { table[4][3], table[4][1] = "téxtó", table[3][1] }}, false, "so long a description"},
		"longer, and of a contact without a case": {lostCase{rows: func(table [][]string) { table[4][3] = "un texto más largo" }}, true, "no such case"},
		"other characters than any other": {lostCase{rows: func(table [][]string) {
			for i, row := range table {
				if row[1] = fmt.Sprintf("cliente%d@ejemplo.co", i); i == 4 {
					row[1] = "a+b@ejemplo.co"
				}
			}
		}}, false, "kinds of characters"},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := c.resolve(t)
			if (s.State == "pending") != c.absent || s.State == "created" || !strings.Contains(s.Why, c.why) {
				t.Errorf("%+v", s)
			}
			if c.absent { // the next run sends it
				d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) })
				d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 8, reports.Created: 1})
			}
		})
	}
}

// A case that can't be told from another row's is told once that row's has been found.
func TestRowsAreAskedForAgainWhenAnotherIsFound(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	made := sandbox.New(sandbox.Config{Seed: 9, Faults: sandbox.Faults{ErrorAfter: 1}})
	none := sandbox.New(sandbox.Config{Faults: sandbox.Faults{ErrorBefore: 1}})
	var after atomic.Bool
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := keepBody(r)
		var q struct{ Field, Value string }
		switch {
		case after.Load() && json.Unmarshal([]byte(body), &q) == nil && q.Field != "":
			var all []shown
			for _, k := range append(d.crm.Cases(), made.Cases()...) {
				all = append(all, shown{k.ID, k.Fields["contact"].(string), k.Fields["description"].(string)})
			}
			_, answer := whole(matching(q.Field, q.Value, all))
			json.NewEncoder(w).Encode(answer)
		case strings.Contains(body, `"T-0003"`):
			none.ServeHTTP(w, r)
		case strings.Contains(body, `"T-0004"`):
			made.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
	table := rows(9)
	for i, row := range table {
		row[3], row[4], row[5] = "texto", "Abierto", ""
		switch i {
		case 3, 4:
			row[1] = "mesa@ejemplo.co"
		case 6, 7, 8:
			row[1] = "otra@ejemplo.co" // a list that is longer than theirs
		}
	}
	d.job.Workers = 1
	d.counts(d.run(d.csv("in.csv", columns, table)), 4, n{reports.Created: 7, reports.InDoubt: 2})
	after.Store(true)
	settled := d.auto(0)
	if settled["T-0003"].State != "pending" || settled["T-0004"].State != "created" {
		t.Errorf("%+v", settled)
	}
}

// A clock on the wall that was set forward is no proof that time has passed; one that only counts
// time is.
func TestMarginGoesByAClockThatDoesNotJump(t *testing.T) {
	for name, c := range map[string]struct {
		clock func(since time.Time) (string, time.Duration)
		waits bool
	}{
		"the time since the start has passed": {func(since time.Time) (string, time.Duration) { return "a", time.Since(since) }, false},
		"only the wall's clock went on":       {func(time.Time) (string, time.Duration) { return "a", time.Hour }, true},
		"nothing is known of starts":          {func(time.Time) (string, time.Duration) { return "", 0 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				const margin = 3 * time.Minute
				w := newWorld(t, 1, dir, &kind{make: func(w *world) { w.config.Faults.ErrorBefore = 1 }})
				defer w.end()
				began := time.Now()
				w.job.Clock = func() (string, time.Duration) { return c.clock(began) }
				w.job.Limit, w.job.Workers = 1, 1
				if n, err := w.run(0); n[reports.InDoubt] != 1 {
					t.Fatal(n, err)
				}
				time.Sleep(time.Hour)
				v := importer.Resolver{
					CRM:          importer.CRM{Server: w.job.Server, Tokens: w.job.Tokens, Dial: w.wire.dial},
					Surroundings: importer.Surroundings{Clock: w.job.Clock},
					Ledger:       filepath.Join(dir, "op.ledger.db"),
					Margin:       margin,
				}
				asked := time.Now()
				if _, err := v.Auto(t.Context()); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(asked); (waited >= margin) != c.waits {
					t.Errorf("waited %v", waited)
				}
			})
		})
	}
}

// What is left of a marker that was cut may be another row's whole one.
func TestMarkerThatMayBeAnotherOnesBeginning(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.write("map.yaml", strings.Replace(tickets, `"[ref:{{key}}]"`, `"ref {{key}}"`, 1))
	made := sandbox.New(sandbox.Config{Seed: 9, Faults: sandbox.Faults{ErrorAfter: 1}})
	none := sandbox.New(sandbox.Config{Seed: 10, Faults: sandbox.Faults{ErrorBefore: 1}})
	var asking atomic.Bool
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body := keepBody(r)
		var q struct{ Field, Value string }
		switch {
		case asking.Load() && json.Unmarshal([]byte(body), &q) == nil && q.Field != "":
			var all []shown
			for _, k := range append(d.crm.Cases(), made.Cases()...) {
				text := k.Fields["description"].(string)
				if strings.HasSuffix(text, "T-00041") {
					text = strings.TrimSuffix(text, "1")
				}
				all = append(all, shown{k.ID, k.Fields["contact"].(string), text})
			}
			_, answer := whole(matching(q.Field, q.Value, all))
			json.NewEncoder(w).Encode(answer)
		case strings.Contains(body, `"T-00041"`):
			made.ServeHTTP(w, r)
		case strings.Contains(body, `"T-0004"`):
			none.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
	table := rows(9)
	for i, row := range table {
		row[1], row[3], row[4], row[5] = "mesa@ejemplo.co", "texto", "Abierto", ""
		if i == 5 {
			row[0] = "T-00041"
		}
	}
	d.job.Workers = 1
	d.counts(d.run(d.csv("in.csv", columns, table)), 4, n{reports.Created: 7, reports.InDoubt: 2})
	asking.Store(true)
	for key, s := range d.auto(0) {
		if s.State != "in_doubt" {
			t.Errorf("%s: %+v", key, s)
		}
	}
}

// A case that a doubtful answer named existed: that it isn't shown any more proves nothing.
func TestNamedCaseThatIsNotShownIsNoAbsence(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if body := keepBody(r); strings.Contains(r.URL.Path, "insert") && strings.Contains(body, `"T-0004"`) {
			io.WriteString(w, `{"code":400,"error":"BAD REQUEST","data":{"wolkvox_id":"65f0a1b2c3d4e5f601234567"}}`)
			return
		}
		next.ServeHTTP(w, r)
	})
	table := rows(9)
	for _, row := range table {
		row[3], row[4], row[5] = "texto", "Abierto", ""
	}
	d.job.Workers = 1
	d.counts(d.run(d.csv("in.csv", columns, table)), 4, n{reports.Created: 8, reports.InDoubt: 1})
	if s := d.auto(0)["T-0004"]; s.State != "in_doubt" || !strings.Contains(s.Why, "65f0a1b2c3d4e5f601234567, which it doesn't show") {
		t.Errorf("%+v", s)
	}
}
