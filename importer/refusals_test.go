package importer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// refuses answers inserts so, where the text isn't "".
func (d *desk) refuses(answer func(insert int64, body string) (status int, text string)) (inserts *atomic.Int64, close func()) {
	inserts = new(atomic.Int64)
	return inserts, d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "insert") {
			body := keepBody(r)
			if status, text := answer(inserts.Add(1), body); text != "" {
				w.WriteHeader(status)
				fmt.Fprint(w, text)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Refusals in the same words about no field are the mapping's fault or the server's, and not
// each row's; those that name a field are the row's own.
func TestEqualRefusalsStopTheRun(t *testing.T) {
	refusal := func(message string) string {
		return fmt.Sprintf(`{"code":400,"error":"BAD REQUEST","msg":%q}`, message)
	}
	for name, c := range map[string]struct {
		answer   func(insert int64) string
		rejected int
		stops    bool
	}{
		"required":             {func(int64) string { return refusal("SOME PARAMETERS ARE REQUIRED") }, 20, true},
		"nothing is said":      {func(int64) string { return `{"code":400}` }, 20, true},
		"a contact":            {func(int64) string { return refusal("THE CONTACT DOES NOT EXIST") }, 60, false},
		"in Spanish":           {func(int64) string { return refusal("EL USUARIO NO EXISTE") }, 60, false},
		"a field of the form":  {func(int64) string { return refusal("ticket is not unique") }, 60, false},
		"words that differ":    {func(n int64) string { return refusal(fmt.Sprintf("NO SUCH THING AS %d", n)) }, 60, false},
		"one created between":  {func(n int64) string { return map[bool]string{true: refusal("NO")}[n%20 != 0] }, 57, false},
		"another said between": {func(n int64) string { return refusal(map[bool]string{true: "NO", false: "NO MORE"}[n%20 != 0]) }, 60, false},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				_, end := d.refuses(func(insert int64, _ string) (int, string) { return 400, c.answer(insert) })
				defer end()
				d.job.Workers = 1
				r := d.run(d.csv("in.csv", columns, short(60)))
				if got := r.Summary.Outcomes[reports.Rejected]; got != c.rejected || (r.Halt != nil) != c.stops {
					t.Fatalf("%v, %+v", r.Summary.Outcomes, r.Halt)
				}
				if c.stops && (r.Status() != 1 || r.Halt.Hint == "" || !strings.Contains(r.Halt.Why, "20 rows in a row")) {
					t.Errorf("status %d, %+v", r.Status(), r.Halt)
				}
			})
		})
	}
}

// Rows that stopped the run are tried again by the next one, and don't stop it again.
func TestTheSameRefusalsDontStopEveryNight(t *testing.T) {
	for name, text := range map[string]string{"by the CRM": `{"code":400,"error":"E","msg":"NO"}`, "before the CRM": "<html>blocked</html>"} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				bad := func(body string) bool {
					return strings.Contains(body, "T-000") || strings.Contains(body, "T-001") || strings.Contains(body, "T-002")
				}
				inserts, end := d.refuses(func(_ int64, body string) (int, string) {
					if bad(body) {
						return 400, text
					}
					return 0, ""
				})
				defer end()
				d.job.Workers = 1
				input := d.csv("in.csv", columns, short(60))
				var nights []string
				for range 8 {
					r := d.run(input)
					o := r.Summary.Outcomes
					nights = append(nights, fmt.Sprintf("%d: %d rejected, %d skipped", r.Status(), o[reports.Rejected], o[reports.Skipped]))
				}
				if nights[0][:1] != "1" || nights[7] != "3: 30 rejected, 30 skipped" {
					t.Errorf("%q after %d inserts", nights, inserts.Load())
				}
			})
		})
	}
}

// What no CRM says is a wrong server after the first few, however many send at once.
func TestWrongServerIsNoFaultOfTheRows(t *testing.T) {
	for _, answer := range []struct {
		status int
		text   string
	}{{404, "default backend - 404"}, {404, "\n"}, {400, "<html>400</html>"}, {403, "<html>403</html>"}, {413, "<html>413</html>"}} {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			_, end := d.refuses(func(int64, string) (int, string) { return answer.status, answer.text })
			defer end()
			d.job.Workers = 8
			r := d.run(d.csv("in.csv", columns, short(100)))
			if n := r.Summary.Outcomes[reports.Rejected]; r.Status() != 1 || n < 5 || n > 5+7 || !strings.Contains(r.Halt.Why, "wrong server") {
				t.Errorf("%d %q: status %d, %v, %+v", answer.status, answer.text, r.Status(), r.Summary.Outcomes, r.Halt)
			}
		})
	}
}

