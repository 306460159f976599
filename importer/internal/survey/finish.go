package survey

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Finish makes the survey of what was collected, and writes its lists beside the reports. It comes once
// all rows were decided about. If it fails, what it returns is good as far as it goes.
func (s *Collector) Finish(inputs *intake.Inputs) (Survey, error) {
	out := Survey{Findings: s.findings.list(), Missing: s.missing(), Totals: s.totals, Needs: s.sorted()}
	// Inputs of one kind say the same, and it is said once.
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
	if err := leftovers(inputs, &out); err != nil {
		return out, err
	}
	var rows [][]string
	for _, n := range out.Needs {
		rows = append(rows, []string{n.Kind, n.Value, strconv.Itoa(n.Rows)})
	}
	path, err := reports.WriteTable(inputs.Out, "needs", []string{"kind", "value", "rows"}, rows)
	if err != nil {
		return out, err
	}
	out.Files = append(out.Files, path)
	return out, nil
}

// leftovers counts what no row has used: files, and lines of lookups. With several inputs files are
// not counted, since each program only knows which ones its own rows have used.
func leftovers(inputs *intake.Inputs, out *Survey) error {
	if len(inputs.All) == 1 {
		n, examples, err := inputs.All[0].Program().Unused()
		if err != nil {
			return err
		}
		if n > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s of the attachments' folder that no row uses: %s",
				say.Several(n, "file"), strings.Join(examples, ", ")+ellipsis(n > len(examples))))
		}
	}
	orphans, err := inputs.Mapping.Orphans()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		if n := orphans[name]; n > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("lookup %s: %s that belong to no row of the input",
				name, say.Several(n, "line")))
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

// dateNote says what all cells of a column prove about the order of day and month; "" is nothing that
// a person should know. One cell with a day above 12 proves it for all, and no cell alone is ever
// guessed at: a wrong guess would exchange days and months in silence.
func dateNote(field string, c *mapping.DateColumn) string {
	fits := c.Fits()
	given := len(c.Given) > 0
	agrees := func(given string) bool { return slices.Contains(fits, given) }
	contradicted := given && len(fits) > 0 && !slices.ContainsFunc(c.Given, agrees)
	shown := ""
	if c.Example != "" {
		shown = fmt.Sprintf(" (%s shows it)", c.Example)
	}
	switch {
	case c.Cells == 0:
		return ""
	// Of several patterns one may be right for some cells, so only a single one can be wrong.
	case contradicted && len(c.Given) == 1:
		return fmt.Sprintf("%s: every cell of the column is a date as %s%s, and the mapping says %s: "+
			"days and months would be exchanged, or rows invalid",
			field, strings.Join(fits, " or "), shown, c.Given[0])
	case given:
		return ""
	case len(fits) == 1:
		return fmt.Sprintf("%s: every cell of the column is a date as %s%s: write date: {from: %q}",
			field, fits[0], shown, fits[0])
	case len(fits) > 1:
		return fmt.Sprintf("%s: ambiguous: every cell of the column may be a date as %s, "+
			"since none has a day above 12: ask who made the file, and write date: {from: …}",
			field, strings.Join(fits, " or as "))
	}
	return fmt.Sprintf("%s: the column has dates of several kinds: "+
		"write a list of patterns, as date: {from: [DD/MM/YYYY, \"D MMM YYYY\"]}", field)
}
