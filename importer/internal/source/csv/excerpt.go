package csv

import (
	"bytes"
	"strings"
)

// Excerpt makes a text fit into a message.
func Excerpt(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// lastRunes is the end of a text, for a message.
func lastRunes(text string) string {
	runes := []rune(text)
	return string(runes[max(0, len(runes)-20):])
}

// firstLine is the first of the lines that b begins with, for a message.
func firstLine(b []byte) string {
	b = b[:min(len(b), 200)]
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}
