package mapping

import (
	"fmt"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Header finds the columns of an input by name. Names are compared after trimming,
// Unicode NFC and case folding.
type Header struct {
	names []string
	index map[string][]int
}

// NewHeader indexes the cells of a header row.
func NewHeader(names []string) *Header {
	h := &Header{names: names, index: make(map[string][]int, len(names))}
	for i, name := range names {
		if folded := Fold(name); folded != "" {
			h.index[folded] = append(h.index[folded], i)
		}
	}
	return h
}

// Fold brings a column's name to the form in which names are compared.
func Fold(name string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(name)))
}

// Find returns the number of the column, from 0. The error names the nearest column
// where there is none, and the columns where there are several.
func (h *Header) Find(name string) (int, error) {
	found := h.index[Fold(name)]
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, fmt.Errorf("the column %q occurs %d times in the header (columns %s); rename all but one", name, len(found), columnList(found))
	}
	if near := nearest(name, h.names); near != "" {
		return 0, fmt.Errorf("there is no column %q; the nearest is %q", name, near)
	}
	return 0, fmt.Errorf("there is no column %q; the header has %s", name, quoteList(h.names, 12))
}

func columnList(numbers []int) string {
	letters := make([]string, len(numbers))
	for i, n := range numbers {
		letters[i] = columnLetters(n)
	}
	return strings.Join(letters, ", ")
}

// columnLetters names a column as spreadsheets do: 0 is A, 26 is AA.
func columnLetters(n int) string {
	var letters []byte
	for n++; n > 0; n = (n - 1) / 26 {
		letters = append([]byte{byte('A' + (n-1)%26)}, letters...)
	}
	return string(letters)
}

func quoteList(names []string, most int) string {
	var quoted []string
	for i, name := range names {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("… (%d more)", len(names)-most))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}

// nearest returns the name with the smallest edit distance, or "" where none is
// near enough to be what was meant.
func nearest(name string, names []string) string {
	want, best, least := Fold(name), "", 0
	for _, candidate := range names {
		folded := Fold(candidate)
		d := distance(want, folded)
		limit := max(len([]rune(want)), len([]rune(folded)))/3 + 1
		if folded != "" && d <= limit && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: the fewest insertions, deletions and replacements.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(to)]
}
