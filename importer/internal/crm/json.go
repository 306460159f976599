package crm

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scalar shows a JSON value as text: a string without its quotes, anything else as
// it stands, null and absence as "".
func scalar(raw json.RawMessage) string {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw): // nothing in it stands for something else
		return string(raw[1 : len(raw)-1])
	case json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}

// wholeNumber reads a number that may stand in quotes: inserts answer numbers, and queries texts.
func wholeNumber(raw json.RawMessage) (int, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(scalar(raw)), 64)
	return int(n), err == nil
}
