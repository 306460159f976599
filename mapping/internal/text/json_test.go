package text

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAppendStringWritesWhatIsReadableAndEscapesTheRest(t *testing.T) {
	for s, want := range map[string]string{
		"":                  `""`,
		"ñandú 😀":           `"ñandú 😀"`,
		"<a href='x'>&</a>": `"<a href='x'>&</a>"`,
		`say "hi" \o/`:      `"say \"hi\" \\o/"`,
		"a\r\n\tb":          `"a\r\n\tb"`,
		"\x00\x1f\x7f":      "\"\\u0000\\u001f\x7f\"",
		"\u2028":            "\"\u2028\"",
	} {
		if got := string(AppendString(nil, s)); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
	if got := string(AppendString([]byte("x:"), "y")); got != `x:"y"` {
		t.Errorf("what stood before is gone: %s", got)
	}
}

// Whatever is written as a JSON string is read back as it was; escaped in two pieces it is
// what it is in one.
func TestAppendedStringsAreReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		var got string
		if err := json.Unmarshal(AppendString(nil, a), &got); err != nil || got != a {
			t.Fatalf("%q became %q (%v)", a, got, err)
		}
		pieces := AppendEscaped(AppendEscaped([]byte{'"'}, a), b)
		if whole := strings.TrimSuffix(string(AppendString(nil, a+b)), `"`); string(pieces) != whole {
			t.Fatalf("%s is not %s", pieces, whole)
		}
	})
}
