package mapping

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

// mostReplaced bounds what replacing could make of a text, in bytes.
const mostReplaced = 64 << 20

// replacements reads replace: {'pattern': text, …}, or a list of such entries. They are
// applied in the file's order. Patterns are Go's, which take time in proportion to the
// text, whatever they are.
func (d *decoder) replacements(n yamlfile.Node) (list []replacement) {
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
				d.Mistake(p.At, "the pattern %q can't be used: %s; a character with a meaning of its own, such as . ( ) [ ] \\ $, needs a \\ before it", text.Shorten(p.Key, 60), err)
				continue
			}
			list = append(list, replacement{pattern, to})
		}
	}
	return list
}

// replaceAll fails where the text could grow out of bounds: each of its characters may be
// a match, and $0 in a replacement stands for all of one.
func replaceAll(list []replacement, v string) (string, bool) {
	for _, r := range list {
		if len(v)*(2*len(r.to)+1) > mostReplaced {
			return "", false
		}
		v = r.pattern.ReplaceAllString(v, r.to)
	}
	return v, true
}

func buildReplace(d *decoder, n yamlfile.Node, f *field) step {
	list := d.replacements(n)
	return func(v string) (string, *Problem) {
		to, ok := replaceAll(list, v)
		if !ok {
			return "", &Problem{Field: f.name, Error: "too_long", Message: fmt.Sprintf("%s: the text has %d MB, too much for replace", f.name, len(v)>>20), Hint: "shorten the text"}
		}
		return to, nil
	}
}
