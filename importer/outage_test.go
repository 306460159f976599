package importer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// trips makes the first inserts fail in a way that leaves them in doubt, and answers the
// questions that follow.
func (d *desk) trips(answer http.HandlerFunc) (close func()) {
	var inserts atomic.Int64
	return d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch {
		case strings.Contains(r.URL.Path, "insert") && inserts.Add(1) <= 3:
			w.WriteHeader(http.StatusInternalServerError)
		case strings.Contains(r.URL.Path, "queryCases"):
			answer(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Time in which nothing was sent is no silence of the server's: one failure after it, or two
// hours apart, are waited for.
func TestIdleTimeIsNotTheServersSilence(t *testing.T) {
	t.Run("a question", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			began, dial := time.Now(), d.job.Dial
			var failed atomic.Bool
			d.job.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if time.Since(began) > time.Minute && !failed.Swap(true) {
					return nil, errors.New("no route to host")
				}
				return dial(ctx, network, address)
			}
			d.job.Workers, d.job.Canary = 2, true
			d.job.Agreed = func(context.Context, string) bool {
				time.Sleep(2 * time.Minute)
				return true
			}
			d.counts(d.run(d.csv("in.csv", columns, rows(40))), 0, n{reports.Created: 40})
			if !failed.Load() {
				t.Error("nothing failed")
			}
		})
	})
	t.Run("a slow rate", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			began, dial := time.Now(), d.job.Dial
			var failed atomic.Int64
			d.job.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if time.Since(began) > 150*time.Second && failed.Add(1) <= 2 {
					return nil, errors.New("no route to host")
				}
				return dial(ctx, network, address)
			}
			d.job.Rate = 0.01
			d.counts(d.run(d.csv("in.csv", columns, rows(5))), 0, n{reports.Created: 5})
			if failed.Load() < 3 {
				t.Errorf("%d connections failed", failed.Load())
			}
		})
	})
	t.Run("a long pause", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			var inserts atomic.Int64
			defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if n := inserts.Add(1); strings.Contains(r.URL.Path, "insert") && n > 5 && n < 11 && n != 8 {
					w.Header().Set("Retry-After", "3600")
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				next.ServeHTTP(w, r)
			})()
			d.job.Workers = 1
			began := time.Now()
			d.counts(d.run(d.csv("in.csv", columns, rows(20))), 0, n{reports.Created: 20})
			if took := time.Since(began); took < 4*time.Hour || took > 5*time.Hour {
				t.Errorf("it took %v", took)
			}
		})
	})
}

// A server that refuses for longer than it is given is given up, however often it answers.
func TestServerThatOnlyPutsOffIsGivenUp(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		var inserts atomic.Int64
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "insert") && inserts.Add(1) > 5 {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})()
		began := time.Now()
		r := d.run(d.csv("in.csv", columns, rows(40)))
		d.counts(r, 1, n{reports.Created: 5, reports.NotAttempted: 35})
		if took := time.Since(began); took < 10*time.Minute || took > 12*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// A CRM that puts the breaker's question off is waited for.
func TestBreakersQuestionIsPutOff(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		var asked atomic.Int64
		defer d.trips(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) <= 4 {
				w.Header().Set("Retry-After", "90")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			fmt.Fprint(w, `{"code":200,"data":[]}`)
		})()
		began := time.Now()
		d.counts(d.run(d.csv("in.csv", columns, rows(20))), 4, n{reports.InDoubt: 3, reports.Created: 17})
		if took := time.Since(began); took < 6*time.Minute || asked.Load() != 5 {
			t.Errorf("%v, %d questions", took, asked.Load())
		}
	})
}

// With no token left that may ask, the run is paused and says so.
func TestBreakerAtTheEndOfTheQuota(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		defer d.trips(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`)
		})()
		r := d.run(d.csv("in.csv", columns, rows(20)))
		d.counts(r, 4, n{reports.InDoubt: 3, reports.NotAttempted: 17})
		if r.Halt.Status != 5 || !strings.Contains(r.Halt.Why, "quota") {
			t.Errorf("%+v", r.Halt)
		}
	})
}

// Rows that have been in doubt since an earlier run are no failures of this one.
func TestOldDoubtsAreNoFailures(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		end := d.trips(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"code":200,"data":[]}`) })
		d.job.Workers = 1
		d.counts(d.run(d.csv("in.csv", columns, rows(3))), 4, n{reports.InDoubt: 3})
		end()
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) })()
		d.job.MaxFailures = 3
		d.counts(d.run(d.csv("in.csv", columns, rows(10))), 4, n{reports.InDoubt: 3, reports.Created: 7})
	})
}

