package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFoldMakesSpellingsOfOneWordEqual(t *testing.T) {
	for s, want := range map[string]string{
		"":                     "",
		"  ":                   "",
		"Petición":             "peticion",
		" PETICIÓN ":           "peticion",
		"Peticio\u0301n":       "peticion",
		"ÑANDÚ":                "nandu",
		"n\u0303andu\u0301":    "nandu",
		"São Paulo":            "sao paulo",
		"Straße":               "strasse",
		"\u00a0x\u00a0":        "x",
		"Ação / Reclamação":    "acao / reclamacao",
		"TICKET#":              "ticket#",
		"ΣΊΣΥΦΟΣ":              "σισυφοσ",
		"dos  blancos":         "dos  blancos",
		"a\tb":                 "a\tb",
		"İ":                    "i",
		"\ufeffcon marca":      "\ufeffcon marca",
		"Nº":                   "nº",
		"CAFE\u0301 con LECHE": "cafe con leche",
	} {
		if got := Fold(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestFoldNameKeepsAccents(t *testing.T) {
	for s, want := range map[string]string{
		"":               "",
		" Asunto ":       "asunto",
		"ASUNTO":         "asunto",
		"Año":            "año",
		"Ano":            "ano",
		"An\u0303o":      "año",
		"Solución":       "solución",
		"Solucio\u0301n": "solución",
		"Straße":         "strasse",
		"ID  Ticket":     "id  ticket",
	} {
		if got := FoldName(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestKeyIsTrimmedAndComposedAndNothingElse(t *testing.T) {
	for s, want := range map[string]string{
		"":              "",
		" T-1 ":         "T-1",
		"T-1\n":         "T-1",
		"t-1":           "t-1",
		"T  1":          "T  1",
		"Cafe\u0301":    "Café",
		"007":           "007",
		"\u00a0T\u00a0": "T",
	} {
		if got := Key(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

// A text that was folded once is in the form in which texts are compared, so folding it again,
// or another spelling of it, changes nothing.
func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	letters := rapid.StringOf(rapid.RuneFrom([]rune("abcÁéíÓÚñÑçãõüß XYZ-_.0123456789\u0301\u0303\u00a0")))
	rapid.Check(t, func(t *rapid.T) {
		s := letters.Draw(t, "s")
		for name, fold := range map[string]func(string) string{"Fold": Fold, "FoldName": FoldName, "Key": Key} {
			once := fold(s)
			if twice := fold(once); twice != once {
				t.Fatalf("%s: %q became %q and then %q", name, s, once, twice)
			}
		}
		if a, b := Fold(s), Fold("  "+strings.ToUpper(s)+" "); a != b {
			t.Fatalf("%q folds to %q in upper case, and to %q", s, b, a)
		}
	})
}
