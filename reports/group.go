package reports

import (
	"cmp"
	"slices"
)

// Group is the failures of one kind.
type Group struct {
	Status   Status    `json:"status"`
	Error    string    `json:"error"`
	Code     string    `json:"code"`
	Count    int       `json:"count"`
	Examples []Example `json:"examples"` // the first ones
}

// Example is one row of a group.
type Example struct {
	File    string `json:"file,omitempty"`
	Row     int    `json:"row"`
	Key     string `json:"key"`
	Message string `json:"message"`
}

// Others is the error of the group, one a status, that takes the failures for which there
// is no group left: errors are texts of the CRM, and there may be as many as rows.
const Others = "(others)"

const (
	maxGroups   = 200
	maxExamples = 3
)

// failed reports whether the outcome belongs to a group. A row that was passed over does
// where an error says why.
func (o *Outcome) failed() bool {
	switch o.Status {
	case Created:
		return false
	case Skipped, NotAttempted:
		return o.Error != ""
	}
	return true
}

// merge adds the group to the one of its kind.
func (s *Summary) merge(g Group) {
	at := slices.IndexFunc(s.ByError, g.like)
	if at < 0 && len(s.ByError) >= maxGroups {
		g.Error, g.Code = Others, ""
		at = slices.IndexFunc(s.ByError, g.like)
	}
	if at < 0 {
		g.Examples = slices.Clone(g.Examples)
		s.ByError = append(s.ByError, g)
		return
	}
	known := &s.ByError[at]
	known.Count += g.Count
	room := maxExamples - len(known.Examples)
	known.Examples = append(known.Examples, g.Examples[:min(room, len(g.Examples))]...)
}

func (g Group) like(h Group) bool {
	return g.Status == h.Status && g.Error == h.Error && g.Code == h.Code
}

// largest gives the groups, the largest first.
func (s Summary) largest() []Group {
	return slices.SortedStableFunc(slices.Values(s.ByError), func(a, b Group) int {
		return cmp.Compare(b.Count, a.Count)
	})
}
