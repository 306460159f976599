package importer_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// before puts a handler between the network in memory and the CRM.
func (d *desk) before(handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) (close func()) {
	crm := d.crm
	w := newWire(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, crm) }), rand.New(rand.NewPCG(1, 1)))
	w.calm()
	d.job.Dial = w.dial
	return w.close
}

// A rate that would send the next row only after --until doesn't end the run before.
func TestSlowRateIsPausedByUntil(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: 100 * time.Millisecond}, func(t *testing.T, d *desk) {
		d.job.Until, d.job.Rate, d.job.Workers = time.Now().Add(10*time.Second), 0.3, 2
		began := time.Now()
		r := d.run(d.csv("in.csv", columns, rows(60)))
		if took := time.Since(began); r.Status() != 5 || took < 10*time.Second || !strings.Contains(r.Halt.Why, "--until") {
			t.Errorf("status %d after %v, %+v", r.Status(), took, r.Halt)
		}
	})
}

func TestWaitOfSeveralTokensIsSaid(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3, Latency: time.Second}, func(t *testing.T, d *desk) {
		d.job.Wait, d.job.Workers, d.job.Tokens = true, 4, []string{"one", "two"}
		said := d.listen()
		d.counts(d.run(d.csv("in.csv", columns, rows(120))), 0, n{reports.Created: 120})
		if got := strings.Count(said.String(), "sleeping until"); got != 1 {
			t.Errorf("said %d times", got)
		}
	})
}

// The token that is renewed first ends the sleep, also where the other one rested before it.
func TestFirstTokenThatIsRenewedEndsTheSleep(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: time.Second}, func(t *testing.T, d *desk) {
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, "tokenInformation") {
				next.ServeHTTP(w, r)
				return
			}
			left, hours := 58, 15
			if r.Header.Get("Wolkvox-Token") == "two" {
				left, hours = 68, 3
			}
			fmt.Fprintf(w, `{"code":"200","error":null,"data":{"token_limit":4800,"available_consumition_options":%d,"hours_to_restart_count":%d}}`, left, hours)
		})()
		d.job.Wait, d.job.Workers, d.job.Tokens = true, 4, []string{"one", "two"}
		began := time.Now()
		d.counts(d.run(d.csv("in.csv", columns, rows(60))), 0, n{reports.Created: 60})
		if slept := time.Since(began); slept < 3*time.Hour || slept > 4*time.Hour {
			t.Errorf("it took %v, and a token was renewed after three hours", slept)
		}
	})
}

// On the second day, too, a hundredth is left alone, and the third begins a day later.
func TestReserveIsKeptOnEveryDay(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 100, HoursToReset: 3}, func(t *testing.T, d *desk) {
		d.job.Wait = true
		said := d.listen()
		began := time.Now()
		d.counts(d.run(d.csv("in.csv", columns, rows(98+99+5))), 0, n{reports.Created: 98 + 99 + 5})
		if took := time.Since(began); took < 27*time.Hour || took > 28*time.Hour {
			t.Errorf("it took %v", took)
		}
		if strings.Contains(said.String(), "TOKEN LIMIT") {
			t.Errorf("the reserve was touched: %s", said)
		}
	})
}

func TestOneRefusalAfterASleepIsWaitedFor(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3}, func(t *testing.T, d *desk) {
		began := time.Now()
		var done atomic.Bool
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if time.Since(began) > time.Hour && strings.Contains(r.URL.Path, "insert") && !done.Swap(true) {
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})()
		d.job.Wait, d.job.Workers = true, 2
		d.counts(d.run(d.csv("in.csv", columns, rows(60))), 0, n{reports.Created: 60})
	})
}

func TestInterruptedCanaryCountsEachRowOnce(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	ctx, stop := context.WithCancel(t.Context())
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		if strings.Contains(r.URL.Path, "insert") {
			stop()
			time.Sleep(50 * time.Millisecond)
		}
	})
	d.job.Canary = true
	r := d.runUntil(ctx, d.csv("in.csv", columns, kindsOf(40)))
	d.counts(r, 5, n{reports.Created: 1, reports.NotAttempted: 39})
	if !strings.Contains(r.Halt.Hint, "39 rows are left") {
		t.Errorf("%+v", r.Halt)
	}
}

