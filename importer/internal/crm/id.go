package crm

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// longestID bounds an id, in characters. Real ones have 24.
const longestID = 128

// saneID tells whether a text can be a case's id. A row must not count as created by what a
// script makes of a missing value, by a blank of whatever kind, or by a formula that a
// spreadsheet would run.
func saneID(text string) bool {
	if text == "" || len(text) > longestID || meansNothing(text) {
		return false
	}
	for i, c := range []byte(text) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if c <= ' ' || c >= 0x7f || i == 0 && !letter {
			return false
		}
	}
	return true
}

// meansNothing recognises what stands for no value.
func meansNothing(text string) bool {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	switch text {
	case "", "null", "undefined", "none", "nil", "nan", "false", "true", "0", "[]", "{}":
		return true
	}
	return false
}

// caseID returns the id of a case, which is a text, and "" for all that can't be one.
func caseID(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	if id := strings.TrimSpace(scalar(raw)); saneID(id) {
		return id
	}
	return ""
}

// idInText finds an id wherever it stands: also in half an answer, in one within another, and
// in a text within JSON, where quotes have backslashes. Its groups are what stands before the
// opening quote, the text, and what stands before the closing one; or a value without quotes.
var idInText = regexp.MustCompile(`(?i)"wolkvox[_-]id\\*"\s*:\s*` +
	`(?:(\\*)"([^"\\]*)(\\*"|\\|$)|(\[\s*\]|\{\s*\}|[^\s"\\,}\]]+))`)

// idsInText looks through an answer that doesn't prove a case for what it says of one. named
// tells whether it names any, in whatever form; id is the first that is whole and can be one.
func idsInText(answer []byte) (id string, named bool) {
	for _, match := range idInText.FindAllSubmatch(answer, -1) {
		text := strings.TrimSpace(string(match[2]) + string(match[4]))
		named = named || !meansNothing(text)
		whole := string(match[3]) == string(match[1])+`"`
		if id == "" && whole && saneID(text) {
			id = text
		}
	}
	return id, named
}

// MadeAt is when a case was made, by its id: the CRM's begin with the time, as eight hexadecimal
// digits. ok is false for ids of another form.
func MadeAt(id string) (at time.Time, ok bool) {
	if len(id) != 24 {
		return at, false
	}
	seconds, err := strconv.ParseUint(id[:8], 16, 32)
	return time.Unix(int64(seconds), 0), err == nil
}
