package crm

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// Found is a case as the CRM shows it. What is there came from the CRM and may have been edited
// since: it proves what a person at the CRM sees, and not what was sent.
type Found struct {
	WolkvoxID   string
	IDPrefijo   string
	Description string
	Fields      map[string]any // all of it, by the names that queries use; numbers are json.Number
}

// readCase reads a case. Servers differ in how they name its members. ok tells whether it shows its
// id and its description: without either nothing can be told by it.
func readCase(data []byte) (f Found, ok bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&f.Fields) != nil {
		return f, false
	}
	described := false
	for name, value := range f.Fields {
		text, isText := value.(string)
		switch plainKey(name) {
		case "wolkvoxid":
			f.WolkvoxID = idOf(value)
		case "idprefijo":
			f.IDPrefijo = strings.TrimSpace(text)
		case "description":
			f.Description, described = text, isText
		}
	}
	if f.WolkvoxID == "" {
		f.WolkvoxID = idOf(f.Fields["_id"])
	}
	return f, f.WolkvoxID != "" && described
}

// idOf reads an id, which may be an object such as {"$oid": "…"}.
func idOf(value any) string {
	if o, is := value.(map[string]any); is && len(o) == 1 {
		for _, value = range o {
		}
	}
	text, _ := value.(string)
	if text = strings.TrimSpace(text); strings.EqualFold(text, "null") {
		return ""
	}
	return text
}

// plainKey is a name without case, blanks and punctuation: wolkvox_id, wolkvox-id and Wolkvox ID are
// one.
func plainKey(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
