package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Survey is what check finds out beside the reports of the rows.
type Survey struct {
	Findings []Finding
	Missing  []MissingValues // by field: what tables of values lack
	Notes    []string        // what a person should know and that keeps no row back
	Totals   Totals
	Needs    []Need // what must exist at the CRM, those of most rows first in each kind
	Files    []string
}

// Totals are of the rows that are ready to be sent.
type Totals struct {
	Cases, Attachments int
	Bytes              int64 // of the attachments
	Largest            int64
	LargestFile        string
}

// Need is something that must exist at the CRM before the import.
type Need struct {
	Kind  string // contact, user, or case: a type with its status and priority
	Value string
	Rows  int
}

// MissingValues are the cells that a field's table lacks, with their rows counted.
type MissingValues struct {
	Field  string
	Values []Need
}

// mostNeeds bounds what is remembered of a kind of needs.
const mostNeeds = 1_000_000

// survey collects a Survey while rows go by.
type survey struct {
	findings Findings
	totals   Totals
	needs    map[Need]int // with Rows 0
	full     bool
	lacking  map[string]map[string]int // field, value
	dates    []map[string]*mapping.DateColumn
}

func newSurvey() *survey {
	return &survey{needs: map[Need]int{}, lacking: map[string]map[string]int{}}
}

// begin follows an input.
func (s *survey) begin(in *input) {
	s.dates = append(s.dates, in.program.Dates())
	in.program.Watch()
}

// ready counts a row that can be sent.
func (s *survey) ready(c *mapping.Case) {
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
	if c.Responsible != c.Owner {
		s.need("user", c.Responsible)
	}
	s.need("case", c.Type+" / "+c.Status+" / "+c.Priority)
}

func (s *survey) need(kind, value string) {
	n := Need{Kind: kind, Value: value}
	if _, known := s.needs[n]; !known && len(s.needs) >= mostNeeds {
		s.full = true
		return
	}
	s.needs[n]++
}

// lacks notes a value that a table lacks.
func (s *survey) lacks(p mapping.Problem) {
	if p.Error != "not_in_values" && p.Error != "not_allowed" && p.Error != "not_a_bool" {
		return
	}
	if s.lacking[p.Field] == nil {
		s.lacking[p.Field] = map[string]int{}
	}
	if _, known := s.lacking[p.Field][p.Value]; known || len(s.lacking[p.Field]) < mostGroups {
		s.lacking[p.Field][p.Value]++
	}
}

// sorted lists needs by kind, those of most rows first.
func (s *survey) sorted() (list []Need) {
	for n, rows := range s.needs {
		n.Rows = rows
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
	})
	return list
}

func (s *survey) missing() (list []MissingValues) {
	for _, field := range slices.Sorted(maps.Keys(s.lacking)) {
		m := MissingValues{Field: field}
		for value, rows := range s.lacking[field] {
			m.Values = append(m.Values, Need{Kind: field, Value: value, Rows: rows})
		}
		slices.SortFunc(m.Values, func(a, b Need) int {
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
		})
		list = append(list, m)
	}
	return list
}

// Stub is the missing values as lines of a mapping, to be filled in.
func (m MissingValues) Stub() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nvalues:\n", m.Field)
	for _, v := range m.Values {
		fmt.Fprintf(&b, "  %s: TODO  # %s\n", quoteYAML(v.Value), count(v.Rows, "row"))
	}
	return b.String()
}

// quoteYAML writes a text so that YAML reads it as it is.
func quoteYAML(s string) string { return strconv.Quote(s) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// finish makes the survey of what was collected, and writes its lists beside the
// reports.
func (c *check) finishSurvey() (Survey, error) {
	s := c.survey
	out := Survey{Findings: s.findings.list(), Missing: s.missing(), Totals: s.totals, Needs: s.sorted()}
	for _, dates := range s.dates {
		for _, field := range slices.Sorted(maps.Keys(dates)) {
			if note := dateNote(field, dates[field]); note != "" && !slices.Contains(out.Notes, note) {
				out.Notes = append(out.Notes, note)
			}
		}
	}
	if s.full {
		out.Notes = append(out.Notes, fmt.Sprintf("needs.csv stops at %d different entries", mostNeeds))
	}
	if err := c.leftovers(&out); err != nil {
		return out, err
	}
	dir := c.outRoot()
	var rows [][]string
	for _, n := range out.Needs {
		rows = append(rows, []string{n.Kind, n.Value, strconv.Itoa(n.Rows)})
	}
	path, err := reports.WriteTable(dir, "needs", []string{"kind", "value", "rows"}, rows)
	if err != nil {
		return out, err
	}
	out.Files = append(out.Files, path)
	return out, nil
}

// leftovers counts what no row has used: files, and lines of lookups.
func (c *check) leftovers(out *Survey) error {
	if len(c.inputs) == 1 {
		n, examples, err := c.inputs[0].program.Unused()
		if err != nil {
			return err
		}
		if n > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s of the attachments' folder that no row uses: %s", count(n, "file"), strings.Join(examples, ", ")+ellipsis(n > len(examples))))
		}
	}
	orphans, err := c.mapping.Orphans()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		if n := orphans[name]; n > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("lookup %s: %s that belong to no row of the input", name, count(n, "line")))
		}
	}
	return nil
}

func ellipsis(more bool) string {
	if more {
		return ", …"
	}
	return ""
}

// dateNote says what all cells of a column prove about the order of day and month.
func dateNote(field string, c *mapping.DateColumn) string {
	fits := c.Fits()
	given := len(c.Given) > 0
	contradicted := given && len(fits) > 0 && !slices.ContainsFunc(c.Given, func(g string) bool { return slices.Contains(fits, g) })
	shown := ""
	if c.Example != "" {
		shown = fmt.Sprintf(" (%s shows it)", c.Example)
	}
	switch {
	case c.Cells == 0:
		return ""
	case contradicted && len(c.Given) == 1:
		return fmt.Sprintf("%s: every cell of the column is a date as %s%s, and the mapping says %s: days and months would be exchanged, or rows invalid", field, strings.Join(fits, " or "), shown, c.Given[0])
	case given:
		return ""
	case len(fits) == 1:
		return fmt.Sprintf("%s: every cell of the column is a date as %s%s: write date: {from: %q}", field, fits[0], shown, fits[0])
	case len(fits) > 1:
		return fmt.Sprintf("%s: ambiguous: every cell of the column may be a date as %s, since none has a day above 12: ask who made the file, and write date: {from: …}", field, strings.Join(fits, " or as "))
	}
	return fmt.Sprintf("%s: the column has dates of several kinds: write a list of patterns, as date: {from: [DD/MM/YYYY, \"D MMM YYYY\"]}", field)
}

// Duration predicts how long sending takes, where an answer takes so long and so many
// requests are in flight; and on how many days, where a quota is spent each day.
func (t Totals) Duration(answer time.Duration, workers, quota int) (time.Duration, int) {
	took := time.Duration(t.Cases) * answer / time.Duration(max(workers, 1))
	days := 1
	if quota > 0 {
		days = (t.Cases + quota - 1) / quota
	}
	return took, days
}
