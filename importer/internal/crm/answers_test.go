package crm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/crm"
)

const id = "65f0a1b2c3d4e5f601234567"

// failed is what an insert comes to that is answered so.
func failed(t *testing.T, handler http.HandlerFunc, c crm.Config) *crm.Error {
	t.Helper()
	url, requests := counted(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		handler(w, r)
	})
	_, err := client(t, url, c).Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
	e := new(crm.Error)
	if !errors.As(err, &e) || requests.Load() != 1 {
		t.Fatalf("%v after %d requests", err, requests.Load())
	}
	return e
}

// A case may exist wherever an answer names one, whatever else it says.
func TestRefusalThatNamesACaseIsInDoubt(t *testing.T) {
	named := func(code, message string) string {
		return fmt.Sprintf(`{"code":%s,"error":"E","msg":%q,"data":{"wolkvox_id":"%s"}}`, code, message, id)
	}
	for _, c := range []struct {
		status int
		body   string
		want   crm.Class
	}{
		{200, named("400", "m"), crm.InDoubt},
		{200, named(`"404"`, "m"), crm.InDoubt},
		{200, named("429", "m"), crm.InDoubt},
		{200, named("307", "m"), crm.InDoubt},
		{200, named("0", "m"), crm.InDoubt},
		{200, named("403", "TOKEN LIMIT EXCEEDED"), crm.InDoubt},
		{403, named("403", "TOKEN LIMIT EXCEEDED"), crm.InDoubt},
		{403, named("403", "SIMULTANEOUS REQUESTS"), crm.InDoubt},
		{401, named("401", "m"), crm.InDoubt},
		{400, named("400", "THE API YOU WANT TO CONSULT DOES NOT EXIST"), crm.InDoubt},
		{404, named("404", "m"), crm.InDoubt},
		{429, named("429", "m"), crm.InDoubt},
		{429, named("200", "m"), crm.InDoubt},
		{302, named("302", "m"), crm.Redirected},
		{307, named("307", "m"), crm.Redirected},
		{404, "<!DOCTYPE html><html>" + named("404", "m"), crm.InDoubt},
		{400, `{"code":400,"msg":"m","data":[{"wolkvox_id":"` + id + `"},{"wolkvox_id":"1"}]}`, crm.InDoubt},
		{400, `{"code":400,"msg":"m","case":{"wolkvox-id" : "` + id + `"}}`, crm.InDoubt},
		{400, fmt.Sprintf(`{"code":400,"msg":%q}`, named("200", "")), crm.InDoubt},
	} {
		e := failed(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}, crm.Config{})
		if e.Class != c.want || e.WolkvoxID != id {
			t.Errorf("%d %s: %v, %q", c.status, c.body, e.Class, e.WolkvoxID)
		}
	}
	for _, value := range []string{`null`, `""`, `" "`, `"null"`, `false`, `[]`, `0`} { // no case is named
		e := failed(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"code":400,"error":"E","msg":"m","data":{"wolkvox_id":`+value+`}}`)
		}, crm.Config{})
		if e.Class != crm.Refused {
			t.Errorf("%s: %v", value, e.Class)
		}
	}
}

func TestIDIsAShortTextWithoutBlanks(t *testing.T) {
	long := strings.Repeat("a", 129)
	for _, no := range []string{"", " ", "\u00a0", "\u200b", "\u3164", "\u2800", "undefined", "NULL", "None", "false", "true", "0", "a b", "a\u00a0b", "a\u200bb",
		"a\x1b[31mb", "a\x00b", "a\nb", long, "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "'x", `["65f0"]`, `{"$oid":"65f0"}`} {
		text, err := json.Marshal(no)
		if err != nil {
			t.Fatal(err)
		}
		e := failed(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(success, `"`+id+`"`, string(text), 1))
		}, crm.Config{})
		if e.Class != crm.InDoubt || e.WolkvoxID != "" {
			t.Errorf("%q: %v, %q", no, e.Class, e.WolkvoxID)
		}
	}
	for _, yes := range []string{id, "65f0", "CASO-0001", "1", "a/b:c.d_e#1", long[:128]} {
		created, err := crm.Classify(200, http.Header{}, []byte(strings.Replace(success, id, yes, 1)))
		if err != nil || created.WolkvoxID != yes {
			t.Errorf("%q: %v, %v", yes, created, err)
		}
	}
}

// What is left of an answer may still name the case to look for.
func TestDamagedAnswerKeepsTheIDAsEvidence(t *testing.T) {
	cutAt := func(status, n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, success[:n])
			_ = http.NewResponseController(w).Flush()
			reset(w)
		}
	}
	says := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, text) }
	}
	at := strings.Index(success, id)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   crm.Class
		id     string
	}{
		"cut behind the id":          {cutAt(200, at+len(id)+5), crm.InDoubt, id},
		"cut before the id":          {cutAt(200, at-3), crm.InDoubt, ""},
		"refusal that is cut":        {cutAt(400, 10), crm.InDoubt, ""},
		"throttled, cut":             {cutAt(429, 10), crm.Again, ""},
		"throttled, with a case":     {cutAt(429, at+len(id)+5), crm.InDoubt, id},
		"text behind":                {says(success + "<br />warning"), crm.InDoubt, id},
		"too short":                  {says(success[:len(success)-4]), crm.InDoubt, id},
		"twice":                      {says(success + success), crm.InDoubt, id},
		"within another":             {says(`{"response":` + success + `}`), crm.InDoubt, id},
		"error beside success":       {says(strings.Replace(success, `"null"`, `"E"`, 1)), crm.InDoubt, id},
		"a number":                   {says(strings.Replace(success, `"`+id+`"`, "65", 1)), crm.InDoubt, ""},
		"none":                       {says(`{"hello":1}`), crm.InDoubt, ""},
		"one that is not like an id": {says(strings.Replace(success, id, "=1+1", 1)), crm.InDoubt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if e := failed(t, c.answer, crm.Config{}); e.Class != c.want || e.WolkvoxID != c.id {
				t.Errorf("%v, %q: %v", e.Class, e.WolkvoxID, e)
			}
		})
	}
}

// raw is a server that answers each request of a connection by writing.
func raw(t *testing.T, answer func(c net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buffer := make([]byte, 64<<10)
				if _, err := c.Read(buffer); err == nil {
					answer(c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// forever writes until nobody reads any more.
func forever(c net.Conn, text string, every time.Duration) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(every)
	}
}

func TestAnswersOfAnyKindEndInTime(t *testing.T) {
	for name, answer := range map[string]func(c net.Conn){
		"another protocol": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		},
		"another protocol that speaks": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			forever(c, " ", time.Millisecond)
		},
		"1xx without end": func(c net.Conn) { forever(c, "HTTP/1.1 102 Processing\r\n\r\n", time.Millisecond) },
		"byte by byte":    func(c net.Conn) { forever(c, "H", 10*time.Millisecond) },
		"headers by headers": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, "X: y\r\n", time.Millisecond)
		},
		"a body without end": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			forever(c, " ", time.Millisecond)
		},
		"a body without end, fast": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			forever(c, strings.Repeat(" ", 64<<10), 0)
		},
		"headers without end, fast": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, "X: "+strings.Repeat("y", 4<<10)+"\r\n", 0)
		},
		"silence": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			crmClient := client(t, raw(t, answer), crm.Config{Timeout: 300 * time.Millisecond})
			_, err := crmClient.Insert(t.Context(), "secret", crm.NewBody([]byte(object), nil))
			if took := time.Since(began); class(t, err) != crm.InDoubt || took > 3*time.Second {
				t.Errorf("after %v: %v", took, err)
			}
			began = time.Now()
			_, err = crmClient.Query(t.Context(), "secret", "op", crm.ByID, "1")
			if took := time.Since(began); err == nil || took > 5*time.Second {
				t.Errorf("a question, after %v: %v", took, err)
			}
		})
	}
}

// An upload may stand still for less time than an answer is waited for, or for more.
func TestAnswerIsWaitedForByItsOwnTime(t *testing.T) {
	late := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(400 * time.Millisecond)
		_, _ = io.WriteString(w, success)
	}
	for _, c := range []struct {
		timeout, stall time.Duration
		created        bool
	}{{10 * time.Second, 100 * time.Millisecond, true}, {100 * time.Millisecond, 10 * time.Second, false}} {
		url, _ := counted(t, late)
		_, err := client(t, url, crm.Config{Timeout: c.timeout, Stall: c.stall}).Insert(t.Context(), "secret", crm.NewBody([]byte(object), files("abc")))
		if (err == nil) != c.created {
			t.Errorf("%v for an answer, %v for a pause of an upload: %v", c.timeout, c.stall, err)
		}
	}
}