// A firewall that takes one row for an attack costs that row, and no night.
func TestRowThatAFirewallRefusesStopsNothing(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		_, end := d.refuses(func(_ int64, body string) (int, string) {
			if strings.Contains(body, "T-0020") {
				return 403, "<html>Request blocked</html>"
			}
			return 0, ""
		})
		defer end()
		d.job.Tokens = []string{"first-token", "second-token"}
		said := d.listen()
		input := d.csv("in.csv", columns, short(60))
		d.counts(d.run(input), 3, n{reports.Created: 59, reports.Rejected: 1})
		d.counts(d.run(input), 3, n{reports.Skipped: 59, reports.Rejected: 1})
		reject := d.table(d.path("out/rejects.csv"))
		if len(reject) != 1 || reject[0]["ID"] != "T-0020" || !strings.Contains(reject[0]["import_error"], "refused_before_crm") || !strings.Contains(reject[0]["import_hint"], "firewall") {
			t.Errorf("%v", reject)
		}
		if strings.Contains(said.String(), "out of use") {
			t.Errorf("a token is blamed: %s", said)
		}
	})
}

// A limit of the address is waited for, for minutes in the end, and no token is blamed.
func TestLimitOfTheAddressIsWaitedFor(t *testing.T) {
	const limit = `{"code":403,"error":"FORBIDDEN","msg":"REQUESTS PER IP EXCEEDED"}`
	t.Run("that ends", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			began, last, longest := time.Now(), time.Now(), time.Duration(0)
			defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				longest, last = max(longest, time.Since(last)), time.Now()
				if since := time.Since(began); since > 5*time.Second && since < 5*time.Minute {
					w.WriteHeader(403)
					fmt.Fprint(w, limit)
					return
				}
				time.Sleep(time.Second)
				next.ServeHTTP(w, r)
			})()
			said := d.listen()
			d.job.Workers = 1
			d.counts(d.run(d.csv("in.csv", columns, short(20))), 0, n{reports.Created: 20})
			if longest < time.Minute || strings.Contains(said.String(), "out of use") {
				t.Errorf("the longest pause was %v; %s", longest, said)
			}
		})
	})
	t.Run("that one row looks like", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			_, end := d.refuses(func(_ int64, body string) (int, string) {
				return 403, map[bool]string{true: `{"code":403,"error":"E","msg":"THE TEXT EXCEEDS ITS LENGTH"}`}[strings.Contains(body, "T-0003")]
			})
			defer end()
			d.job.Workers = 2
			d.counts(d.run(d.csv("in.csv", columns, short(40))), 3, n{reports.Created: 39, reports.Rejected: 1})
			for _, line := range d.results() {
				if line["status"] == "rejected" && (line["message"] != "THE TEXT EXCEEDS ITS LENGTH" || line["attempts"] != "10") {
					t.Errorf("%v", line)
				}
			}
		})
	})
}

// Too few file handles are no row's fault: no row is invalid or in doubt for them.
func TestTooFewFileHandlesStopTheRun(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Connection", "close") // each request dials
			next.ServeHTTP(w, r)
		})()
		var dials atomic.Int64
		dial := d.job.Dial
		d.job.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) > 1 {
				return nil, &net.OpError{Op: "dial", Err: syscall.EMFILE}
			}
			return dial(ctx, network, address)
		}
		d.job.NoQuotaCheck, d.job.Workers = true, 2
		r := d.run(d.csv("in.csv", columns, rows(20)))
		out := r.Summary.Outcomes
		if r.Status() != 1 || out[reports.Created]+out[reports.NotAttempted] != 20 || out[reports.NotAttempted] == 0 || !strings.Contains(r.Halt.Why, "too many open files") || !strings.Contains(r.Halt.Hint, "ulimit -n") {
			t.Errorf("status %d, %v, %+v", r.Status(), out, r.Halt)
		}
	})
}

// keepBody reads a request's body and leaves it for the next one.
func keepBody(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// A firewall that names the caller's address in plain text is about the row's words all the same.
func TestFirewallInPlainTextHoldsNobodyUp(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		_, end := d.refuses(func(_ int64, body string) (int, string) {
			return 403, map[bool]string{true: "Request blocked. Your IP: 10.0.0.7"}[strings.Contains(body, `"T-0003"`) || strings.Contains(body, `"T-0004"`)]
		})
		defer end()
		d.job.Workers = 1
		input := d.csv("in.csv", columns, short(12))
		for _, want := range []map[reports.Status]int{{reports.Created: 10, reports.Rejected: 2}, {reports.Skipped: 10, reports.Rejected: 2}} {
			began := time.Now()
			d.counts(d.run(input), 3, want)
			if took := time.Since(began); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
		}
	})
}
