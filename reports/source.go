package reports

import (
	"slices"
	"strings"
)

// RejectColumns are what rejects.csv has besides the columns of the source.
var RejectColumns = []string{"import_key", "import_status", "import_error", "import_hint"}

// The Errors of rows whose key is what has to be mended: import_key would win over that, and is
// left blank for them.
const (
	RepeatedKey = "repeated_key" // it is that of another row
	SimilarKey  = "similar_key"  // it may be that of another row
	KeyInUse    = "key_in_use"   // it is that of another mapping's row
)

// rejects are the rows to be mended. keyless leaves import_key blank for all of them.
func rejects(header []string, keyless bool) view {
	return annotated("rejects", header, RejectColumns, func(o *Outcome) []string {
		if o.Status != Rejected && o.Status != Invalid {
			return nil
		}
		key := o.Key
		if keyless || slices.Contains([]string{RepeatedKey, SimilarKey, KeyInUse}, o.Error) {
			key = ""
		}
		return []string{key, string(o.Status), o.explain(), o.Hint}
	})
}

func changed(header []string) view {
	return annotated("changed", header, []string{"wolkvox_id"}, func(o *Outcome) []string {
		if !o.Changed {
			return nil
		}
		return []string{o.WolkvoxID}
	})
}

// annotated shows the source rows that there are notes on, and the notes in columns of their
// own. Those replace columns of the source with the same names, as a rejects file has them
// that is imported again.
func annotated(name string, header, extra []string, notes func(*Outcome) []string) view {
	var kept []int
	v := view{name: name}
	for i, h := range header {
		if !slices.ContainsFunc(extra, func(e string) bool { return strings.EqualFold(strings.TrimSpace(h), e) }) {
			kept = append(kept, i)
			v.header = append(v.header, h)
		}
	}
	v.header = append(v.header, extra...)
	v.add = func(l *Line, to encoder) error {
		said := notes(&l.Outcome)
		if said == nil {
			return nil
		}
		return to.row(annotate(l.Cells, kept, len(header), said))
	}
	return v
}

// annotate puts the notes behind the kept ones of the cells that belong to a header of that
// width. A short row doesn't pull them to the left; what a long one has beyond its header
// comes after them, so that nothing is lost and nothing shifts.
func annotate(source []string, kept []int, width int, notes []string) []cell {
	var cells []cell
	for _, i := range kept {
		if i < len(source) {
			cells = append(cells, text(source[i]))
		} else {
			cells = append(cells, text(""))
		}
	}
	for _, s := range slices.Concat(notes, source[min(width, len(source)):]) {
		cells = append(cells, text(s))
	}
	return cells
}

// explain is the failure in one text, never an empty one.
func (o *Outcome) explain() string {
	why := reason(o.Code, o.Error)
	switch {
	case why == "" && o.Message == "":
		return string(o.Status)
	case why == "":
		return o.Message
	case o.Message == "" || o.Message == o.Error:
		return why
	}
	return why + ": " + o.Message
}

// reason names a kind of failure: the code, the word, or both.
func reason(code, word string) string {
	return strings.TrimSpace(code + " " + word)
}
