package crm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

const object = `{"operation":"op","form":{}}`

func client(t *testing.T, url string, c crm.Config) *crm.Client {
	t.Helper()
	server, err := crm.ParseServer(url)
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	if c.Workers == 0 {
		c.Workers = 1
	}
	return crm.New(c)
}

// counted is a server that counts the requests that reach it.
func counted(t *testing.T, handler http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func class(t *testing.T, err error) crm.Class {
	t.Helper()
	var e *crm.Error
	if !errors.As(err, &e) {
		t.Fatalf("no *crm.Error: %v", err)
	}
	return e.Class
}

const success = `{"code":200,"error":"null","msg":"Succesfully create record","data":{"wolkvox_id":"65f0a1b2c3d4e5f601234567","idPrefijo":"C-7"}}`

func TestAnswersMeanWhatTheTableSays(t *testing.T) {
	const created = crm.Class(-1)
	page := "<!DOCTYPE html><html><body>nope</body></html>"
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   crm.Class
	}{
		{"success", 200, success, created},
		{"string code", 200, strings.Replace(success, "200", `"200"`, 1), created},
		{"201", 201, success, created},
		{"null error", 200, strings.Replace(success, `"null"`, `null`, 1), created},
		{"empty error", 200, strings.Replace(success, `"null"`, `""`, 1), created},
		{"object error", 200, strings.Replace(success, `"null"`, `{}`, 1), created},
		{"data as list", 200, `{"code":200,"error":"null","data":[{"wolkvox_id":"65f0","idPrefijo":"C-1"}]}`, created},
		{"warning before", 200, "<br />\n<b>Warning</b>: x {y} in <b>z.php</b>\n" + success, created},
		{"failing code in 200", 200, `{"code":404,"error":"NOT FOUND","msg":"NO SUCH CONTACT"}`, crm.Refused},
		{"failing string code in 200", 200, `{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`, crm.TokenSpent},
		{"code 500 in 200", 200, `{"code":500,"error":"E","msg":"m"}`, crm.InDoubt},
		{"blank id", 200, strings.Replace(success, "65f0a1b2c3d4e5f601234567", " ", 1), crm.InDoubt},
		{"id null", 200, strings.Replace(success, "65f0a1b2c3d4e5f601234567", "null", 1), crm.InDoubt},
		{"no data", 200, `{"code":200,"error":"null","msg":"m","data":null}`, crm.InDoubt},
		{"error beside success", 200, strings.Replace(success, `"null"`, `"SOMETHING"`, 1), crm.InDoubt},
		{"other JSON", 200, `{"hello":1}`, crm.InDoubt},
		{"list", 200, `[]`, crm.InDoubt},
		{"cut", 200, success[:len(success)-1], crm.InDoubt},
		{"cut early", 200, `{"code":200,"error":"null","ms`, crm.InDoubt},
		{"warning behind", 200, success + "<br />warning", crm.InDoubt},
		{"empty", 200, "", crm.InDoubt},
		{"page in 200", 200, page, crm.InDoubt},
		{"500", 500, `{"code":500,"error":"E","msg":"m"}`, crm.InDoubt},
		{"500 that says 400", 500, `{"code":400,"error":"E","msg":"m"}`, crm.InDoubt},
		{"502 page", 502, page, crm.InDoubt},
		{"503", 503, "", crm.InDoubt},
		{"504", 504, "", crm.InDoubt},
		{"408", 408, "", crm.InDoubt},
		{"418", 418, "", crm.InDoubt},
		{"409", 409, "", crm.InDoubt},
		{"success in 400", 400, success, crm.InDoubt},
		{"code of success in 400", 400, `{"code":200,"error":"null","msg":"m","data":null}`, crm.InDoubt},
		{"code 500 in 400", 400, `{"code":500,"error":"INTERNAL","msg":"m","data":null}`, crm.InDoubt},
		{"inner half of a cut answer", 200, `{"response":` + success, crm.InDoubt},
		{"the same after a byte order mark", 200, "\ufeff" + `{"response":` + success, crm.InDoubt},
		{"after a byte order mark", 200, "\ufeff" + success, created},
		{"a page with a refusal in it", 200, `<html><script>var x = {"code":403,"error":"X","msg":"TOKEN LIMIT EXCEEDED"}`, crm.InDoubt},
		{"several ids", 200, `{"code":200,"error":"null","data":[{"wolkvox_id":"65f0"},{"wolkvox_id":"65f1"}]}`, crm.InDoubt},
		{"longer than any", 200, success + strings.Repeat(" ", 1<<20), crm.InDoubt},
		{"refusal longer than any", 400, `{"code":400,"error":"E","msg":"m"}` + strings.Repeat(" ", 1<<20), crm.InDoubt},
		{"wrong API", 400, `{"code":400,"error":"E","msg":"The API you want to consult does not exist"}`, crm.Misdirected},
		{"404 page", 404, page, crm.Misdirected},
		{"405", 405, "", crm.Misdirected},
		{"required", 400, `{"code":400,"error":"BAD REQUEST","msg":"SOME PARAMETERS ARE REQUIRED"}`, crm.Refused},
		{"404", 404, `{"code":404,"error":"NOT FOUND","msg":"m"}`, crm.Refused},
		{"411", 411, "", crm.Refused}, {"412", 412, "", crm.Refused}, {"413 page", 413, page, crm.Refused}, {"414", 414, "", crm.Refused},
		{"415", 415, "", crm.Refused}, {"416", 416, "", crm.Refused}, {"417", 417, "", crm.Refused}, {"422", 422, "", crm.Refused}, {"431", 431, "", crm.Refused},
		{"simultaneous", 403, `{"code":403,"error":"FORBIDDEN","msg":"Exceeds the limit of simultaneous requests per token (2)"}`, crm.TooMany},
		{"429", 429, "", crm.Again},
		{"quota", 403, `{"code":403,"error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}`, crm.TokenSpent},
		{"validate", 403, `{"code":403,"error":"FORBIDDEN","msg":"PLEASE VALIDATE TOKEN"}`, crm.TokenBad},
		{"unknown 403", 403, page, crm.TokenBad},
		{"limit of an address", 403, `{"code":403,"error":"FORBIDDEN","msg":"Requests per IP exceeded"}`, crm.Again},
		{"limit in words", 403, "rate limit of your address", crm.Again},
		{"IP as a word", 403, `{"code":403,"error":"FORBIDDEN","msg":"TRY LATER FROM THIS IP"}`, crm.Again},
		{"IP within a word", 403, `{"code":403,"error":"FORBIDDEN","msg":"NO SUBSCRIPTION"}`, crm.TokenBad},
		{"page about something else", 403, "<html><style>p{max-lines:limit}</style><h1>Blocked</h1>", crm.TokenBad},
		{"page of a 404 as XML", 404, `<?xml version="1.0"?><!DOCTYPE html><html>404</html>`, crm.Misdirected},
		{"401", 401, `{"code":401,"error":"UNAUTHORIZED","msg":"PLEASE ENTER THE WOLKVOX-TOKEN"}`, crm.TokenBad},
		{"301", 301, "", crm.Redirected}, {"302", 302, "", crm.Redirected}, {"303", 303, "", crm.Redirected},
		{"307", 307, "", crm.Misdirected}, {"308", 308, "", crm.Misdirected},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if c.status/100 == 3 {
					w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			got, err := client(t, url, crm.Config{}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
			if c.want == created {
				if err != nil || got.WolkvoxID == "" || got.HTTPStatus != c.status {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if v := class(t, err); v != c.want {
				t.Errorf("%v, wanted %v: %v", v, c.want, err)
			}
			if e := new(crm.Error); errors.As(err, &e) && (e.Message == "" || e.Reason == "" || e.Hint == "" || e.HTTPStatus != c.status) {
				t.Errorf("incomplete: %+v", e)
			}
		})
	}
}

func TestTheCRMsWordsReachTheError(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		io.WriteString(w, `{"code":"404","error":"NOT FOUND","msg":"THE CONTACT DOES NOT EXIST"}`)
	})
	_, err := client(t, url, crm.Config{}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	var e *crm.Error
	if !errors.As(err, &e) || e.Code != "404" || e.Reason != "NOT FOUND" || e.Message != "THE CONTACT DOES NOT EXIST" {
		t.Errorf("%+v", e)
	}
}

func TestRequestIsWhatTheAPIWants(t *testing.T) {
	var header http.Header
	var path string
	var length int64
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		header, path, length = r.Header, r.Method+" "+r.URL.Path, r.ContentLength
		http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: "1"})
		io.WriteString(w, success)
	})
	c := client(t, url, crm.Config{UserAgent: "test"})
	for range 2 {
		if _, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil)); err != nil {
			t.Fatal(err)
		}
	}
	if path != "POST /server/API/v2/cases/insertAttach.php" || header.Get("Wolkvox-Token") != "secret" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", path, header)
	}
	if header.Get("Cookie") != "" {
		t.Error("a cookie came back: PHP would run one request at a time")
	}
	if want := crm.NewBody([]byte(object), nil).Len(); length != want {
		t.Errorf("Content-Length %d, wanted %d", length, want)
	}
	for name := range header {
		if strings.Contains(strings.ToLower(name), "idempotency") {
			t.Errorf("%s makes net/http send a POST twice", name)
		}
	}
}

