package importer_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
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