// In a storm nothing is claimed before the CRM has been looked after, not even for workers
// that were waiting for a place already.
func TestStormHoldsThoseWhoWaitForAPlace(t *testing.T) {
	for _, workers := range []int{2, 32} {
		d := newDesk(t, sandbox.Config{})
		var inserts, before atomic.Int64
		d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "query") {
				before.CompareAndSwap(0, inserts.Load())
			}
			if !strings.Contains(r.URL.Path, "insert") {
				next.ServeHTTP(w, r)
				return
			}
			inserts.Add(1)
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusBadGateway)
		})
		d.job.Workers = workers
		d.run(d.csv("in.csv", columns, rows(400)))
		if got := before.Load(); got > 8 { // three, and whoever was on its way
			t.Errorf("%d workers: %d were sent before the first look", workers, got)
		}
	}
}

// A request that left before the CRM asked for a long pause is answered by a short one. The
// long one holds.
func TestShorterPauseDoesNotReplaceALongerOne(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: 100 * time.Millisecond}, func(t *testing.T, d *desk) {
		var inserts, early atomic.Int64
		began := time.Now()
		var asked atomic.Int64 // when, after began
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, "insert") {
				next.ServeHTTP(w, r)
				return
			}
			switch at := time.Since(began); inserts.Add(1) {
			case 10:
				asked.Store(int64(at))
				w.Header().Set("Retry-After", "90")
				w.WriteHeader(http.StatusTooManyRequests)
			case 11, 12:
				time.Sleep(time.Second)
				w.Header().Set("Retry-After", "5")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				if pause := asked.Load(); pause > 0 && at > time.Duration(pause)+time.Second && at < time.Duration(pause)+90*time.Second {
					early.Add(1)
				}
				next.ServeHTTP(w, r)
			}
		})()
		d.job.Workers = 4
		d.counts(d.run(d.csv("in.csv", columns, rows(40))), 0, n{reports.Created: 40})
		if early.Load() > 0 || time.Since(began) < 90*time.Second {
			t.Errorf("%d were sent within the pause; it took %v", early.Load(), time.Since(began))
		}
	})
}

// What the CRM refused as one too many was not charged to the quota, nor is it by us.
func TestRefusedRequestsDoNotUseUpTheQuota(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 100, HoursToReset: 3}, func(t *testing.T, d *desk) {
		var tries atomic.Int64
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "insert") && tries.Add(1)%3 == 0 {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}`)
				return
			}
			next.ServeHTTP(w, r)
		})()
		const sent = 100 - 1 - 1 // the question, and a hundredth for resolve
		d.counts(d.run(d.csv("in.csv", columns, rows(200))), 5, n{reports.Created: sent, reports.NotAttempted: 200 - sent})
	})
}

// The CRM says in whole hours when a quota is renewed. Where it comes later, it is tried again
// soon, and not on the next day.
func TestQuotaThatComesLateIsTriedAgain(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3}, func(t *testing.T, d *desk) {
		began := time.Now()
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if late := time.Since(began); late > time.Hour && late < 3*time.Hour+40*time.Minute {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`)
				return
			}
			next.ServeHTTP(w, r)
		})()
		d.job.Wait = true
		d.counts(d.run(d.csv("in.csv", columns, rows(60))), 0, n{reports.Created: 60})
		if slept := time.Since(began); slept < 3*time.Hour+40*time.Minute || slept > 4*time.Hour {
			t.Errorf("it took %v", slept)
		}
		began = time.Now() // and the day after the quota ends at its hour
		d.counts(d.run(d.csv("more.csv", columns, rows(140))), 0, n{reports.Created: 80, reports.Skipped: 60})
		if slept := time.Since(began); slept < 18*time.Hour || slept > 25*time.Hour {
			t.Errorf("the second night took %v", slept)
		}
	})
}

// What the CRM says of a question is no word about the token, unless it says so.
func TestUnknownRefusalOfTheQuotaKeepsNoTokenOut(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "tokenInformation") {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, "<html>403</html>")
				return
			}
			next.ServeHTTP(w, r)
		})()
		d.counts(d.run(d.csv("in.csv", columns, rows(5))), 0, n{reports.Created: 5})
	})
}