// A row that was created ends a row of failures.
func TestFailuresAreCountedInARow(t *testing.T) {
	for _, c := range []struct {
		good              int // which row of seven the CRM takes; 0 is none
		created, rejected int
		status            int
	}{{3, 1, 6, 3}, {0, 0, 5, 1}} {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			var inserts atomic.Int64
			defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if strings.Contains(r.URL.Path, "insert") && inserts.Add(1) != int64(c.good) {
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprint(w, `{"code":400,"error":"BAD REQUEST","msg":"THE CONTACT DOES NOT EXIST"}`)
					return
				}
				next.ServeHTTP(w, r)
			})()
			d.job.Workers, d.job.MaxFailures = 1, 5
			r := d.run(d.csv("in.csv", columns, rows(7)))
			out := r.Summary.Outcomes
			if r.Status() != c.status || out[reports.Created] != c.created || out[reports.Rejected] != c.rejected {
				t.Errorf("the CRM takes row %d: status %d, %v", c.good, r.Status(), out)
			}
		})
	}
}

// A server that has taken a case in between is put off for no longer than at first.
func TestPausesGrowOnlyWhileNothingIsTaken(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		var mu sync.Mutex
		var came []time.Time
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, "insert") {
				next.ServeHTTP(w, r)
				return
			}
			mu.Lock()
			came = append(came, time.Now())
			n := len(came)
			mu.Unlock()
			if n >= 2 && n <= 8 || n == 10 {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})()
		d.job.Workers = 1
		d.counts(d.run(d.csv("in.csv", columns, rows(5))), 0, n{reports.Created: 5})
		if long, short := came[8].Sub(came[7]), came[10].Sub(came[9]); long < 8*time.Second || short > time.Second {
			t.Errorf("after seven refusals %v, after a success and another one %v", long, short)
		}
	})
}

// A CRM that answers questions and loses inserts stops the run after as many trips as are
// allowed, however its losses are scattered; one that loses few goes on to the end.
func TestScatteredLossesStopTheRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		loses  func(insert int64) bool
		rows   int
		most   int // in doubt
		trips  int64
		halted bool
	}{
		"all":                    {func(int64) bool { return true }, 100, 12, 3, true},
		"two of three":           {func(insert int64) bool { return insert%3 != 0 }, 500, 40, 3, true},
		"three of four":          {func(insert int64) bool { return insert%4 != 0 }, 500, 12, 3, true},
		"every other":            {func(insert int64) bool { return insert%2 == 0 }, 500, 40, 3, true},
		"a third":                {func(insert int64) bool { return insert%3 == 0 }, 500, 40, 3, true},
		"half, at random":        {func(int64) bool { return random.IntN(2) == 0 }, 500, 40, 3, true},
		"one of ten":             {func(insert int64) bool { return insert%10 == 0 }, 500, 50, 0, false},
		"three, now and then":    {func(insert int64) bool { return insert%350 < 3 }, 2200, 20, 6, false},
		"three, in each hundred": {func(insert int64) bool { return insert%100 < 3 }, 2200, 14, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				var inserts, asked atomic.Int64
				defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					switch {
					case strings.Contains(r.URL.Path, "queryCases"):
						asked.Add(1)
						fmt.Fprint(w, `{"code":200,"data":[]}`)
					case strings.Contains(r.URL.Path, "insert") && c.loses(inserts.Add(1)):
						w.WriteHeader(http.StatusInternalServerError)
					default:
						next.ServeHTTP(w, r)
					}
				})()
				d.job.Workers = 1
				r := d.run(d.csv("in.csv", columns, short(c.rows)))
				lost := r.Summary.Outcomes[reports.InDoubt]
				if r.Status() != 4 || lost > c.most || asked.Load() != c.trips || (r.Halt != nil) != c.halted {
					t.Errorf("status %d, %d in doubt, %d questions; %+v", r.Status(), lost, asked.Load(), r.Halt)
				}
			})
		})
	}
}

