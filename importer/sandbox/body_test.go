package sandbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"wolkvox-import/importer/sandbox"
)

// withAttachments is a case whose attachments stand in the JSON as they are given.
func withAttachments(literal string) string {
	return strings.Replace(ticket(nil), `"attachments":[]`, `"attachments":`+literal, 1)
}

func hashed(contents ...string) []sandbox.Attachment {
	list := []sandbox.Attachment{}
	for _, content := range contents {
		sum := sha256.Sum256([]byte(content))
		list = append(list, sandbox.Attachment{Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])})
	}
	return list
}

func TestAttachmentsAreHashedInOrder(t *testing.T) {
	long := strings.Repeat("0123456789\xff", 10_000)
	for literal, want := range map[string][]sandbox.Attachment{
		`[]`:                                  hashed(),
		`[ "aG9sYQ==" , "YWRpb3M=" ]`:         hashed("hola", "adios"),
		`[""]`:                                hashed(""),
		`["\/\/\/\/"]`:                        hashed("\xff\xff\xff"),
		`["\u002b+\u002B+"]`:                  hashed("\xfb\xef\xbe"),
		`["YQ\u003d="]`:                       hashed("a"),
		`["aG9s"],"attachments":["YWRpb3M="]`: hashed("adios"),
		`["aG9s"],"\u0061ttachments":[""]`:    hashed(""),
		`["` + base64.StdEncoding.EncodeToString([]byte(long)) + `"]`: hashed(long),
	} {
		r := start(t, sandbox.Config{})
		r.expect(r.insert(withAttachments(literal)), 200, "", 1)
		if got := r.crm.Cases(); len(got) == 1 && !slices.Equal(got[0].Attachments, want) {
			t.Errorf("%.60s: got %v, want %v", literal, got[0].Attachments, want)
		}
	}
}

func TestAttachmentsMustBeBase64(t *testing.T) {
	r := start(t, sandbox.Config{})
	for _, literal := range []string{
		`["aG9sYQ"]`, `["aG9sYQ="]`, `["aG9s\nYWRp"]`, `["aG9s\u000aYWRp"]`, "[\"aG9s\nYWRp\"]", `["__--"]`,
		`["YQ==YQ=="]`, `["YQ==", "ñ"]`, `["YWR\"p"]`, `["YWRp\u20ac"]`, `["YQ=\/"]`,
		`"aG9sYQ=="`, `{"0":"aG9sYQ=="}`, `[1]`, `["aG9s",null]`, `[["aG9s"]]`, `null`,
	} {
		r.expect(r.insert(withAttachments(literal)), 400, "BASE64", 0)
	}
}

func TestOnlyTheCasesOwnAttachmentsAreTakenOut(t *testing.T) {
	r := start(t, sandbox.Config{})
	form := map[string]any{"attachments": []any{"no base64"}, "a]}": "[{\"\\", "\"attachments\":[": "]"}
	r.insert(ticket(map[string]any{"form": form, "description": "attachments", "z": []any{"attachments", "x"}}))
	k := r.crm.Cases()[0]
	if got := fmt.Sprint(k.Fields["form"]); got != fmt.Sprint(form) || len(k.Attachments) != 0 {
		t.Errorf("kept %v and %v", got, k.Attachments)
	}
}

func TestBodyMustBeOneJSONObject(t *testing.T) {
	r := start(t, sandbox.Config{})
	whole := withAttachments(`["aG9s"]`)
	bodies := []string{"", "[]", "null", whole + "x", whole + whole, "\xef\xbb\xbf" + whole}
	for i := range whole {
		bodies = append(bodies, whole[:i])
	}
	for _, body := range bodies {
		r.expect(r.insert(body), 400, "JSON", 0)
	}
	r.expectAnswers(map[string]int{"not-json": len(bodies)})
}

func TestBodyOverTheLimitIsTooLarge(t *testing.T) {
	body := withAttachments(`["` + strings.Repeat("A", 1000) + `"]`)
	r := start(t, sandbox.Config{MaxBody: int64(len(body))})
	r.expect(r.insert(body), 200, "", 1)
	r.expect(r.insert(body+" "), 413, "TOO LARGE", 1)
}

func TestBrokenOffBodyCreatesNothing(t *testing.T) {
	r := start(t, sandbox.Config{})
	c, err := net.Dial("tcp", r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body := ticket(nil)
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nWolkvox-Token: t\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", insert, len(body)+1, body)
	c.Close()
	eventually(t, "the request is counted out", func() bool { return r.crm.Stats().Answers["body-cut"] == 1 })
	if s := r.crm.Stats(); s.Requests != 1 || s.Created != 0 {
		t.Errorf("counted %+v", s)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestLargeAttachmentIsNotHeldInMemory(t *testing.T) {
	const size = 24 << 20
	r := start(t, sandbox.Config{})
	head, tail, _ := strings.Cut(withAttachments(`["|"]`), "|")
	request := r.request(http.MethodPost, insert, "t", "")
	request.Body = io.NopCloser(io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size/3*4), strings.NewReader(tail)))
	request.ContentLength = int64(len(head)+len(tail)) + size/3*4
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := r.do(request); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := r.crm.Cases()[0].Attachments[0].Size; got != size {
		t.Errorf("the size is %d, want %d", got, size)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > size/4 {
		t.Errorf("%d bytes were allocated for an attachment of %d", allocated, size)
	}
}

// FuzzBody holds the streaming decoder against the plain one.
func FuzzBody(f *testing.F) {
	for _, literal := range []string{`["aG9sYQ==","\/\/\/\/"]`, `["YQ==YQ=="]`, `[[""]]`, `[],"attachments":["x"]`, `["\u002b\n"]`} {
		f.Add([]byte(withAttachments(literal)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		crm := sandbox.New(sandbox.Config{})
		request := httptest.NewRequest(http.MethodPost, insert, bytes.NewReader(body))
		request.Header.Set("Wolkvox-Token", "t")
		request.Header.Set("Content-Type", "application/json")
		crm.ServeHTTP(httptest.NewRecorder(), request)
		var got []sandbox.Attachment
		for _, k := range crm.Cases() {
			got = k.Attachments
		}
		if want := plainly(body); !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	})
}

// plainly decodes a body in one piece. It returns nil where no case may be created.
func plainly(body []byte) []sandbox.Attachment {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	for _, key := range []string{"operation", "case-type", "responsible", "owner", "contact", "description", "status", "priority"} {
		if text, _ := fields[key].(string); strings.TrimSpace(text) == "" {
			return nil
		}
	}
	_, isForm := fields["form"].(map[string]any)
	list, isList := fields["attachments"].([]any)
	if !isForm || !isList {
		return nil
	}
	contents := []string{}
	for _, entry := range list {
		text, isText := entry.(string)
		content, err := base64.StdEncoding.DecodeString(text)
		if !isText || err != nil || strings.ContainsAny(text, "\r\n") {
			return nil
		}
		contents = append(contents, string(content))
	}
	return hashed(contents...)
}