// However many wait for a place, they leave at the rate that was given, and the time that
// they waited is no part of how long their requests took.
func TestRateHoldsForThoseWhoWaitedForAPlace(t *testing.T) {
	inMemory(t, sandbox.Config{Latency: 10 * time.Second}, func(t *testing.T, d *desk) {
		var mu sync.Mutex
		var came []time.Time
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "insert") {
				mu.Lock()
				came = append(came, time.Now())
				mu.Unlock()
			}
			next.ServeHTTP(w, r)
		})()
		d.job.Rate, d.job.Workers = 0.5, 4
		d.counts(d.run(d.csv("in.csv", columns, rows(8))), 0, n{reports.Created: 8})
		for i := 1; i < len(came); i++ {
			if gap := came[i].Sub(came[i-1]); gap < 1900*time.Millisecond {
				t.Errorf("request %d came %v after the one before", i+1, gap)
			}
		}
		for _, row := range d.results() {
			if ms, err := strconv.Atoi(row["duration_ms"]); err != nil || ms < 10_000 || ms > 10_500 {
				t.Errorf("row %s took %s ms", row["row"], row["duration_ms"])
			}
		}
	})
}

// How long a case with large files takes is no sign that the CRM can't bear so many at once.
func TestLargeBodiesAreNoSignOfASlowCRM(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		d.write("files/large.bin", strings.Repeat("x", 200_000))
		list := rows(100)
		for i, row := range list {
			if row[6] = ""; i >= 60 {
				row[6] = "large.bin"
			}
		}
		var flying, peak, given atomic.Int64
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			if r.ContentLength < 200_000 {
				time.Sleep(100 * time.Millisecond)
			} else {
				if n := flying.Add(1); n > peak.Load() {
					peak.Store(n)
				}
				time.Sleep(5 * time.Second)
				flying.Add(-1)
			}
			fmt.Fprintf(w, `{"code":200,"error":null,"data":{"wolkvox_id":"%024x","idPrefijo":"1"}}`, given.Add(1))
		})()
		began := time.Now()
		d.counts(d.run(d.csv("in.csv", columns, list)), 0, n{reports.Created: 100})
		if took := time.Since(began); took > 35*time.Second {
			t.Errorf("40 of them at 5 s, 8 at once, took %v; at most %d were in flight", took, peak.Load())
		}
	})
}

// Two requests that find the same quota spent are one piece of news.
func TestSpentQuotaIsSaidOnce(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3, Latency: time.Second}, func(t *testing.T, d *desk) {
		d.job.NoQuotaCheck, d.job.Workers = true, 4
		said := d.listen()
		d.counts(d.run(d.csv("in.csv", columns, rows(60))), 5, n{reports.Created: 50, reports.NotAttempted: 10})
		if got := strings.Count(said.String(), "it rests"); got != 1 {
			t.Errorf("said %d times:\n%s", got, said)
		}
	})
}

// What earlier runs have done is not in the plan.
func TestForecastCountsWhatIsLeft(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		d.counts(d.run(d.csv("in.csv", columns, rows(20))), 0, n{reports.Created: 20})
		said := d.listen()
		d.counts(d.run(d.csv("in.csv", columns, rows(25))), 0, n{reports.Skipped: 20, reports.Created: 5})
		if !strings.Contains(said.String(), "to send: at most 5 rows") {
			t.Errorf("%s", said)
		}
	})
}

// A row whose key stands above it with other cells is never sent, and not as a canary either.
func TestCanaryLeavesRepeatedKeysAlone(t *testing.T) {
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		list := rows(3)
		for _, row := range list {
			row[4], row[5], row[6] = "Abierto", "", ""
		}
		list[2][0], list[2][4] = list[1][0], "Pendiente"
		d.job.Canary = true
		r := d.run(d.csv("in.csv", columns, list))
		d.counts(r, 5, n{reports.Created: 1, reports.NotAttempted: 1, reports.Invalid: 1})
	})
}

// A CRM whose quota is spent answers no question about it either. When it is renewed, the run
// that has spent it was told.
func TestLaterRunKnowsWhenTheQuotaIsRenewed(t *testing.T) {
	inMemory(t, sandbox.Config{Quota: 50, HoursToReset: 3}, func(t *testing.T, d *desk) {
		input := d.csv("in.csv", columns, rows(60))
		first := d.run(input)
		d.counts(first, 5, n{reports.Created: 48, reports.NotAttempted: 12})
		time.Sleep(time.Hour)
		defer d.before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`)
		})()
		for range 2 { // and the one after that knows it too
			_, when, ok := strings.Cut(first.Halt.Why, "it begins anew")
			if r := d.run(input); r.Status() != 5 || !ok || !strings.Contains(r.Halt.Why, when) {
				t.Errorf("%+v, and before %+v", r.Halt, first.Halt)
			}
		}
	})
}
