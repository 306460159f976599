package tty

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
)

func TestTalkIsALineWithTheProgramsName(t *testing.T) {
	for want, say := range map[string]func(*slog.Logger){
		"wolkvox-import: ready\n":                        func(l *slog.Logger) { l.Info("ready") },
		"wolkvox-import: warning: slow (after: 3)\n":     func(l *slog.Logger) { l.Warn("slow", "after", 3) },
		"wolkvox-import: error: gone\n":                  func(l *slog.Logger) { l.Error("gone") },
		"wolkvox-import: two (a: 1, b: x\\ny)\n":         func(l *slog.Logger) { l.With("a", 1).Info("two", "b", "x\ny") },
		"wolkvox-import: a\\nline of another's (k: v)\n": func(l *slog.Logger) { l.Info("a\nline of another's", "k", "v") },
		"wolkvox-import: apart (a: 1, b: 2)\n":           func(l *slog.Logger) { l.With("a", 1).With("b", 2).Info("apart") },
		"wolkvox-import: groups are flat (b: 2)\n":       func(l *slog.Logger) { l.WithGroup("g").Info("groups are flat", "b", 2) },
		"": func(l *slog.Logger) { l.Debug("too much") },
	} {
		var stderr bytes.Buffer
		say(New(io.Discard, &stderr).Logger(slog.LevelInfo, false))
		if stderr.String() != want {
			t.Errorf("got %q, want %q", &stderr, want)
		}
	}
}

// Two loggers that come from one don't share what they say.
func TestLoggersOfOneDoNotShareAttributes(t *testing.T) {
	var stderr bytes.Buffer
	one := New(io.Discard, &stderr).Logger(slog.LevelInfo, false).With("a", 1)
	left, right := one.With("b", 2), one.With("c", 3)
	left.Info("left")
	right.Info("right")
	if want := "wolkvox-import: left (a: 1, b: 2)\nwolkvox-import: right (a: 1, c: 3)\n"; stderr.String() != want {
		t.Errorf("got %q", &stderr)
	}
}

func TestLogForProgramsIsJSON(t *testing.T) {
	var stderr bytes.Buffer
	New(io.Discard, &stderr).Logger(slog.LevelWarn, true).Warn("a\x1b[31m", "k", "v")
	var line map[string]any
	if err := json.Unmarshal(stderr.Bytes(), &line); err != nil || line["msg"] != "a\x1b[31m" || line["k"] != "v" {
		t.Errorf("%v: %s", err, &stderr)
	}
	harmless(t, "a log", stderr.Bytes())
}

// Further lines of an error are indented, but for those that name a place in a mapping.
func TestErrorOfSeveralLines(t *testing.T) {
	var stderr bytes.Buffer
	New(io.Discard, &stderr).Failed(errors.New("two mistakes\nm.yaml:3:5: here\nmore of it\n  indented"))
	want := "wolkvox-import: error: two mistakes\nm.yaml:3:5: here\n  more of it\n  indented\n"
	if stderr.String() != want {
		t.Errorf("got %q, want %q", &stderr, want)
	}
}

func TestResultGoesToItsOwnStream(t *testing.T) {
	var stdout, stderr bytes.Buffer
	c := New(&stdout, &stderr)
	if err := c.JSON(map[string]string{"a": "<&>"}); err != nil {
		t.Fatal(err)
	}
	if stdout.String() != "{\n  \"a\": \"<&>\"\n}\n" || stderr.Len() > 0 {
		t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
	}
}
