package say_test

import (
	"slices"
	"testing"

	"wolkvox-import/importer/internal/say"
)

func TestOnlyOneIsSingular(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows", 1000: "1000 rows"} {
		if got := say.Several(n, "row"); got != want {
			t.Errorf("%q, wanted %q", got, want)
		}
	}
}

func TestQuotedTextsCannotMoveTheCursor(t *testing.T) {
	got := say.Quoted([]string{"a", `b"`, "\x1b[2J", "ñ"})
	if want := []string{`"a"`, `"b\""`, `"\x1b[2J"`, `"ñ"`}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
