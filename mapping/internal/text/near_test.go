package text

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNearestIsWhatWasMeant(t *testing.T) {
	names := []string{"Asunto", "Correo", "Teléfono", "Número de caso", ""}
	for name, want := range map[string]string{
		"Asunto":         "Asunto",
		"asunto":         "Asunto",
		"Asnto":          "Asunto",
		"Asuntos":        "Asunto",
		"Coreo":          "Correo",
		"Telefono":       "Teléfono",
		"Numero de caso": "Número de caso",
		"Número caso":    "Número de caso",
		"Ciudad":         "",
		"zzzzzz":         "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("among no names %q was found", got)
	}
	if got := Nearest("ab", []string{"abd", "ab"}); got != "ab" {
		t.Errorf("%q is nearer than the same", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"abc", "xabc", 1},
		{"ñandú", "nandu", 2},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// Distance is a metric: 0 to itself alone, the same in both directions, and never longer than
// by way of another text.
func TestDistanceIsAMetric(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abñ")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		if (Distance(a, b) == 0) != (a == b) || Distance(a, b) != Distance(b, a) {
			t.Fatalf("%q %q: %d and %d", a, b, Distance(a, b), Distance(b, a))
		}
		if Distance(a, c) > Distance(a, b)+Distance(b, c) {
			t.Fatalf("%q to %q is longer than by %q", a, c, b)
		}
	})
}

func TestQuoteListNamesSomeAndCountsTheRest(t *testing.T) {
	for _, c := range []struct {
		names []string
		most  int
		want  string
	}{
		{nil, 3, ""},
		{[]string{"a"}, 3, `"a"`},
		{[]string{"a", "b", "c"}, 3, `"a", "b", "c"`},
		{[]string{"a", "b", "c", "d", "e"}, 3, `"a", "b", "c", … (2 more)`},
		{[]string{"a\nb", `"`}, 3, `"a\nb", "\""`},
	} {
		if got := QuoteList(c.names, c.most); got != c.want {
			t.Errorf("%v: got %s, want %s", c.names, got, c.want)
		}
	}
}

func TestShortenCutsAfterCharactersAndNotBytes(t *testing.T) {
	for _, c := range []struct {
		s    string
		most int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"ñññ", 3, "ñññ"},
		{"ññññ", 3, "ñññ…"},
		{"😀😀", 1, "😀…"},
	} {
		if got := Shorten(c.s, c.most); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.s, c.most, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, most := rapid.String().Draw(t, "s"), rapid.IntRange(0, 20).Draw(t, "most")
		got := Shorten(s, most)
		if n := utf8.RuneCountInString(got); n > most+1 || !strings.HasPrefix(s, strings.TrimSuffix(got, "…")) {
			t.Fatalf("%q to %d became %q", s, most, got)
		}
	})
}

func TestBlank(t *testing.T) {
	for s, want := range map[string]bool{"": true, " ": true, "\t\r\n": true, "\u00a0": true, "x": false, " 0 ": false, "-": false} {
		if Blank(s) != want {
			t.Errorf("%q: got %v", s, !want)
		}
	}
}

func TestReasonHasNoPathInIt(t *testing.T) {
	_, err := os.Open("no/such/file")
	for _, e := range []error{err, fmt.Errorf("x: %w", err)} {
		if got := Reason(e); !errors.Is(got, fs.ErrNotExist) || strings.Contains(got.Error(), "such/file") {
			t.Errorf("%v became %v", e, got)
		}
	}
	other := errors.New("other")
	if Reason(other) != other {
		t.Error("an error without a path is another now")
	}
}
