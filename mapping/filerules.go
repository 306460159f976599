package mapping

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"wolkvox-import/mapping/internal/files"
	"wolkvox-import/mapping/internal/row"
	"wolkvox-import/mapping/internal/steps"
	"wolkvox-import/mapping/internal/yamlfile"
)

// fileRules are the mapping's section `attachments`.
type fileRules struct {
	at         yamlfile.Position
	root       string
	files      []fileRule
	maxSize    map[string]int64 // of a file, in bytes, by type such as pdf; * is the rest
	maxTotal   int64            // of a case's files, in bytes; 0 is no limit
	maxFiles   int              // of a case; 0 is no limit
	types      map[string]bool  // that are sent; nil is all
	leaveOut   bool             // what is missing, empty or too large doesn't hold the row up
	named      bool             // the description lists the files
	ignoreCase bool             // of the names of files
}

// fileRule says where names come from: a column, split into several by a text, or a
// pattern of names.
type fileRule struct {
	column, split string
	replace       steps.Replacements
	glob          *row.Template
	at            yamlfile.Position
}

var attachmentKeys = []string{"root", "files", "max_size", "max_total", "max_files", "types", "unusable",
	"names_in_description", "ignore_case"}

func (d *decoder) fileRules(p yamlfile.Pair) *fileRules {
	rules := &fileRules{at: p.At}
	for _, e := range d.Pairs(p.Value, "attachments") {
		switch e.Key {
		case "root":
			rules.root, _, _ = d.Text(e.Value, "root")
		case "files":
			for _, n := range d.List(e.Value) {
				rules.files = append(rules.files, d.fileRule(n, e.At))
			}
		case "max_size":
			rules.maxSize = d.sizes(e.Value)
		case "max_total":
			rules.maxTotal = d.size(e.Value, "max_total")
		case "max_files":
			rules.maxFiles = d.Count(e.Value, "max_files")
		case "types":
			rules.types = d.fileTypes(e.Value)
		case "unusable":
			rules.leaveOut = d.unusable(e.Value)
		case "names_in_description":
			rules.named = d.Flag(e.Value, e.Key)
		case "ignore_case":
			rules.ignoreCase = d.Flag(e.Value, e.Key)
		default:
			d.Unknown(e, "attachments", attachmentKeys)
		}
	}
	if len(rules.files) == 0 {
		d.Mistake(p.At, "attachments has no `files:`; write files: [{column: …}]")
	}
	return rules
}

// fileRule reads one source of names. A column is split and replaced; a pattern needs neither.
func (d *decoder) fileRule(n yamlfile.Node, at yamlfile.Position) fileRule {
	rule := fileRule{at: at}
	for _, e := range d.Pairs(n, "an entry of files") {
		switch e.Key {
		case "column":
			rule.column, rule.at, _ = d.Text(e.Value, "column")
		case "split":
			rule.split, _, _ = d.Text(e.Value, "split")
		case "replace":
			rule.replace = steps.ReadReplacements(d.Reader, e.Value)
		case "glob":
			if text, at, ok := d.Text(e.Value, "glob"); ok {
				rule.glob, rule.at = row.NewTemplate(d.Reader, text, at), at
			}
		default:
			d.Unknown(e, "an entry of files", []string{"column", "split", "replace", "glob"})
		}
	}
	switch {
	case rule.column == "" && rule.glob == nil:
		d.Mistake(rule.at, "an entry of files needs a column or a glob")
	case rule.column != "" && rule.glob != nil:
		d.Mistake(rule.at, "an entry of files has both column and glob; make two entries")
	case rule.glob != nil && (rule.split != "" || rule.replace != nil):
		d.Mistake(rule.at, "split and replace are for an entry with a column")
	case rule.glob != nil:
		d.checkGlob(rule.glob)
	}
	return rule
}

func (d *decoder) unusable(n yamlfile.Node) (leaveOut bool) {
	text, at, ok := d.Text(n, "unusable")
	if ok && text != "reject" && text != "leave_out" {
		d.Mistake(at, "unusable is reject, or leave_out")
	}
	return text == "leave_out"
}

func (d *decoder) fileTypes(n yamlfile.Node) map[string]bool {
	types := map[string]bool{}
	for _, item := range d.List(n) {
		if text, _, ok := d.Text(item, "a type of files"); ok {
			types[fileType("x."+strings.TrimPrefix(text, "."))] = true
		}
	}
	return types
}

// fileType is the end of a file's name, without the dot, in lower case.
func fileType(name string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
}

var sizePattern = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([KMG]?)(i?)B?$`)

// everyType is the entry of max_size for all types without one of their own.
const everyType = "*"

// sizes reads one size for all types of files, or one for each: {pdf: 20MB, "*": 5MB}.
func (d *decoder) sizes(n yamlfile.Node) map[string]int64 {
	sizes := map[string]int64{}
	switch {
	case yamlfile.IsObject(n):
		for _, e := range d.Pairs(n, "max_size") {
			if e.Key == everyType {
				sizes[everyType] = d.size(e.Value, "max_size")
				continue
			}
			sizes[fileType("x."+strings.TrimPrefix(e.Key, "."))] = d.size(e.Value, "max_size")
		}
	default:
		sizes[everyType] = d.size(n, "max_size")
	}
	return sizes
}

func (d *decoder) size(n yamlfile.Node, what string) int64 {
	text, at, ok := d.Text(n, what)
	if !ok {
		return 0
	}
	size, err := ParseSize(text)
	if err != nil {
		d.Mistake(at, "%s %v", what, err)
	}
	return size
}

// ParseSize reads 20MB (20,000,000 bytes), 20MiB (20 × 1,048,576) or plain bytes.
// humanize.ParseBytes isn't used in its place, because it drops commas: it takes 1,5MB, which is
// one and a half here, for 15 MB. A limit that is misread must be refused instead.
func ParseSize(text string) (bytes int64, err error) {
	m := sizePattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, fmt.Errorf("%q is not a size such as 20MB", text)
	}
	number, _ := strconv.ParseFloat(m[1], 64) // the pattern has only numbers
	unit := 1000.0
	if m[3] != "" {
		unit = 1024
	}
	for range strings.Index("KMG", m[2]) + min(len(m[2]), 1) {
		number *= unit
	}
	if number >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is more than any file has", text)
	}
	return int64(number), nil
}

// checkGlob reports a pattern that can't match, with something in each column's place.
func (d *decoder) checkGlob(t *row.Template) {
	if !files.IsPattern(t.Filled("x")) {
		d.Mistake(t.At(), "the pattern %q can't be used: write it from the attachments' folder on, with /, as "+
			"{{ID}}/**/*.pdf", t)
	}
}

// limit is the limit for a file; 0 is none.
func (r *fileRules) limit(name string) int64 {
	if n, ok := r.maxSize[fileType(name)]; ok {
		return n
	}
	return r.maxSize[everyType]
}
