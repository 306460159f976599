package crm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// listing is the answer to a query: records, and why there may be more than these ("" if the answer
// says that these are all).
//
// Pages are what absence is proven against. A case that is on the second page, of which the first
// says nothing, would be sent again. So an answer has to say how many there are, or be empty, and
// nothing in it may hint at more.
type listing struct {
	records []json.RawMessage
	partial string
}

// readList reads data, and looks in the whole answer for what it says of pages. Data is a list, or
// one record, or an object with a list among its members, or nothing.
func readList(body []byte, data json.RawMessage) (listing, bool) {
	said := members(body)
	records, inner, ok := recordsOf(data)
	if !ok {
		return listing{}, false
	}
	delete(said, "data") // inner is what it says
	l := listing{records: records, partial: partialByKeys(inner, len(records))}
	if l.partial == "" {
		l.partial = partialByKeys(said, len(records))
	}
	if l.partial == "" {
		l.partial = partialByCount(scalar(said["msg"]), len(records))
	}
	return l, true
}

// recordsOf finds the records. beside is what an object says beside its list. An object with two
// lists is not understood, since it isn't known which of them has the records.
func recordsOf(data json.RawMessage) (records []json.RawMessage, beside map[string]json.RawMessage, ok bool) {
	switch data := bytes.TrimSpace(data); {
	case len(data) == 0, string(data) == "null", string(data) == `""`, string(data) == "{}":
		return nil, nil, true
	case data[0] == '[':
		return records, nil, json.Unmarshal(data, &records) == nil
	case data[0] != '{' || json.Unmarshal(data, &beside) != nil:
		return nil, nil, false
	}
	if f, _ := readCase(data); f.WolkvoxID != "" {
		return []json.RawMessage{data}, nil, true
	}
	found := 0
	for name, value := range beside {
		if value = bytes.TrimSpace(value); len(value) > 0 && value[0] == '[' && json.Unmarshal(value, &records) == nil {
			found++
			delete(beside, name)
		}
	}
	if found == 0 && isZero(beside) {
		return nil, beside, true // such as {"total":0}
	}
	return records, beside, found == 1
}

// isZero tells whether an object says that there is nothing, by a total of 0.
func isZero(o map[string]json.RawMessage) bool {
	for name, value := range o {
		if n, ok := wholeNumber(value); ok && totals[plainKey(name)] {
			return n == 0
		}
	}
	return false
}

// The keys by which answers speak of pages, without case and punctuation. The vendor's own are not
// documented for these queries, so the usual ones are known.
var (
	totals = keys("total totalrecords recordstotal totalcount count totalrows rows records found recordsfound " +
		"numrecords")
	pages = keys("page currentpage pagenumber pages totalpages pagecount lastpage numpages")
	nexts = keys("next nextpage nextlink nexturl cursor nextcursor hasmore hasnext more")
	sizes = keys("perpage pagesize limit size")
)

// keys is a set of words, without case and punctuation.
func keys(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// partialByKeys is what the keys of an answer with n records say of more, at whatever depth; "" if
// nothing. Which of several reasons is said doesn't matter.
func partialByKeys(o map[string]json.RawMessage, n int) string {
	for name, value := range o {
		var deeper map[string]json.RawMessage
		if json.Unmarshal(value, &deeper) == nil {
			if why := partialByKeys(deeper, n); why != "" {
				return why
			}
		}
		key := plainKey(name)
		number, isNumber := wholeNumber(value)
		text := strings.ToLower(strings.TrimSpace(scalar(value)))
		switch {
		case totals[key] && isNumber && number != n:
			return fmt.Sprintf("it shows %d, and its %q is %d", n, name, number)
		case pages[key] && isNumber && number > 1:
			return fmt.Sprintf("it is a page: its %q is %d", name, number)
		case nexts[key] && text != "" && text != "false" && text != "0" && text != "[]" && text != "{}":
			return fmt.Sprintf("it is a page: it has %q", name)
		case sizes[key] && isNumber && number > 0 && number <= n || (key == "offset" || key == "skip") && number > 0:
			return fmt.Sprintf("it may be a page: its %q is %d", name, number)
		}
	}
	return ""
}

var howMany = regexp.MustCompile(`(\d+)\s+(?i:records?)\b`)

// partialByCount compares the N of "N records were are found" with the number shown. An answer
// with records that names no number may be a page.
func partialByCount(msg string, n int) string {
	said := howMany.FindStringSubmatch(msg)
	switch {
	case said == nil && n == 0:
		return ""
	case said == nil:
		return "it doesn't say how many there are"
	case said[1] != fmt.Sprint(n):
		return fmt.Sprintf("it shows %d, and says %q", n, said[0])
	}
	return ""
}

// members are the answer's own, also behind PHP warnings.
func members(body []byte) (o map[string]json.RawMessage) {
	for rest := body; ; rest = rest[1:] {
		at := bytes.IndexByte(rest, '{')
		if at < 0 {
			return nil
		}
		if rest = rest[at:]; json.Unmarshal(rest, &o) == nil {
			return o
		}
	}
}
