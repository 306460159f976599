package canary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// aliases are the names under which queries may show a field that an insert calls
// otherwise, without case and punctuation. What the CRM really uses is not documented.
var aliases = map[string][]string{
	"case-type":   {"typecase", "type"},
	"contact":     {"emailcontact", "contactemail"},
	"responsible": {"emailresponsible", "responsibleemail"},
	"owner":       {"emailowner", "owneremail"},
}

// differences compares a case as it was sent with the CRM's view of it: fields that
// differ, each as a sentence, and those that aren't shown at all. The operation and the
// attachments are left out: they are no fields of a case. Both lists are in the order of names, the form's fields last.
func differences(sent []byte, shown map[string]any) (differs, missing []string) {
	var fields map[string]any
	// Numbers stay as they were written: 1.50 is not 1.5 to a person.
	d := json.NewDecoder(bytes.NewReader(sent))
	d.UseNumber()
	if d.Decode(&fields) != nil {
		return nil, nil
	}
	form, _ := fields["form"].(map[string]any)
	shownForm, _ := shown["form"].(map[string]any)
	delete(fields, "form")
	delete(fields, "operation")
	delete(fields, "attachments")
	for _, name := range sorted(fields) {
		value, ok := shownAs(shown, name)
		differs, missing = differ(differs, missing, name, fields[name], value, ok)
	}
	for _, name := range sorted(form) {
		// A form's fields may be shown beside the others, since some servers put all on one level.
		value, ok := shownAs(shownForm, name)
		if !ok {
			value, ok = shownAs(shown, name)
		}
		differs, missing = differ(differs, missing, "form: "+name, form[name], value, ok)
	}
	return differs, missing
}

// sorted are the names of fields in their order, so that two runs say the same.
func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shownAs finds a field by its name, or by one that queries have for it.
func shownAs(shown map[string]any, name string) (any, bool) {
	if v, ok := shown[name]; ok {
		return v, true
	}
	names := append([]string{plainName(name)}, aliases[name]...)
	for _, other := range sorted(shown) {
		if slices.Contains(names, plainName(other)) {
			return shown[other], true
		}
	}
	return nil, false
}

// plainName is a name as aliases have it.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// differ appends one field to the list that it belongs to, if it does to any.
func differ(differs, missing []string, name string, sent, shown any, ok bool) ([]string, []string) {
	switch {
	case !ok:
		return differs, append(missing, name)
	case same(sent, shown):
		return differs, missing
	}
	said := fmt.Sprintf("%s did not arrive as sent: sent %s, the CRM shows %s", name, brief(sent), brief(shown))
	return append(differs, said), missing
}

// same compares values as people would. An object that the CRM shows for a text is the
// text's if any of its values is.
func same(sent, shown any) bool {
	if object, ok := shown.(map[string]any); ok {
		if _, wasObject := sent.(map[string]any); !wasObject {
			for _, v := range object {
				if same(sent, v) {
					return true
				}
			}
			return false
		}
	}
	return text(sent) == text(shown)
}

// text is a value without what transport may change: line ends and outer white space.
func text(v any) string {
	if s, ok := v.(string); ok {
		return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	}
	out, err := json.Marshal(v) // with the keys of objects in order
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}

// brief shows enough of a value to see what became of it.
func brief(v any) string {
	const most = 60
	s := text(v)
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", s)
}
