package importer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer"
	"wolkvox-import/reports"
)

// BenchmarkPace compares an import, from the CSV file to the durable outcome of its last
// row and the report, with two loops that do nothing but send: one that writes ready-made
// requests to its connections, which is the most that this machine can do, and a plain
// net/http client. All three meet the same server, in a process of its own, one after the
// other; only their ratios mean anything on a shared machine.
//
//	go test ./importer -run '^$' -bench Pace -benchtime 3x
func BenchmarkPace(b *testing.B) {
	const inFlight = 32
	for _, c := range []struct {
		name       string
		latency    time.Duration
		rows       int
		attachment int // bytes
		files      int // how many different ones the rows have
		inFlight   int
	}{
		{"0ms", 0, 40_000, 0, 0, inFlight},
		{"50ms", 50 * time.Millisecond, 20_000, 0, 0, inFlight},
		{"200ms", 200 * time.Millisecond, 5_000, 0, 0, inFlight},
		{"1MiB", 0, 2000, 1 << 20, 1, 8},
		{"1MiB-each", 0, 500, 1 << 20, 500, 8},
	} {
		b.Run(c.name, func(b *testing.B) {
			server := leanServer(b, c.latency)
			input, mappingFile, body := benchInput(b, c.rows, c.attachment, c.files)
			var ready, client, ours time.Duration
			for i := 0; b.Loop(); i++ {
				ready += readyLoop(b, server, body, c.rows, c.inFlight)
				client += clientLoop(b, server, body, c.rows, c.inFlight)
				ours += importLoop(b, server, input, mappingFile, c.rows, c.inFlight, i)
			}
			perSecond := func(d time.Duration) float64 { return float64(c.rows) * float64(b.N) / d.Seconds() }
			b.ReportMetric(perSecond(ready), "ready-rows/s")
			b.ReportMetric(perSecond(client), "client-rows/s")
			b.ReportMetric(perSecond(ours), "import-rows/s")
			b.ReportMetric(ready.Seconds()/ours.Seconds(), "import/ready")
			b.ReportMetric(client.Seconds()/ours.Seconds(), "import/client")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSkip reads a file whose rows have all been imported.
func BenchmarkSkip(b *testing.B) {
	const rows = 200_000
	server := leanServer(b, 0)
	input, mappingFile, _ := benchInput(b, rows, 0, 0)
	importLoop(b, server, input, mappingFile, rows, 32, 0)
	for b.Loop() {
		job := benchJob(b, server, input, mappingFile, 32, 0)
		r, err := importer.Run(b.Context(), job)
		if err != nil || r.Summary.Outcomes[reports.Skipped] != rows {
			b.Fatal(err, r.Summary.Outcomes)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// benchInput writes a CSV file of short tickets, each with its attachment where that has
// a size, and returns a body like those that are made of them.
func benchInput(b *testing.B, rows, attachment, files int) (input, mappingFile string, body []byte) {
	dir := b.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	rules, encoded := strings.Replace(tickets, "  root: files\n", "", 1), ""
	old := time.Now().Add(-time.Hour)
	for i := range files {
		path := write(fmt.Sprintf("file%d.bin", i), strings.Repeat("\xa5", attachment))
		if err := os.Chtimes(path, old, old); err != nil {
			b.Fatal(err)
		}
		encoded = `"` + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xa5}, attachment)) + `"`
	}
	var csv strings.Builder
	csv.WriteString(strings.Join(columns, ",") + "\n")
	detail := strings.Repeat("El cliente llama por el caso y espera respuesta. ", 14)
	for i := range rows {
		file := ""
		if files > 0 {
			file = fmt.Sprintf("file%d.bin", i%files)
		}
		fmt.Fprintf(&csv, "T-%07d,cliente%d@ejemplo.co,Asunto %d,%s,Abierto,,%s\n", i, i%5000, i, detail, file)
	}
	object := fmt.Sprintf(`{"operation":"op","case-type":"Request","responsible":"ADMIN_@op","owner":"ADMIN_@op","contact":"cliente1@ejemplo.co","description":"Asunto 1\n\n%s\n[ref:T-0000001]","status":"Abierto","priority":"baja","form":{"Ticket":"T-0000001"},"attachments":[%s]}`, detail, encoded)
	return write("in.csv", csv.String()), write("map.yaml", rules), []byte(object)
}

func benchJob(b *testing.B, server, input, mappingFile string, inFlight, round int) importer.Job {
	return importer.Job{
		Output:  importer.Output{Out: filepath.Join(filepath.Dir(input), "out"), Formats: []string{"csv"}},
		Reading: importer.Reading{Inputs: []string{input}, Mapping: mappingFile},
		CRM:     importer.CRM{Server: "http://" + server, Tokens: []string{"t"}},
		Pace:    importer.Pace{Workers: inFlight},
		Book:    importer.Book{Ledger: filepath.Join(filepath.Dir(input), fmt.Sprintf("%d.db", round))},
	}
}

func importLoop(b *testing.B, server, input, mappingFile string, rows, inFlight, round int) time.Duration {
	began := time.Now()
	r, err := importer.Run(b.Context(), benchJob(b, server, input, mappingFile, inFlight, round))
	if err != nil || r.Summary.Outcomes[reports.Created] != rows {
		b.Fatal(err, r.Summary.Outcomes, r.Halt)
	}
	return time.Since(began)
}

// spread calls f so many times, from so many goroutines.
func spread(n, workers int, f func(worker int)) time.Duration {
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				f(w)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// readyLoop writes one ready-made request after another, and reads no more of an answer
// than it has to.
func readyLoop(b *testing.B, server string, body []byte, n, inFlight int) time.Duration {
	request := fmt.Appendf(nil, "POST /server/API/v2/cases/insertAttach.php HTTP/1.1\r\nHost: %s\r\nWolkvox-Token: t\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", server, len(body), body)
	type line struct {
		net.Conn
		answers *bufio.Reader
	}
	lines := make([]line, inFlight)
	for i := range lines {
		c, err := net.Dial("tcp", server)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		lines[i] = line{c, bufio.NewReader(c)}
	}
	return spread(n, inFlight, func(w int) {
		if _, err := lines[w].Write(request); err != nil {
			b.Error(err)
		}
		length := 0
		for {
			header, err := lines[w].answers.ReadSlice('\n')
			if err != nil {
				b.Error(err)
				return
			}
			if len(header) <= 2 {
				break
			}
			if rest, ok := bytes.CutPrefix(header, []byte("Content-Length: ")); ok {
				fmt.Sscan(string(rest), &length)
			}
		}
		if _, err := lines[w].answers.Discard(length); err != nil {
			b.Error(err)
		}
	})
}

func clientLoop(b *testing.B, server string, body []byte, n, inFlight int) time.Duration {
	transport := &http.Transport{MaxIdleConnsPerHost: inFlight, MaxConnsPerHost: inFlight}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	return spread(n, inFlight, func(int) {
		request, err := http.NewRequest(http.MethodPost, "http://"+server+"/server/API/v2/cases/insertAttach.php", bytes.NewReader(body))
		if err != nil {
			b.Error(err)
			return
		}
		request.Header.Set("Wolkvox-Token", "t")
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			b.Error(err)
			return
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	})
}

// serveLean, in the environment, makes this test a server that reads, waits and answers.
const serveLean = "WOLKVOX_IMPORT_SERVE_LEAN"

// leanServer starts it in a process of its own, which ends with its standard input.
func leanServer(b *testing.B, latency time.Duration) (address string) {
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, os.Args[0])
	server.Env = append(os.Environ(), serveLean+"="+latency.String())
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cancel(); server.Wait() })
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

func leanMain(latency string) {
	wait, err := time.ParseDuration(latency)
	listener, err2 := net.Listen("tcp", "127.0.0.1:0")
	if err != nil || err2 != nil {
		fmt.Fprintln(os.Stderr, err, err2)
		os.Exit(1)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr())
	var n atomic.Int64
	http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		time.Sleep(wait)
		id := n.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"code":200,"error":"null","msg":"Succesfully create record","data":{"wolkvox_id":"%024x","idPrefijo":"C-%d"}}`, id, id)
	}))
}