// short are rows without attachments.
func short(n int) [][]string {
	list := rows(n)
	for _, row := range list {
		row[6] = ""
	}
	return list
}

// Any answer shows that the server is there: a connection that fails after it is no outage
// that has lasted since before.
func TestAnAnswerEndsAnOutage(t *testing.T) {
	for name, answers := range map[string]func(d *desk, fail *atomic.Int64) func(){
		"to the breaker's question": func(d *desk, fail *atomic.Int64) func() {
			var inserts, asked atomic.Int64
			return d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Connection", "close")
				question := strings.Contains(r.URL.Path, "queryCases")
				switch {
				case !question && inserts.Add(1) <= 3:
					if inserts.Load() == 3 {
						fail.Store(2)
					}
					w.WriteHeader(http.StatusInternalServerError)
				case question && asked.Add(1) == 1:
					w.Header().Set("Retry-After", "90")
					w.WriteHeader(http.StatusTooManyRequests)
				case question:
					fail.Store(1)
					fmt.Fprint(w, `{"code":200,"data":[]}`)
				default:
					next.ServeHTTP(w, r)
				}
			})
		},
		"that puts off": func(d *desk, fail *atomic.Int64) func() {
			var inserts atomic.Int64
			fail.Store(2)
			return d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Set("Connection", "close")
				if n := inserts.Add(1); n <= 2 {
					fail.Store(n - 1)
					w.Header().Set("Retry-After", "60")
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
				var fail atomic.Int64
				failed := 0
				defer answers(d, &fail)()
				dial := d.job.Dial
				d.job.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if fail.Add(-1) >= 0 {
						failed++
						time.Sleep(time.Second)
						return nil, errors.New("no route to host")
					}
					return dial(ctx, network, address)
				}
				d.job.Workers, d.job.NoQuotaCheck = 1, true
				if r := d.run(d.csv("in.csv", columns, rows(20))); failed != 3 || r.Summary.Outcomes[reports.NotAttempted] > 0 {
					t.Errorf("failed %d, %v, %+v", failed, r.Summary.Outcomes, r.Halt)
				}
			})
		})
	}
}

// What several find out at once is one round of an outage.
func TestRefusalsOfOneMomentAreOneRound(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		began := time.Now()
		var refused atomic.Int64
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			at := time.Since(began)
			if strings.Contains(r.URL.Path, "insert") && (at > 5*time.Second && at < 10*time.Second || at > time.Hour && at < time.Hour+10*time.Second) {
				time.Sleep(100 * time.Millisecond) // all of them have left
				refused.Add(1)
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			time.Sleep(time.Second)
			next.ServeHTTP(w, r)
		})()
		d.job.Workers = 8
		d.counts(d.run(d.csv("in.csv", columns, rows(80))), 0, n{reports.Created: 80})
		if refused.Load() < 4 {
			t.Errorf("%d were refused", refused.Load())
		}
	})
}

// A pause that is asked for with the first question is said, since nothing is sent in it.
func TestPauseOfTheQuotasQuestionIsSaid(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		var asked atomic.Int64
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "tokenInformation") {
				asked.Add(1)
				w.Header().Set("Retry-After", "7200")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})()
		said, began := d.listen(), time.Now()
		d.job.Tokens = []string{"one", "two"}
		d.counts(d.run(d.csv("in.csv", columns, rows(3))), 0, n{reports.Created: 3})
		if took := time.Since(began); took < 2*time.Hour || asked.Load() != 1 || !strings.Contains(said.String(), "nothing is sent for 2h0m0s") {
			t.Errorf("%v, %d questions, %s", took, asked.Load(), said)
		}
	})
}

// A CRM that answers no question keeps a canary for as long as it is borne with, and not as
// long for each case.
func TestCanaryAsksNoMoreWhereQuestionsArePutOff(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "queryCases") {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})()
		d.job.Canary = true
		said, began := d.listen(), time.Now()
		d.counts(d.run(d.csv("in.csv", columns, kindsOf(40))), 5, n{reports.Created: 3, reports.NotAttempted: 37})
		if took := time.Since(began); took > 12*time.Minute || strings.Count(said.String(), "the CRM puts questions off") != 2 {
			t.Errorf("%v, %s", took, said)
		}
	})
}
