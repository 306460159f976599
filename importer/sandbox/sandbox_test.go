package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

const (
	api    = "/server/API/v2/"
	insert = api + "cases/insertAttach.php"
)

// rig is a CRM behind a real connection.
type rig struct {
	t   *testing.T
	crm *sandbox.CRM
	*httptest.Server
}

func start(t *testing.T, c sandbox.Config) *rig {
	t.Helper()
	crm := sandbox.New(c)
	server := httptest.NewServer(crm)
	t.Cleanup(server.Close)
	server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &rig{t, crm, server}
}

// reply is an answer as a client sees it. The envelope is empty where the body isn't
// JSON.
type reply struct {
	status   int
	header   http.Header
	raw      string
	envelope struct {
		Code  any
		Error string
		Msg   string
		Data  json.RawMessage
	}
}

func (r *rig) request(method, path, token, body string) *http.Request {
	r.t.Helper()
	request, err := http.NewRequest(method, r.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Wolkvox-Token", token)
	return request
}

func (r *rig) do(request *http.Request) (reply, error) {
	response, err := r.Client().Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	got := reply{status: response.StatusCode, header: response.Header, raw: string(raw)}
	json.Unmarshal(raw, &got.envelope)
	return got, err
}

// post sends a body that must be answered.
func (r *rig) post(path, token, body string) reply {
	r.t.Helper()
	got, err := r.do(r.request(http.MethodPost, path, token, body))
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// insert posts a case as token "t".
func (r *rig) insert(body string) reply {
	r.t.Helper()
	return r.post(insert, "t", body)
}

// expect checks what a request came to: an answer by its status and msg, the number
// of cases, and that each request was counted under the name of its answer.
func (r *rig) expect(got reply, status int, msg string, created int) {
	r.t.Helper()
	if got.status != status || !strings.Contains(got.envelope.Msg, msg) {
		r.t.Errorf("got %d %s, want %d %q", got.status, got.raw, status, msg)
	}
	if n := len(r.crm.Cases()); n != created {
		r.t.Errorf("%d cases are there, want %d", n, created)
	}
}

func (r *rig) expectAnswers(want map[string]int) {
	r.t.Helper()
	if got := r.crm.Stats().Answers; !maps.Equal(got, want) {
		r.t.Errorf("answers are %v, want %v", got, want)
	}
}

// eventually waits for what another goroutine is to bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// ticket is a well-formed case; change replaces or, by nil, removes some of its keys.
func ticket(change map[string]any) string {
	fields := map[string]any{
		"operation": "demo", "case-type": "Request", "responsible": "ADMIN_@demo", "owner": "agent_1@demo",
		"contact": "ana@example.com", "description": "No enciende\n[ref:17]", "form": map[string]any{"Asunto": "Cámara"},
		"status": "abierto", "priority": "alta", "attachments": []any{},
	}
	for key, value := range change {
		if fields[key] = value; value == nil {
			delete(fields, key)
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestCaseIsCreatedAndKept(t *testing.T) {
	r := start(t, sandbox.Config{})
	got := r.insert(ticket(map[string]any{"attachments": []string{"aG9sYQ=="}, "form": map[string]any{"Total": 12345678901234567890.0}}))
	want := regexp.MustCompile(`^\{"code":200,"error":"null","msg":"Succesfully create record","data":\{"idPrefijo":"C-1","wolkvox_id":"([0-9a-f]{24})"\}\}$`)
	match := want.FindStringSubmatch(got.raw)
	if got.status != 200 || match == nil {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	k := r.crm.Cases()[0]
	if k.ID != match[1] || k.Prefix != "C-1" || k.Token != sandbox.TokenID("t") || time.Since(k.At) > time.Minute {
		t.Errorf("kept %+v, answered id %s", k, match[1])
	}
	if k.Fields["description"] != "No enciende\n[ref:17]" || k.Fields["attachments"] != nil {
		t.Errorf("kept fields %v", k.Fields)
	}
	if total := k.Fields["form"].(map[string]any)["Total"]; total != json.Number("12345678901234567000") {
		t.Errorf("the number became %v", total)
	}
	hola := sandbox.Attachment{Size: 4, SHA256: "b221d9dbb083a7f33428d7c2a3c3198ae925614d70210e28716ccaa7cd4ddb79"}
	if !slices.Equal(k.Attachments, []sandbox.Attachment{hola}) {
		t.Errorf("kept attachments %v", k.Attachments)
	}
}

func TestCasesAreNumberedInOrder(t *testing.T) {
	r := start(t, sandbox.Config{Prefix: "CASO"})
	for range 3 {
		r.insert(ticket(nil))
	}
	cases := r.crm.Cases()
	if cases[0].Prefix != "CASO-1" || cases[2].Prefix != "CASO-3" || cases[0].ID >= cases[1].ID || cases[1].ID >= cases[2].ID {
		t.Errorf("got %v", cases)
	}
}

func TestCodeIsAStringWhereAsked(t *testing.T) {
	r := start(t, sandbox.Config{Faults: sandbox.Faults{StringCode: true}})
	if code := r.insert(ticket(nil)).envelope.Code; code != "200" {
		t.Errorf("code of success is %#v", code)
	}
	if code := r.insert("{}").envelope.Code; code != "400" {
		t.Errorf("code of failure is %#v", code)
	}
}

func TestUnknownPathsDoNotExist(t *testing.T) {
	r := start(t, sandbox.Config{})
	for _, path := range []string{"/", "/server/API/v2/cases/insert.php", "/" + insert} {
		r.expect(r.post(path, "t", ticket(nil)), 400, "THE API YOU WANT TO CONSULT DOES NOT EXIST", 0)
	}
	if s := r.crm.Stats(); s.Requests != 0 || s.Others["/"] != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestInsertTakesOnlyPost(t *testing.T) {
	r := start(t, sandbox.Config{})
	got, err := r.do(r.request(http.MethodPut, insert, "t", ticket(nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.expect(got, 405, "METHOD NOT ALLOWED", 0)
	r.expectAnswers(map[string]int{"wrong-method": 1})
}

func TestRedirectLeadsAwayAndCreatesNothing(t *testing.T) {
	for status, want := range map[int]int{0: 307, 302: 302} {
		r := start(t, sandbox.Config{Faults: sandbox.Faults{RedirectTo: "https://other.example/x", RedirectStatus: status}})
		got := r.insert(ticket(nil))
		r.expect(got, want, "", 0)
		if to := got.header.Get("Location"); to != "https://other.example/x" {
			t.Errorf("Location is %q", to)
		}
		r.expect(r.post(api+"cases/queryCases.php", "t", "{}"), want, "", 0)
		r.expectAnswers(map[string]int{"redirected": 1})
	}
}

func TestLogHasALinePerCaseAndNoAttachmentBytes(t *testing.T) {
	var log bytes.Buffer
	r := start(t, sandbox.Config{Log: &log})
	r.insert(ticket(map[string]any{"attachments": []string{"aG9sYQ=="}}))
	r.insert("{}")
	r.insert(ticket(nil))
	lines := strings.SplitAfter(strings.TrimSuffix(log.String(), "\n"), "\n")
	if len(lines) != 2 || strings.Contains(log.String(), "aG9sYQ") {
		t.Fatalf("logged %s", log.String())
	}
	for i, k := range r.crm.Cases() {
		var logged sandbox.Case
		if err := json.Unmarshal([]byte(lines[i]), &logged); err != nil {
			t.Fatal(err)
		}
		if logged.ID != k.ID || logged.Fields["contact"] != "ana@example.com" || !slices.Equal(logged.Attachments, k.Attachments) {
			t.Errorf("logged %s, kept %+v", lines[i], k)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestCaseThatCannotBeLoggedIsNotCreated(t *testing.T) {
	r := start(t, sandbox.Config{Log: fullDisk{}})
	r.expect(r.insert(ticket(nil)), 500, "LOG", 0)
}

func TestOwnPathsTellWhatArrivedAndAreNotCounted(t *testing.T) {
	r := start(t, sandbox.Config{Tokens: []string{"t"}, Quota: 2})
	r.insert(ticket(map[string]any{"attachments": []string{"aG9sYQ=="}}))
	r.insert(ticket(nil))
	get := func(path string) string {
		got, err := r.do(r.request(http.MethodGet, path, "", ""))
		if err != nil || got.status != 200 {
			t.Fatal(got, err)
		}
		return got.raw
	}
	lines := strings.Split(strings.TrimSpace(get("/sandbox/cases")), "\n")
	var first sandbox.Case
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 2 {
		t.Fatal(lines, err)
	}
	if k := r.crm.Cases()[0]; first.ID != k.ID || !slices.Equal(first.Attachments, k.Attachments) {
		t.Errorf("got %+v, kept %+v", first, k)
	}
	var stats sandbox.Stats
	if err := json.Unmarshal([]byte(get("/sandbox/stats")), &stats); err != nil {
		t.Fatal(err)
	}
	if stats.Requests != 2 || stats.Created != 2 || stats.Answers["created"] != 2 || stats.PeakInFlight != 1 || len(stats.Others) != 0 {
		t.Errorf("got %+v", stats)
	}
}