func TestRefusedConnectionIsUnsent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = client(t, "http://"+l.Addr().String(), crm.Config{}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	if v := class(t, err); v != crm.Unsent {
		t.Errorf("%v: %v", v, err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("the token shows in the error")
	}
}

func TestTLSFailureIsUnsent(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler()) // its certificate is nobody's
	defer s.Close()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	_, err := client(t, s.URL, crm.Config{}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	if v := class(t, err); v != crm.Unsent {
		t.Errorf("%v: %v", v, err)
	}
}

// reset breaks a connection off without a word.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}

func TestLostAnswerIsInDoubtAndSentOnce(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"before the body": func(w http.ResponseWriter, r *http.Request) { reset(w) },
		"after the body":  func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); reset(w) },
		"in the answer": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "500")
			io.WriteString(w, success[:40])
			http.NewResponseController(w).Flush()
			reset(w)
		},
		"no answer": func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			time.Sleep(300 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, requests := counted(t, handler)
			c := client(t, url, crm.Config{Timeout: 100 * time.Millisecond})
			_, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), files("some", strings.Repeat("x", 1<<20))))
			if v := class(t, err); v != crm.InDoubt {
				t.Errorf("%v: %v", v, err)
			}
			if requests.Load() != 1 {
				t.Errorf("%d requests", requests.Load())
			}
		})
	}
}

