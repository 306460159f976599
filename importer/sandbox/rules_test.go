package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"wolkvox-import/importer/sandbox"
)

func TestEveryKeyButSolutionIsRequired(t *testing.T) {
	r := start(t, sandbox.Config{})
	for _, key := range []string{"operation", "case-type", "responsible", "owner", "contact", "description", "form", "status", "priority", "attachments"} {
		got := r.insert(ticket(map[string]any{key: nil}))
		r.expect(got, 400, "SOME PARAMETERS ARE REQUIRED", 0)
		if got.envelope.Error != "BAD REQUEST" {
			t.Errorf("error is %q", got.envelope.Error)
		}
	}
	r.expect(r.insert(ticket(map[string]any{"contact": " "})), 400, "SOME PARAMETERS ARE REQUIRED", 0)
	r.expect(r.insert(ticket(map[string]any{"status": 1})), 400, "SOME PARAMETERS ARE REQUIRED", 0)
	r.expect(r.insert(ticket(nil)), 200, "", 1)
}

func TestTokenMustBeThereAndKnown(t *testing.T) {
	r := start(t, sandbox.Config{Tokens: []string{"t", "u"}})
	r.expect(r.post(insert, "", ticket(nil)), 401, "PLEASE ENTER THE WOLKVOX-TOKEN", 0)
	r.expect(r.post(insert, "T", ticket(nil)), 403, "PLEASE VALIDATE TOKEN", 0)
	r.expect(r.post(insert, "u", ticket(nil)), 200, "", 1)
	r.expectAnswers(map[string]int{"token-missing": 1, "token-invalid": 1, "created": 1})
}

func TestTokenBelongsToItsOperation(t *testing.T) {
	r := start(t, sandbox.Config{Operation: "demo"})
	r.expect(r.insert(ticket(map[string]any{"operation": "other"})), 403, "PLEASE VALIDATE TOKEN", 0)
	r.expect(r.insert(ticket(nil)), 200, "", 1)
}

func TestRefusedClientMaySendItsBodyToTheEnd(t *testing.T) {
	const size = 64 << 20 // more than all the buffers on the way take
	r := start(t, sandbox.Config{Tokens: []string{"t"}})
	c, err := net.Dial("tcp", r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nWolkvox-Token: x\r\nContent-Length: %d\r\n\r\n", insert, size)
	if n, err := io.CopyN(c, zeros{}, size); err != nil {
		t.Fatalf("broken off after %d bytes: %v", n, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || response.StatusCode != 403 {
		t.Errorf("got %v, %v", response, err)
	}
}

func TestContentTypeMustBeJSON(t *testing.T) {
	r := start(t, sandbox.Config{})
	request := r.request("POST", insert, "t", ticket(nil))
	request.Header.Set("Content-Type", "text/plain")
	got, err := r.do(request)
	if err != nil {
		t.Fatal(err)
	}
	r.expect(got, 415, "CONTENT TYPE", 0)
}

func TestBusinessRulesRefuse(t *testing.T) {
	r := start(t, sandbox.Config{
		Contacts: []string{"Ana@Example.com"},
		Users:    []string{"ADMIN_@demo", "agent_1@demo"},
		Statuses: []string{"abierto", "cerrado"},
		Closed:   []string{"cerrado"},
	})
	for _, refused := range []struct {
		change map[string]any
		status int
		msg    string
	}{
		{map[string]any{"contact": "bea@example.com"}, 404, "CONTACT"},
		{map[string]any{"responsible": "nobody@demo"}, 404, "USER"},
		{map[string]any{"owner": "admin_@demo"}, 404, "USER"},
		{map[string]any{"status": "Abierto"}, 404, "STATUS"},
		{map[string]any{"status": "cerrado"}, 412, "SOLUTION"},
		{map[string]any{"status": "cerrado", "solution": " "}, 412, "SOLUTION"},
		{map[string]any{"form": []string{}}, 400, "FORM"},
	} {
		r.expect(r.insert(ticket(refused.change)), refused.status, refused.msg, 0)
	}
	r.expect(r.insert(ticket(nil)), 200, "", 1)
	r.expect(r.insert(ticket(map[string]any{"status": "cerrado", "solution": "hecho"})), 200, "", 2)
}
