package importer_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
	"wolkvox-import/reports"
)

// whileRunning does something to the files when the CRM has got so many requests.
func (d *desk) whileRunning(requests int, do func()) {
	var once sync.Once
	d.handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if d.crm.Stats().Requests >= requests {
			once.Do(do)
		}
		next.ServeHTTP(w, r)
	})
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) mustRead(path string) []byte {
	d.t.Helper()
	text, err := os.ReadFile(path)
	d.must(err)
	return text
}

func TestInputThatChangesStopsTheRun(t *testing.T) {
	table := func(n int) string {
		var b strings.Builder
		b.WriteString("ID,Correo,Asunto,Detalle,Estado,Solución,Archivos\n")
		for _, row := range rows(n) {
			b.WriteString(row[0] + ",a@b.co," + row[2] + "," + strings.Repeat("x", 300) + ",Abierto,,\n")
		}
		return b.String()
	}
	const all = 3000
	whole := table(all)
	for name, change := range map[string]func(d *desk, path string) error{
		"cut in the middle of a row": func(d *desk, path string) error {
			return os.Truncate(path, int64(strings.Index(whole, "T-2500")+5))
		},
		"cut to nothing": func(d *desk, path string) error { return os.Truncate(path, 0) },
		"appended": func(d *desk, path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("T-9999,a@b.co,Nuevo,x,Abierto,,\n")
				err = errors.Join(err, f.Close())
			}
			return err
		},
		"overwritten by as many bytes": func(d *desk, path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString(strings.ReplaceAll(whole, "T-2", "X-2"))
				err = errors.Join(err, f.Close())
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			d.write("in.csv", whole)
			d.whileRunning(20, func() { d.must(change(d, d.path("in.csv"))) })
			r := d.run(d.path("in.csv"))
			left := r.Summary.Outcomes[reports.NotAttempted]
			if r.Status() != 1 || r.Halt == nil || !strings.Contains(r.Halt.Why, "the input changed while it was read") || !strings.Contains(r.Halt.Hint, "renamed") {
				t.Fatalf("status %d, %+v", r.Status(), r.Halt)
			}
			if created := r.Summary.Outcomes[reports.Created]; created+left != r.Summary.RowsRead || created != len(d.crm.Cases()) || created == all {
				t.Errorf("%v", r.Summary.Outcomes)
			}
			if summary := d.mustRead(d.path("out/summary.json")); !bytes.Contains(summary, []byte(`"ended": "the input changed while it was read`)) {
				t.Errorf("%s", summary)
			}
			for ticket := range d.byTicket() {
				if !strings.HasPrefix(ticket, "T-") || len(ticket) != 6 {
					t.Errorf("a case of no row: %s", ticket)
				}
			}
		})
	}
}

// What neither size nor time shows, the content does at the end.
func TestInputThatChangesUnderItsOldTimeIsFoundAtTheEnd(t *testing.T) {
	for _, of := range []int{2000, 2048} { // the last batch is full, or not
		d := newDesk(t, sandbox.Config{})
		input := d.csv("in.csv", columns, rows(of))
		d.whileRunning(20, func() {
			info, err := os.Stat(input)
			d.must(err)
			f, err := os.OpenFile(input, os.O_WRONLY, 0)
			d.must(err)
			_, err = f.WriteAt([]byte("Z"), 0)
			d.must(errors.Join(err, f.Close(), os.Chtimes(input, time.Time{}, info.ModTime())))
		})
		if r := d.run(input); r.Status() != 1 || r.Halt == nil || !strings.Contains(r.Halt.Why, "the input changed") {
			t.Errorf("%d rows: status %d, %+v, %v", of, r.Status(), r.Halt, r.Summary.Outcomes)
		}
	}
}

// The rows that were counted before the first was sent are held against those that were read.
func TestInputOfWhichOtherRowsWereCountedThanReadHasChanged(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	input := d.csv("in.csv", columns, rows(100))
	d.whileRunning(0, func() { d.must(os.Truncate(input, 6000)) }) // by the question about the quota, which comes before the count
	r := d.run(input)
	if r.Status() != 1 || r.Halt == nil || !strings.Contains(r.Halt.Why, "the input changed") || r.Summary.RowsRead != 100 {
		t.Errorf("status %d, %+v, %v", r.Status(), r.Halt, r.Summary.Outcomes)
	}
	d.byTicket()
}