func TestConnectionThatDiesWhileIdleIsNotRetriedBehindOurBack(t *testing.T) {
	var conns atomic.Int64
	requests := new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 2 {
			reset(w) // on the connection that served the first
			return
		}
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, success)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := client(t, s.URL, crm.Config{})
	if _, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	if v := class(t, err); v != crm.InDoubt || requests.Load() != 2 || conns.Load() != 1 {
		t.Errorf("%v after %d requests on %d connections: %v", v, requests.Load(), conns.Load(), err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	other, reached := counted(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, success) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/x", status) })
		_, err := client(t, url, crm.Config{}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
		if err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("%d: where it leads is not said: %v", status, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached the other host, token and all", n)
	}
}

func TestStalledUploadIsGivenUp(t *testing.T) {
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) { time.Sleep(500 * time.Millisecond) })
	big := crm.File{Name: "big", Size: 64 << 20, ReadSeekCloser: zeros{}}
	began := time.Now()
	_, err := client(t, url, crm.Config{Stall: 100 * time.Millisecond}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), []crm.File{big}))
	if v := class(t, err); v != crm.InDoubt || !strings.Contains(err.Error(), "stalled") {
		t.Errorf("%v after %v: %v", v, time.Since(began), err)
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error)     { clear(p); return len(p), nil }
func (zeros) Seek(int64, int) (int64, error) { return 0, nil }
func (zeros) Close() error                   { return nil }

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func files(contents ...string) []crm.File {
	var list []crm.File
	for i, c := range contents {
		list = append(list, crm.File{Name: string(rune('a' + i)), Size: int64(len(c)), ReadSeekCloser: memory{bytes.NewReader([]byte(c))}})
	}
	return list
}

