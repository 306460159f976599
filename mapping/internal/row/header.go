package row

import (
	"fmt"
	"strings"

	"wolkvox-import/mapping/internal/text"
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
		if folded := text.FoldName(name); folded != "" {
			h.index[folded] = append(h.index[folded], i)
		}
	}
	return h
}

// Find returns the number of the column, from 0. The error names the nearest column
// if there is none, and the columns if there are several.
func (h *Header) Find(name string) (int, error) {
	found := h.index[text.FoldName(name)]
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, fmt.Errorf("the column %q occurs %d times in the header (columns %s); rename all but one", name,
			len(found), columnList(found))
	}
	if near := text.Nearest(name, h.names); near != "" {
		return 0, fmt.Errorf("there is no column %q; the nearest is %q", name, near)
	}
	return 0, fmt.Errorf("there is no column %q; the header has %s", name, text.QuoteList(h.names, 12))
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
