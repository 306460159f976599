package survey

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/mapping"
)

// mostNeeds bounds what is remembered of needs, all kinds together.
const mostNeeds = 1_000_000

// Collector collects a Survey while rows go by. It is for one goroutine at a time.
type Collector struct {
	findings findings
	totals   Totals
	needs    map[Need]int // with Rows 0
	full     bool
	values   map[string]map[string]int // field, value
	dates    []map[string]*mapping.DateColumn
}

// New makes a collector that has seen no row.
func New() *Collector {
	return &Collector{needs: map[Need]int{}, values: map[string]map[string]int{}}
}

// Begin follows an input, before its first case is made: from then on its program notes the dates that
// it reads, and which files and lines it uses.
func (s *Collector) Begin(in *intake.Input) {
	s.dates = append(s.dates, in.Program().Dates())
	in.Program().Watch()
}

// Found notes a problem of a row that keeps it from nothing.
func (s *Collector) Found(input, row int, p mapping.Problem) { s.findings.add(input, row, p) }

// Invalid notes what keeps a row from being sent.
func (s *Collector) Invalid(input, row int, problems []mapping.Problem) {
	for _, p := range problems {
		s.findings.add(input, row, p)
		s.addMissing(p)
	}
}

// Ready counts a row that can be sent. Contacts are compared without capitals, as the CRM's e-mail
// addresses are; users and kinds of cases as they are written.
func (s *Collector) Ready(c *mapping.Case) {
	s.totals.Cases++
	for i := range c.Attachments {
		a := &c.Attachments[i]
		s.totals.Attachments++
		s.totals.Bytes += a.Size
		if a.Size > s.totals.Largest {
			s.totals.Largest, s.totals.LargestFile = a.Size, a.Name
		}
	}
	s.need("contact", strings.ToLower(strings.TrimSpace(c.Contact)))
	s.need("user", c.Owner)
	// A user is counted once a row.
	if c.Responsible != c.Owner {
		s.need("user", c.Responsible)
	}
	s.need("case", c.Type+" / "+c.Status+" / "+c.Priority)
}

// need counts a row for what it needs. Beyond the bound only what is known already is counted.
func (s *Collector) need(kind, value string) {
	n := Need{Kind: kind, Value: value}
	// What is left out is said by Finish.
	if _, known := s.needs[n]; !known && len(s.needs) >= mostNeeds {
		s.full = true
		return
	}
	s.needs[n]++
}

// addMissing notes a value that a table lacks, for problems of the kinds that a line in a table mends.
func (s *Collector) addMissing(p mapping.Problem) {
	if p.Error != "not_in_values" && p.Error != "not_allowed" && p.Error != "not_a_bool" {
		return
	}
	if s.values[p.Field] == nil {
		s.values[p.Field] = map[string]int{}
	}
	if _, known := s.values[p.Field][p.Value]; known || len(s.values[p.Field]) < mostGroups {
		s.values[p.Field][p.Value]++
	}
}

// sorted lists needs by kind, those of most rows first.
func (s *Collector) sorted() (list []Need) {
	for n, rows := range s.needs {
		n.Rows = rows
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
	})
	return list
}

// missing lists the values by field, those of most rows first.
func (s *Collector) missing() (list []MissingValues) {
	for _, field := range slices.Sorted(maps.Keys(s.values)) {
		m := MissingValues{Field: field}
		for value, rows := range s.values[field] {
			m.Values = append(m.Values, Need{Kind: field, Value: value, Rows: rows})
		}
		slices.SortFunc(m.Values, func(a, b Need) int {
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
		})
		list = append(list, m)
	}
	return list
}
