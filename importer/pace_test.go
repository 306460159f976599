package importer_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// inMemory puts the desk's CRM on a network and a clock that are not real, and calls f.
func inMemory(t *testing.T, config sandbox.Config, f func(t *testing.T, d *desk)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, dir: dir, crm: sandbox.New(config)}
		d.serve("http://127.0.0.1:1")
		d.write("map.yaml", tickets)
		d.write("files/a.pdf", "pdf")
		d.write("files/ñ b.txt", "texto")
		w := newWire(d.crm, rand.New(rand.NewPCG(1, 1)))
		w.calm()
		defer w.close()
		d.job.Dial = w.dial
		f(t, d)
	})
}

// diary collects what a run says.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func (d *desk) listen() *diary {
	said := new(diary)
	d.job.Log = slog.New(slog.NewTextHandler(said, nil))
	return said
}

func TestReserveOfTheQuotaIsKept(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 150, HoursToReset: 15}, func(t *testing.T, d *desk) {
		d.job.Tokens = []string{"one", "two"}
		said := d.listen()
		r := d.run(d.csv("in.csv", columns, rows(400)))
		const sent = 2 * (150 - 1 - 2) // the question, and a hundredth for resolve
		d.counts(r, 5, n{reports.Created: sent, reports.NotAttempted: 400 - sent})
		d.requests(sent)
		for _, part := range []string{"to send: at most 400 rows", "quota of 2 tokens: 294 left today, of 300 a day, and 4 kept", "1 night more"} {
			if !strings.Contains(said.String(), part) {
				t.Errorf("%q was not said:\n%s", part, said)
			}
		}
		renewal := time.Now().Add(15 * time.Hour).Local().Format("2006-01-02 15:0")
		if !strings.Contains(r.Halt.Why, renewal) || !strings.Contains(r.Halt.Hint, "106 rows are left") {
			t.Errorf("%+v, not %s", r.Halt, renewal)
		}
	})
}

func TestWaitSleepsUntilTheQuotaIsRenewed(t *testing.T) {
	for name, check := range map[string]bool{"asked": false, "found out": true} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3}, func(t *testing.T, d *desk) {
				d.job.Wait, d.job.NoQuotaCheck = true, check
				began := time.Now()
				d.counts(d.run(d.csv("in.csv", columns, rows(120))), 0, n{reports.Created: 120})
				if slept := time.Since(began); slept < 27*time.Hour || slept > 28*time.Hour {
					t.Errorf("it took %v", slept)
				}
				if len(d.byTicket()) != 120 {
					t.Errorf("%d cases", len(d.crm.Cases()))
				}
			})
		})
	}
}

func TestRowsAreNotClaimedWhileTheQuotaIsSpent(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 20, HoursToReset: 3}, func(t *testing.T, d *desk) {
		d.job.Wait = true
		time.AfterFunc(time.Hour, func() {
			if s, err := importer.Status(d.path("op.ledger.db")); err != nil || s.Keys["sending"] > 0 {
				t.Errorf("while nothing is sent, %v, %v", s.Keys, err)
			}
		})
		d.counts(d.run(d.csv("in.csv", columns, rows(30))), 0, n{reports.Created: 30})
	})
}

func TestUntilTakesNoRowAfterItsTime(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: time.Second}, func(t *testing.T, d *desk) {
		d.job.Until = time.Now().Add(10 * time.Second)
		d.job.Workers = 2
		input := d.csv("in.csv", columns, rows(60))
		r := d.run(input)
		if created := r.Summary.Outcomes[reports.Created]; r.Status() != 5 || created < 15 || created > 20 || !strings.Contains(r.Halt.Why, "--until") {
			t.Errorf("status %d, %v, %+v", r.Status(), r.Summary.Outcomes, r.Halt)
		}
		d.job.Until = time.Now().Add(time.Hour)
		if r := d.run(input); r.Status() != 0 || len(d.byTicket()) != 60 {
			t.Errorf("the next night: status %d, %d cases", r.Status(), len(d.crm.Cases()))
		}
	})
}

// A run that has finished everything is not paused because its time came meanwhile.
func TestUntilThatComesWithTheLastRowPausesNothing(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: 10 * time.Second}, func(t *testing.T, d *desk) {
		d.job.Until = time.Now().Add(25 * time.Second)
		d.job.Workers = 1
		d.counts(d.run(d.csv("in.csv", columns, rows(2))), 0, n{reports.Created: 2})
	})
}

