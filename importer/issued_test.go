package importer_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// gives answers inserts with the id that f says, and keeps no case.
func (d *desk) gives(f func(insert int64) string) (inserts *atomic.Int64, close func()) {
	return d.refuses(func(insert int64, _ string) (int, string) {
		return 200, fmt.Sprintf(`{"code":200,"error":"null","msg":"","data":{"wolkvox_id":"%s","idPrefijo":"C-1"}}`, f(insert))
	})
}

const canned = "5f0000000000000000000001"

func serial(insert int64) string { return fmt.Sprintf("65f0%020d", insert) }

// A page or a cache that answers for the CRM gives one id to many rows: none but the first is
// created, and no more is sent than was under way.
func TestOneIDForManyRowsStopsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		id       func(insert int64) string
		workers  int
		created  int
		requests int64 // at most
	}{
		"from the first on": {func(int64) string { return canned }, 1, 1, 2},
		"eight at once":     {func(int64) string { return canned }, 8, 1, 9},
		"far apart": {func(insert int64) string {
			if insert == 3 || insert == 150 {
				return canned
			}
			return serial(insert)
		}, 1, 149, 150},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				inserts, end := d.gives(c.id)
				defer end()
				d.job.Workers = c.workers
				r := d.run(d.csv("in.csv", columns, short(200)))
				out := r.Summary.Outcomes
				if r.Status() != 4 || out[reports.Created] != c.created || out[reports.InDoubt] == 0 || inserts.Load() > c.requests {
					t.Errorf("status %d, %v after %d requests", r.Status(), out, inserts.Load())
				}
				if r.Halt == nil || r.Halt.Status != 1 || !strings.Contains(r.Halt.Why, "wrong server: the CRM answered two rows with the same id") {
					t.Errorf("%+v", r.Halt)
				}
				for _, line := range d.results() {
					if line["status"] == "in_doubt" && (line["wolkvox_id"] != "" || !strings.Contains(line["message"], canned)) {
						t.Errorf("%v", line)
					}
				}
			})
		})
	}
}

// What an earlier run was given is known to the next one, also when much lies between.
func TestIDOfAnEarlierRunStopsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		again    func(insert int64) string
		requests int64
	}{
		"the oldest, at once":   {func(int64) string { return canned }, 1}, // of 20,000
		"the last one, at once": {func(int64) string { return serial(60) }, 1},
		"the last one, after five": {func(insert int64) string {
			return map[bool]string{true: serial(60), false: serial(900 + insert)}[insert == 6]
		}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				_, end := d.gives(func(insert int64) string { return map[bool]string{true: canned, false: serial(insert)}[insert == 1] })
				d.job.Workers = 1
				list := short(80)
				d.counts(d.run(d.csv("in.csv", columns, list[:60])), 0, n{reports.Created: 60})
				end()
				if name == "the oldest, at once" {
					d.ledger(func(db *sqlDB) {
						db.do(`INSERT INTO entries (id, key, template, state, run, columns, content, marker, contact, claimed_at, wolkvox_id)
							WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)
							SELECT randomblob(16), 'x' || i, '', 'created', 1, 1, zeroblob(16), '', '', 0, 'x' || i FROM c`)
					})
				}
				inserts, end := d.gives(c.again)
				defer end()
				r := d.run(d.csv("in.csv", columns, list))
				out := r.Summary.Outcomes
				if r.Status() != 4 || out[reports.InDoubt] != 1 || inserts.Load() != c.requests || int64(out[reports.Created]) != c.requests-1 || !strings.Contains(r.Halt.Why, "same id") {
					t.Errorf("status %d, %v after %d requests, %+v", r.Status(), out, inserts.Load(), r.Halt)
				}
			})
		})
	}
}

// An id that an answer in doubt names is kept in the ledger, and said; the row is in doubt all
// the same, tomorrow too.
func TestIDOfADoubtfulAnswerIsEvidence(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		_, end := d.refuses(func(insert int64, _ string) (int, string) {
			return 200, map[bool]string{true: `{"code":400,"error":"E","msg":"m","data":{"wolkvox_id":"` + canned + `"}}`}[insert == 1]
		})
		d.job.Workers = 1
		input := d.csv("in.csv", columns, short(3))
		d.counts(d.run(input), 4, n{reports.InDoubt: 1, reports.Created: 2})
		line := d.results()[0]
		if line["status"] != "in_doubt" || line["wolkvox_id"] != "" || !strings.Contains(line["message"], "names the case "+canned) {
			t.Errorf("%v", line)
		}
		var id, evidence string
		d.ledger(func(db *sqlDB) {
			db.get("SELECT wolkvox_id FROM entries WHERE state = 'in_doubt'", &id)
			db.get("SELECT evidence FROM history WHERE to_state = 'in_doubt'", &evidence)
		})
		if id != canned || !strings.Contains(evidence, canned) {
			t.Errorf("the ledger has %q, %q", id, evidence)
		}
		end()
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) })()
		d.counts(d.run(input), 4, n{reports.InDoubt: 1, reports.Skipped: 2})
		if line := d.results()[0]; line["wolkvox_id"] != "" {
			t.Errorf("the next day it looks created: %v", line)
		}
	})
}
