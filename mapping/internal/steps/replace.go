package steps

import (
	"fmt"
	"regexp"

	"wolkvox-import/mapping/internal/text"
	"wolkvox-import/mapping/internal/yamlfile"
)

// replacement is one entry of `replace`.
type replacement struct {
	pattern *regexp.Regexp
	to      string
}

// Replacements are the entries of `replace`, in their order.
type Replacements []replacement

// mostReplaced bounds what replacing could make of a text, in bytes.
const mostReplaced = 64 << 20

// ReadReplacements reads replace: {'pattern': text, …}, or a list of such entries. They are
// applied in the file's order. Patterns are Go's, which take time in proportion to the
// text, whatever they are.
func ReadReplacements(d *Reader, n yamlfile.Node) (list Replacements) {
	for _, item := range d.List(n) {
		for _, p := range d.Pairs(item, "replace") {
			to, _, ok := d.Text(p.Value, "a replacement")
			if !ok {
				continue
			}
			if len(p.Key) > 1000 {
				d.Mistake(p.At, "a pattern has at most 1000 characters")
				continue
			}
			pattern, err := regexp.Compile(p.Key)
			if err != nil {
				d.Mistake(p.At, "the pattern %q can't be used: %s; a character with a meaning of its own, such as . ( "+
					") [ ] \\ $, needs a \\ before it", text.Shorten(p.Key, 60), err)
				continue
			}
			list = append(list, replacement{pattern, to})
		}
	}
	return list
}

// Apply fails if the text could grow out of bounds: each of its characters may be
// a match, and $0 in a replacement stands for all of one.
func (list Replacements) Apply(v string) (string, bool) {
	for _, r := range list {
		if len(v)*(2*len(r.to)+1) > mostReplaced {
			return "", false
		}
		v = r.pattern.ReplaceAllString(v, r.to)
	}
	return v, true
}

// buildReplace refuses a text that is too long rather than to cut it: half of a replacement
// would be sent as if it were all.
func buildReplace(d *Reader, n yamlfile.Node, c *Chain) Step {
	list := ReadReplacements(d, n)
	return func(v string) (string, *Refusal) {
		to, ok := list.Apply(v)
		if !ok {
			return "", &Refusal{Word: "too_long", Message: fmt.Sprintf("the text has %d MB, too much for replace",
				len(v)>>20), Hint: "shorten the text"}
		}
		return to, nil
	}
}