func TestForecastNamesTheNight(t *testing.T) {
	for _, c := range []struct {
		name   string
		config sandbox.Config
		rows   int
		change func(*importer.Job)
		want   []string
		not    string
	}{
		{"fits", sandbox.Config{Quota: 4800, Latency: time.Second}, 90, func(*importer.Job) {}, []string{"all of it fits into this run", "at least 45 seconds", "2 requests at once"}, "night"},
		{"quota", sandbox.Config{Quota: 100}, 300, func(*importer.Job) {}, []string{"98 left today, of 100 a day, and 1 kept", "3 nights more will be needed, until "}, "fits"},
		{"rate", sandbox.Config{Quota: 4800}, 90, func(j *importer.Job) { j.Rate = 0.5 }, []string{"at least 3 minutes"}, ""},
		{"window", sandbox.Config{Quota: 4800, Latency: time.Second}, 90, func(j *importer.Job) { j.Until = time.Now().Add(20 * time.Second) }, []string{"2 nights more"}, ""},
		{"not asked", sandbox.Config{Quota: 4800}, 90, func(j *importer.Job) { j.NoQuotaCheck = true }, []string{"at most 90 rows, 2 requests at once"}, "quota"},
		{"limit", sandbox.Config{}, 90, func(j *importer.Job) { j.Limit = 7 }, []string{"at most 7 rows"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inMemory(t, c.config, func(t *testing.T, d *desk) {
				said := d.listen()
				d.job.Workers = 0
				c.change(&d.job)
				d.run(d.csv("in.csv", columns, rows(c.rows)))
				_, line, ok := strings.Cut(said.String(), "to send: ")
				line, _, _ = strings.Cut(line, "\n")
				for _, part := range c.want {
					if !strings.Contains("to send: "+line, part) {
						t.Errorf("%q is not in %q", part, line)
					}
				}
				if !ok || c.not != "" && strings.Contains(line, c.not) {
					t.Errorf("%q", line)
				}
			})
		})
	}
}

// A run that has nothing to send asks nobody anything.
func TestNothingToSendAsksNothing(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	d.run(d.csv("in.csv", columns, rows(20)))
	before := len(d.crm.Stats().Others)
	said := d.listen()
	d.counts(d.run(d.path("in.csv")), 0, n{reports.Skipped: 20})
	if s := d.crm.Stats(); s.Requests != 20 || len(s.Others) != before || s.Others["/server/API/v2/token/tokenInformation.php"] != 1 {
		t.Errorf("%+v", s)
	}
	if strings.Contains(said.String(), "to send") {
		t.Errorf("%s", said)
	}
}

// What the CRM says of a quota comes in many forms, and nothing that is not understood
// keeps a run from going on.
func TestQuotaIsReadAsItComes(t *testing.T) {
	for answer, want := range map[string]string{
		`{"code":"200","error":"null","msg":"x","data":{"token_limit":"4800","available_consumition_options":"900","hours_to_restart_count":"15"}}`: "900 left today",
		`{"code":200,"error":null,"data":[{"token_limit":4800,"available_consumition_options":900,"hours_to_restart_count":15}]}`:                   "900 left today",
		`{"code":"200","error":"null","data":{"token_limit":0,"available_consumition_options":0}}`:                                                  "doesn't say what 1 token may still do",
		`{"code":"200","error":"null","data":{}}`:                                      "doesn't say what 1 token may still do",
		`{"code":"400","error":"THE API YOU WANT TO CONSULT DOES NOT EXIST","msg":""}`: "doesn't say what 1 token may still do",
		`<html>404</html>`: "doesn't say what 1 token may still do",
	} {
		d := newDesk(t, sandbox.Config{})
		d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, answer)
				return
			}
			next.ServeHTTP(w, r)
		})
		said := d.listen()
		d.counts(d.run(d.csv("in.csv", columns, rows(3))), 0, n{reports.Created: 3})
		want = strings.ReplaceAll(want, "900 left", fmt.Sprint(900-48)+" left")
		if !strings.Contains(said.String(), want) {
			t.Errorf("%s: %s", answer, said)
		}
	}
}

var (
	paceRows    = flag.Int("pace.rows", 1000, "rows of the run against all limits of the CRM")
	paceLatency = flag.Duration("pace.latency", 50*time.Millisecond, "how long this CRM takes to answer")
)

