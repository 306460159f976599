// Package say has the small pieces of sentences that messages to people are made of. All texts of
// the program are English, so it knows no other language's plurals.
//
//	3, "row" ──Several──► 3 rows        a b ──Quoted──► "a b"
package say

import (
	"fmt"
	"strconv"
	"strings"
)

// Several is a number with its noun: 1 row, 2 rows. The noun's plural must end in s.
func Several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Quoted puts each text into quotes, with control characters escaped: cells are strangers' texts,
// and must not move the terminal's cursor.
func Quoted(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = strconv.Quote(text)
	}
	return list
}

// Valid is a text as reports and ledgers can hold it: cells and answers may have bytes that are no
// UTF-8.
func Valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }
