package yamlfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is one thing wrong in a mapping file.
type Mistake struct {
	File         string
	Line, Column int    // from 1
	Source       string // the line itself
	Message      string
}

// Error shows the mistake as file:line:column, with the line and a caret under it.
func (m Mistake) Error() string {
	if m.Source == "" {
		return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
	}
	number := fmt.Sprintf("%5d | ", m.Line)
	return fmt.Sprintf("%s:%d:%d: %s\n%s%s\n%s%s", m.File, m.Line, m.Column, m.Message,
		number, m.Source, strings.Repeat(" ", len(number)-2)+"| ", caret(m.Source, m.Column))
}

// caret keeps the line's tabs, so that the mark stands under the right character.
func caret(line string, column int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i+1 >= column {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String() + "^"
}

// Mistakes are all mistakes of a mapping file, in its order.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i, mistake := range m {
		texts[i] = mistake.Error()
	}
	return strings.Join(texts, "\n")
}

// Err sorts the mistakes and returns them as an error, or nil if there are none.
func (m Mistakes) Err() error {
	if len(m) == 0 {
		return nil
	}
	sorted := slices.Clone(m)
	slices.SortStableFunc(sorted, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(sorted, func(a, b Mistake) bool { return a == b })
}
