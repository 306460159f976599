package sandbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/sandbox"
)

func TestFirewallBlocksTextsBeforeTheCRM(t *testing.T) {
	r := start(t, sandbox.Config{Firewall: regexp.MustCompile(`(?i)<script|drop table`), Quota: 10})
	for _, change := range []map[string]any{
		{"description": "ver <SCRIPT>"},
		{"form": map[string]any{"Notas": []any{"x; DROP TABLE casos"}}},
		{"form": map[string]any{"<script>": 1}},
	} {
		got := r.insert(ticket(change))
		if got.status != 403 || !strings.HasPrefix(got.raw, "<html>") || got.header.Get("Content-Type") != "text/html" {
			t.Errorf("%v: got %d %s", change, got.status, got.raw)
		}
	}
	if got, _ := r.found("description", "drop table"); got.status != 403 {
		t.Errorf("a question: got %d", got.status)
	}
	r.expect(r.insert(ticket(nil)), 200, "", 1)
	r.expectAnswers(map[string]int{"firewall": 3, "created": 1})
	if used := r.quotaUsed(); used != 2 {
		t.Errorf("what didn't reach the CRM cost something: %d", used)
	}
}

// A body that was made to fill the memory is refused before it has.
func TestHostileBodiesAreRefusedInLittleMemory(t *testing.T) {
	with := func(value string) string {
		return strings.Replace(ticket(nil), `"form":{"Asunto":"Cámara"}`, `"form":`+value, 1)
	}
	const many = 32 << 20
	for name, c := range map[string]struct{ body, msg string }{
		"brackets":         {with(strings.Repeat("[", many)), "LEVELS"},
		"closed brackets":  {with(strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000)), "LEVELS"},
		"braces":           {with(strings.Repeat(`{"a":`, many/5)), "LEVELS"},
		"a long text":      {with(`{"a":"` + strings.Repeat("x", many) + `"}`), "BYTES"},
		"a long number":    {with(`{"a":` + strings.Repeat("1", many) + `}`), "BYTES"},
		"a long name":      {with(`{"` + strings.Repeat("x", many) + `":1}`), "BYTES"},
		"blanks":           {strings.Repeat(" ", many) + ticket(nil), "BYTES"},
		"many values":      {with(`{"a":[` + strings.Repeat("0,", many/2) + `0]}`), "VALUES"},
		"many attachments": {withAttachments(`[` + strings.Repeat(`"",`, many/3) + `""]`), "ATTACHMENTS"},
		"only brackets":    {strings.Repeat("[", many), "LEVELS"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, sandbox.Config{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got := r.insert(c.body)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if got.status != 413 && got.status != 400 || !strings.Contains(got.envelope.Msg, c.msg) {
				t.Errorf("got %d %.200s", got.status, got.raw)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 || took > 10*time.Second {
				t.Errorf("it took %d MB and %v", grown>>20, took)
			}
			r.expect(r.insert(ticket(nil)), 200, "", 1)
		})
	}
}

func TestHostileQuestionIsRefused(t *testing.T) {
	r := start(t, sandbox.Config{})
	for _, body := range []string{strings.Repeat("[", 1_000_000), `{"operation":"demo","field":"idCase","value":"` + strings.Repeat("1", 1<<20) + `"}`} {
		r.expect(r.post(api+"cases/queryCases.php", "t", body), 400, "JSON", 0)
	}
}

func TestFullSandboxRefusesClearly(t *testing.T) {
	for name, c := range map[string]sandbox.Config{"cases": {MaxCases: 2}, "bytes": {MaxKept: 2*int64(len(ticket(nil))) + 10}} {
		t.Run(name, func(t *testing.T) {
			r := start(t, c)
			r.insert(ticket(nil))
			r.expect(r.insert(ticket(nil)), 200, "", 2)
			r.expect(r.insert(ticket(nil)), 413, "THE SANDBOX IS FULL", 2)
			r.expectFound("idCase", "2", "C-2")
			r.expectAnswers(map[string]int{"created": 2, "full": 1})
		})
	}
}

func TestCountsAreBounded(t *testing.T) {
	r := start(t, sandbox.Config{})
	for i := range 300 {
		if _, err := r.do(r.request(http.MethodPost, fmt.Sprintf("/%d", i), "t", "")); err != nil {
			t.Fatal(err)
		}
	}
	s := r.crm.Stats()
	sum := 0
	for _, n := range s.Others {
		sum += n
	}
	if len(s.Others) > 150 || sum != 300 {
		t.Errorf("%d paths are told apart, %d requests counted", len(s.Others), sum)
	}
	r.expect(r.post(insert, strings.Repeat("t", 1000), ticket(nil)), 403, "PLEASE VALIDATE TOKEN", 0)
}
