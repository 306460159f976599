package tty

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
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

func TestJSONStaysWhatItIsWhenItIsEscaped(t *testing.T) {
	for _, text := range []string{"a\u009bb", "rtl\u202e", "tag \U000e0041", "\x7f", "ñ 😀 日本", "a\u2028b"} {
		var out bytes.Buffer
		c := New(&out, io.Discard)
		if err := c.JSON(text); err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != text {
			t.Errorf("%q became %s, %v", text, &out, err)
		}
		harmless(t, text, out.Bytes())
	}
}

func TestWhatIsHarmlessIsLeftAlone(t *testing.T) {
	const text = "año 2026\tñandú «x» 😀 日本語 ✗ →\n"
	if got := escape(text); got != text {
		t.Errorf("%q became %q", text, got)
	}
}

func TestQuestionsAndLogsStayOneLine(t *testing.T) {
	var terminal bytes.Buffer
	c := New(io.Discard, &terminal)
	c.ask(nasty)
	c.answered()
	harmless(t, "a question", terminal.Bytes())
	terminal.Reset()
	c.Logger(slog.LevelInfo, false).With("who", nasty).Warn(nasty, "key", nasty, slog.Group("g", "x", nasty))
	harmless(t, "a log", terminal.Bytes())
	if n := strings.Count(terminal.String(), "\n"); n != 1 {
		t.Errorf("%d lines: %s", n, &terminal)
	}
	terminal.Reset()
	c.Failed(errors.Join(errors.New("first: "+nasty), errors.New("second")))
	harmless(t, "an error", terminal.Bytes())
	if !strings.Contains(terminal.String(), "\n  second\n") {
		t.Errorf("the second of two errors has lost its line: %s", &terminal)
	}
}
