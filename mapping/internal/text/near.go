package text

import (
	"fmt"
	"strings"
)

// QuoteList quotes the first names, and tells how many more there are.
func QuoteList(names []string, most int) string {
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

// Nearest returns the name with the smallest edit distance, or "" if none is
// near enough to be what was meant.
func Nearest(name string, names []string) string {
	want, best, least := FoldName(name), "", 0
	for _, candidate := range names {
		folded := FoldName(candidate)
		d := Distance(want, folded)
		limit := max(len([]rune(want)), len([]rune(folded)))/3 + 1
		if folded != "" && d <= limit && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best
}

// Distance is Levenshtein's: the fewest insertions, deletions and replacements.
func Distance(a, b string) int {
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
