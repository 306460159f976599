package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nasty is what a terminal would obey, and a line that looks like the program's own.
const nasty = "\x1b[31mRED \x1b]0;pwned\x07 \x9b2J \u009b31m \x7f\x08\x00 rtl\u202egnp.exe \u2066x\u2069 a\u200bb\ufeff\r\nwolkvox-import: error: PAY HERE\n12 settled, 0 in doubt"

// harmless fails where a stream has what a terminal obeys, or a line that isn't ours.
func harmless(t *testing.T, what string, stream []byte) {
	t.Helper()
	if !utf8.Valid(stream) {
		t.Errorf("%s: bytes that are no UTF-8: %q", what, stream)
	}
	if i := strings.IndexFunc(string(stream), obeyed); i >= 0 {
		t.Errorf("%s: a terminal obeys %q", what, stream[max(0, i-20):min(len(stream), i+20)])
	}
	for line := range strings.Lines(string(stream)) {
		if strings.HasPrefix(line, "wolkvox-import: error: PAY") || strings.HasPrefix(line, "12 settled") {
			t.Errorf("%s: a line that isn't ours: %s", what, stream)
		}
	}
}

// obeyed tells what a terminal obeys, apart from the program's own rule.
func obeyed(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// hostileCRM answers inserts with texts that do harm, where a terminal obeys them.
func hostileCRM(t *testing.T, answer func(w http.ResponseWriter)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "insertAttach.php"):
			answer(w)
		case strings.HasSuffix(r.URL.Path, "queryCases.php"):
			says(http.StatusBadRequest, nasty, nil)(w)
		default:
			fmt.Fprint(w, `{"code":"200","error":"null","msg":"","data":{"token_limit":100000,"token_use_today":1,"available_consumition_options":99999,"hours_to_restart_count":15}}`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// says is an answer whose texts are made by hand, since encoding/json makes them harmless.
func says(status int, msg string, data any) func(http.ResponseWriter) {
	quote := func(text string) string {
		var b strings.Builder
		for _, c := range []byte(text) {
			switch {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < 0x20:
				fmt.Fprintf(&b, `\u%04x`, c)
			default:
				b.WriteByte(c)
			}
		}
		return `"` + b.String() + `"`
	}
	return func(w http.ResponseWriter) {
		id, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		reason := "E" + msg
		if status == http.StatusOK {
			reason = "null"
		}
		fmt.Fprintf(w, `{"code":%d,"error":%s,"msg":%s,"data":%s}`, status, quote(reason), quote(msg), id)
	}
}

// raw answers byte by byte, as net/http would not.
func raw(head string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", head)
			conn.Close()
		}
	}
}

func TestNothingThatIsSaidIsObeyedByTheTerminal(t *testing.T) {
	t.Setenv("WOLKVOX_TOKEN", "good")
	for name, answer := range map[string]func(http.ResponseWriter){
		"400":     says(400, nasty, nil),
		"404":     says(404, nasty, nil),
		"403":     says(403, "PLEASE VALIDATE TOKEN "+nasty, nil),
		"unknown": says(403, nasty, nil),
		"500":     says(500, nasty, nil),
		"200 of 400": func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"code":400,"error":"x","msg":"\u001b]0;pwned\u0007\u009b2J","data":null}`)
		},
		"302":       raw("302 Found\r\nLocation: http://127.0.0.1:1/\x1b]0;pwned\x07\x9b2J"),
		"id":        says(200, "", map[string]string{"wolkvox_id": "a\x1b[31m\x07\x00\r\nb", "idPrefijo": "\x1b[2J"}),
		"no answer": raw("\x1b[31m\x07"),
	} {
		t.Run(name, func(t *testing.T) {
			server, dir := hostileCRM(t, answer), t.TempDir()
			t.Chdir(dir)
			cell := strings.ReplaceAll(strings.ToValidUTF8(nasty, ""), "\x00", "")
			files := map[string]string{
				"map.yaml": deskMapping,
				"in.csv":   "ID,Correo,Texto,Archivos\n\"" + cell + "\",a@b.co,\"" + cell + "\",\n2,\"" + cell + "\",x,\n3,a@b.co,x,\"" + cell + "\"\n",
			}
			for name, content := range files {
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir("archivos", 0o700); err != nil {
				t.Fatal(err)
			}
			ledger := "migracion.ledger.db"
			for _, args := range [][]string{
				{"check", "in.csv", "-m", "map.yaml"},
				{"check", "in.csv", "-m", "map.yaml", "--json"},
				{"explain", "in.csv", "-m", "map.yaml", "--row", "2"},
				{"explain", "in.csv", "-m", "map.yaml", "--row", "4"},
				{"run", "in.csv", "-m", "map.yaml", "--server", server, "--out", "out", "--verbose", "--timeout", "5s"},
				{"run", "in.csv", "-m", "map.yaml", "--server", server, "--out", "out", "--log-format", "json", "--json", "--timeout", "5s"},
				{"status", "--ledger", ledger},
				{"status", "--ledger", ledger, "--json"},
				{"resolve", "--ledger", ledger, "--list"},
				{"resolve", "--ledger", ledger, "--auto", "--server", server, "--margin", "0s"},
				{"report", "--ledger", ledger, "--out", "again"},
				{"resolve", "--ledger", ledger, nasty, "--absent"},
				{"run", nasty, "-m", "map.yaml", "--server", server},
				{nasty},
			} {
				var out, talk bytes.Buffer
				execute(context.Background(), args, &out, &talk)
				what := strings.Join(args, " ")
				harmless(t, fmt.Sprintf("%.20q, stdout", what), out.Bytes())
				harmless(t, fmt.Sprintf("%.20q, stderr", what), talk.Bytes())
				if strings.Contains(what, "--json") && out.Len() > 0 && !json.Valid(out.Bytes()) {
					t.Errorf("%s: no JSON any more: %s", what, &out)
				}
			}
			for _, name := range []string{"summary.json", "results.csv"} {
				content, err := os.ReadFile(filepath.Join("out", name))
				if err != nil || bytes.ContainsAny(content, "\x1b\x07\u009b\x7f") {
					t.Errorf("%s: %v: %q", name, err, content)
				}
			}
		})
	}
}