func TestInputThatIsOnlyTouchedOrReplacedByNameIsReadToItsEnd(t *testing.T) {
	for name, change := range map[string]func(d *desk, path string) error{
		"touched": func(d *desk, path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)) },
		"renamed": func(d *desk, path string) error {
			err := os.Rename(d.csv("new.csv", columns, rows(3)), path)
			if err != nil && runtime.GOOS == "windows" {
				d.t.Skip("a file that is open can't be replaced here")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, sandbox.Config{})
			input := d.csv("in.csv", columns, rows(2000))
			d.whileRunning(20, func() { d.must(change(d, input)) })
			d.counts(d.run(input), 0, n{reports.Created: 2000})
		})
	}
}

func TestPackedInputThatChangesStopsTheRun(t *testing.T) {
	d := newDesk(t, sandbox.Config{})
	text := string(d.mustRead(d.csv("in.csv", columns, rows(3000))))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(text))
	d.must(errors.Join(err, z.Close()))
	d.write("in.csv.gz", packed.String())
	d.whileRunning(20, func() { d.must(os.Truncate(d.path("in.csv.gz"), int64(packed.Len()/2))) })
	if r := d.run(d.path("in.csv.gz")); r.Status() != 1 || !strings.Contains(r.Halt.Why, "the input changed") {
		t.Errorf("status %d, %+v", r.Status(), r.Halt)
	}
}

// A row at the end without its line end may be a part of one.
func TestRowThatMayGoOnIsSentOnlyIfTheFileIsLeftAlone(t *testing.T) {
	const text = "ID,Correo,Asunto,Detalle,Estado,Solución,Archivos\nT-1,a@b.co,Uno,x,Abierto,,"
	t.Run("it goes on", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			d.write("in.csv", text)
			var writer sync.WaitGroup
			writer.Go(func() {
				time.Sleep(time.Second)
				d.write("in.csv", text+"\nT-2,a@b.co,Dos,x,Abierto,,\n")
			})
			r := d.run(d.path("in.csv"))
			writer.Wait()
			d.counts(r, 1, n{reports.NotAttempted: 1})
			d.requests(0)
		})
	})
	t.Run("it is left alone", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			d.write("in.csv", text)
			began := time.Now()
			d.counts(d.run(d.path("in.csv")), 0, n{reports.Created: 1})
			if took := time.Since(began); took < 2*time.Second {
				t.Errorf("it was sent after %s", took)
			}
		})
	})
	t.Run("it has been left alone for long", func(t *testing.T) {
		inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
			d.write("in.csv", text)
			d.must(os.Chtimes(d.path("in.csv"), time.Time{}, time.Now().Add(-time.Minute)))
			began := time.Now()
			d.counts(d.run(d.path("in.csv")), 0, n{reports.Created: 1})
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %s", took)
			}
		})
	})
}

func TestCheckSaysThatItsInputChanges(t *testing.T) {
	const text = "ID,Correo,Asunto,Detalle,Estado,Solución,Archivos\nT-1,a@b.co,Uno,x,Abierto,,"
	inMemory(t, sandbox.Config{}, func(t *testing.T, d *desk) {
		d.write("in.csv", text)
		var writer sync.WaitGroup
		writer.Go(func() {
			time.Sleep(time.Second)
			d.write("in.csv", text+"1;2\n")
		})
		job := d.job
		job.Inputs = []string{d.path("in.csv")}
		r, _, err := importer.Check(t.Context(), job, "")
		writer.Wait()
		if err != nil || r.Summary.ExitStatus != 1 || !strings.Contains(r.Summary.Ended, "the input changed while it was read") || !strings.Contains(r.Halt.Hint, "renamed") {
			t.Errorf("%+v, %v", r.Summary, err)
		}
	})
}
