package spreadsheet_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wolkvox-import/importer/internal/source/spreadsheet"
)

// texts makes texts of the characters that Fold treats apart, the same ones in each run.
func texts(n int) []string {
	const letters = "0001259.,-+ aBÑ\u00a0"
	r := rand.New(rand.NewPCG(1, 2))
	alphabet, list := []rune(letters), make([]string, n)
	for i := range list {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteRune(alphabet[r.IntN(len(alphabet))])
		}
		list[i] = b.String()
	}
	return list
}

// A file may go through a spreadsheet any number of times: the second time changes nothing more.
// Texts with several points or commas, as 1.0.0, are no numbers to a spreadsheet and not meant here.
func TestFoldOfAFoldedTextIsThatText(t *testing.T) {
	for _, text := range texts(20000) {
		if strings.Count(text, ".")+strings.Count(text, ",") > 1 {
			continue
		}
		once := spreadsheet.Fold(text)
		if twice := spreadsheet.Fold(once); twice != once {
			t.Fatalf("%q is %q, and that is %q", text, once, twice)
		}
	}
}

// However many zeros an old system has put in front of a ticket's number, it is the same ticket.
func TestFoldTakesAwayAnyNumberOfZeros(t *testing.T) {
	for _, n := range []int{0, 1, 7, 10, 100, 126, 1005, 20260101} {
		number := fmt.Sprint(n)
		for zeros := range 12 {
			padded := strings.Repeat("0", zeros) + number
			if got := spreadsheet.Fold(padded); got != number {
				t.Errorf("%q is %q", padded, got)
			}
			if got := spreadsheet.Fold("T-" + padded); got != "t-"+number {
				t.Errorf("%q is %q", "T-"+padded, got)
			}
		}
	}
}

// Two numbers are two tickets: no zero that counts is taken away.
func TestFoldKeepsNumbersApart(t *testing.T) {
	seen := map[string]int{}
	for n := range 3000 {
		folded := spreadsheet.Fold(fmt.Sprintf("A-%05d", n))
		if other, is := seen[folded]; is {
			t.Fatalf("%d and %d are both %q", n, other, folded)
		}
		seen[folded] = n
	}
}

// A cell that is as it was has not changed, and an empty one tells nothing.
func TestNothingChangesIntoItself(t *testing.T) {
	for _, text := range texts(2000) {
		if spreadsheet.Changed(text, text) || spreadsheet.Changed(text, " ") || spreadsheet.Changed(" ", text) {
			t.Fatalf("%q has changed", text)
		}
	}
}