func TestBodyCarriesEveryByteOfEveryFile(t *testing.T) {
	for _, contents := range [][]string{{}, {""}, {"a"}, {"ab", "abc", "", "abcd"}, {strings.Repeat("0123456789", 2457) + "x"}, {strings.Repeat("z", 24<<10)}, {strings.Repeat("z", 24<<10+1), strings.Repeat("y", 48<<10-1)}} {
		body := crm.NewBody([]byte(object), files(contents...))
		for range 2 { // a rewound body is the same once more
			text, err := io.ReadAll(struct{ io.Reader }{body})
			if err != nil || int64(len(text)) != body.Len() {
				t.Fatalf("%d bytes, Len says %d, %v", len(text), body.Len(), err)
			}
			var got struct{ Attachments [][]byte }
			if err := json.Unmarshal(text, &got); err != nil || len(got.Attachments) != len(contents) {
				t.Fatalf("%d attachments of %d, %v", len(got.Attachments), len(contents), err)
			}
			for i, c := range contents {
				sum := sha256.Sum256([]byte(c))
				if string(got.Attachments[i]) != c || body.Sums()[i] != hex.EncodeToString(sum[:]) {
					t.Errorf("attachment %d of %d bytes differs", i, len(c))
				}
			}
			if err := body.Rewind(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFileThatShrinksIsNamed(t *testing.T) {
	short := files("abc")
	short[0].Size = 4
	_, err := io.ReadAll(crm.NewBody([]byte(object), short))
	var e *crm.FileError
	if !errors.As(err, &e) || e.Name != "a" {
		t.Errorf("%v", err)
	}
}

func TestServersAreReadAsPeoplePasteThem(t *testing.T) {
	for text, want := range map[string][2]string{
		"crm.wolkvox.com":                    {"https://crm.wolkvox.com", "crm.wolkvox.com"},
		" HTTPS://CRM.wolkvox.com/ ":         {"https://crm.wolkvox.com", "crm.wolkvox.com"},
		"https://https://crm01.wolkvox.com":  {"https://crm01.wolkvox.com", "crm01.wolkvox.com"},
		"https://crm.wolkvox.com/server/API": {"https://crm.wolkvox.com", "crm.wolkvox.com"},
		"sv0000.crmvox.com":                  {"https://sv0000.crmvox.com", "crm0000.wolkvox.com"},
		"https://sv0001.crmvox.com":          {"https://sv0001.crmvox.com", "crm0001.wolkvox.com"},
		"http://127.0.0.1:8080":              {"http://127.0.0.1:8080", "loopback"},
		"127.0.0.1:8080":                     {"http://127.0.0.1:8080", "loopback"},
		"https://localhost":                  {"https://localhost", "loopback"},
		"http://localhost:1":                 {"http://localhost:1", "loopback"},
		"http://[::1]:9":                     {"http://[::1]:9", "loopback"},
		"crm.wolkvox.com:8443":               {"https://crm.wolkvox.com:8443", "crm.wolkvox.com"},
	} {
		s, err := crm.ParseServer(text)
		if err != nil || s.String() != want[0] || s.Identity() != want[1] {
			t.Errorf("%q: %s, %s, %v", text, s, s.Identity(), err)
		}
		if old := strings.Contains(text, "crmvox"); old != (s.Note() != "") {
			t.Errorf("%q: note %q", text, s.Note())
		}
	}
	for _, text := range []string{"", "  ", "http://crm.wolkvox.com", "ftp://x", "https://user:pass@x.com", "https://", "a b", "http://127.0.0.1.evil.com"} {
		if s, err := crm.ParseServer(text); err == nil {
			t.Errorf("%q was taken for %s", text, s)
		}
	}
}

func FuzzOnlyListedAnswersAreSentAgain(f *testing.F) {
	f.Add(200, []byte(success))
	f.Add(403, []byte(`{"code":403,"msg":"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}`))
	f.Add(500, []byte(`{"code":429}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		_, err := crm.Classify(status, http.Header{}, body)
		if err == nil {
			if !bytes.Contains(body, []byte("wolkvox_id")) {
				t.Fatalf("created without an id: %d %s", status, body)
			}
			return
		}
		v := class(t, err)
		upper := strings.ToUpper(string(body))
		listed := status == 429 || strings.Contains(upper, "429") || strings.Contains(upper, `\U`)
		for _, word := range []string{"SIMULTANEOUS REQUESTS", "LIMIT", "EXCEED", "REQUESTS", "IP"} {
			listed = listed || strings.Contains(upper, word)
		}
		if v == crm.Unsent || (v == crm.Again || v == crm.TooMany) && !listed {
			t.Fatalf("%v for %d %s", v, status, body)
		}
	})
}

func TestCancelledInsertIsInDoubt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		time.Sleep(50 * time.Millisecond)
	})
	_, err := client(t, url, crm.Config{}).Insert(ctx, "secret", crm.NewBody([]byte(object), nil))
	if v := class(t, err); v != crm.InDoubt {
		t.Errorf("%v: %v", v, err)
	}
}