// The CRM enforces two requests in flight for each of three tokens, one token dies on the
// way and the quota of the others ends. All lanes are kept full, none over, and once the
// quota is renewed everything is created.
func TestLanesAreFullAndNoneIsOver(t *testing.T) {
	rowsInAll, latency := *paceRows, *paceLatency
	crm := sandbox.New(sandbox.Config{Tokens: []string{"one", "two", "three"}, PerToken: 2, Quota: rowsInAll * 2 / 5, Latency: latency})
	d := newDesk(t, sandbox.Config{})
	d.crm = crm
	dead := sandbox.New(sandbox.Config{Tokens: []string{"one", "two"}}) // knows three no more
	var busy busyTime
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Wolkvox-Token") == "three" && crm.Stats().Requests > rowsInAll/4 {
			dead.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		crm.ServeHTTP(w, r)
		busy.add(r.Header.Get("Wolkvox-Token"), began, time.Now())
	}))
	defer server.Close()
	d.job.Server, d.job.Tokens, d.job.Workers = server.URL, []string{"one", "two", "three"}, 0

	list := rows(rowsInAll)
	for _, row := range list {
		row[6] = "" // what takes the time of this machine is no matter of lanes
	}
	input := d.csv("in.csv", columns, list)
	r := d.run(input)
	out := r.Summary.Outcomes
	if r.Status() != 5 || out[reports.Created] < rowsInAll*4/5 || out[reports.Created]+out[reports.NotAttempted] != rowsInAll {
		t.Fatalf("status %d, %v", r.Status(), out)
	}
	s := crm.Stats()
	if refused := s.Answers["simultaneous"]; refused*100 > s.Requests || s.PeakInFlight > 6 {
		t.Errorf("%d of %d were one too many: %+v", refused, s.Requests, s)
	}
	for _, token := range []string{"one", "two"} {
		share := busy.share(token, 2)
		t.Logf("%s: %.1f %% busy", token, share*100)
		if share < 0.8 { // what a loaded machine reaches; the note has what a quiet one does
			t.Errorf("%s was %.1f %% busy", token, share*100)
		}
	}
	tomorrow := httptest.NewServer(sandbox.New(sandbox.Config{}))
	defer tomorrow.Close()
	d.job.Server, d.job.Tokens = tomorrow.URL, []string{"one", "two"}
	d.counts(d.run(input), 0, n{reports.Skipped: out[reports.Created], reports.Created: out[reports.NotAttempted]})
}

// busyTime is when a token had requests in flight.
type busyTime struct {
	mu    sync.Mutex
	spent map[string]time.Duration
	first map[string]time.Time
	last  map[string]time.Time
}

func (b *busyTime) add(token string, from, to time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent == nil {
		b.spent, b.first, b.last = map[string]time.Duration{}, map[string]time.Time{}, map[string]time.Time{}
	}
	if b.first[token].IsZero() {
		b.first[token] = from
	}
	b.spent[token] += to.Sub(from)
	b.last[token] = to
}

// share is how much of its places a token had in use, from its first request to its last.
func (b *busyTime) share(token string, places int) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent[token].Seconds() / (float64(places) * b.last[token].Sub(b.first[token]).Seconds())
}

// After a pause that the CRM asked for, on a clock that is not real: nobody sends before.
func TestNobodySendsWithinAPause(t *testing.T) {
	for name, after := range map[string]func() string{
		"seconds": func() string { return "90" },
		"date":    func() string { return time.Now().Add(91 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				crm := d.crm
				var mu sync.Mutex
				var asked time.Time
				count, early := 0, 0
				w := newWire(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					count++
					throttle := count == 20
					if throttle {
						asked = time.Now()
					} else if !asked.IsZero() && time.Since(asked) < 90*time.Second && count > 20+8 { // those in flight have left before
						early++
					}
					mu.Unlock()
					if throttle {
						w.Header().Set("Retry-After", after())
						w.WriteHeader(http.StatusTooManyRequests)
						return
					}
					time.Sleep(100 * time.Millisecond)
					crm.ServeHTTP(w, r)
				}), rand.New(rand.NewPCG(1, 1)))
				w.calm()
				defer w.close()
				d.job.Dial = w.dial
				began := time.Now()
				d.counts(d.run(d.csv("in.csv", columns, rows(60))), 0, n{reports.Created: 60})
				if took := time.Since(began); early > 0 || took < 90*time.Second || took > 100*time.Second {
					t.Errorf("%d requests came within the pause; it took %v", early, took)
				}
			})
		})
	}
}

// A second run on the same ledger is told who holds it.
func TestSecondRunIsToldWhoHoldsTheLedger(t *testing.T) {
	d := newDesk(t, sandbox.Config{Latency: 50 * time.Millisecond})
	input := d.csv("in.csv", columns, rows(60))
	ctx, stop := context.WithCancel(t.Context())
	first := make(chan struct{})
	go func() {
		defer close(first)
		d.runUntil(ctx, input)
	}()
	for d.crm.Stats().Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	job := d.job
	job.Inputs = []string{input}
	_, err := importer.Run(t.Context(), job)
	if err == nil || !strings.Contains(err.Error(), "process") {
		t.Errorf("%v", err)
	}
	stop()
	<-first
}
