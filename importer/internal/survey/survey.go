// Package survey collects what a check finds out beside the outcome of each row: problems that
// rows have in common, what must exist at the CRM, what tables of values lack, and what a person
// should look at.
//
//	rows ──Ready, Invalid, Found──► Collector ──Finish──► Survey, needs.csv
//	                                                        └──Contacts──► contacts-missing.csv
//
// Its rules:
//
//   - It only counts what triage has decided, and decides nothing itself.
//   - Everything that it remembers is bounded, since texts of cells may be as many as rows. A bound
//     that was reached is said.
//   - Its lists are in an order of their own, not in that of maps: two checks of one file say the same.
package survey

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"wolkvox-import/importer/internal/say"
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
// Sizes are in bytes.
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
// Those of most rows come first.
type MissingValues struct {
	Field  string
	Values []Need
}

// Stub is the missing values as lines of a mapping, to be filled in.
// A TODO is refused by check, so none can be forgotten.
func (m MissingValues) Stub() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nvalues:\n", m.Field)
	for _, v := range m.Values {
		fmt.Fprintf(&b, "  %s: TODO  # %s\n", quoteYAML(v.Value), say.Several(v.Rows, "row"))
	}
	return b.String()
}

// quoteYAML writes a text so that YAML reads it as it is: its double quotes know the escapes of Go's.
func quoteYAML(s string) string { return strconv.Quote(s) }

// Duration predicts how long sending takes if an answer takes so long and so many requests are in
// flight, and on how many days if a quota of requests may be spent each day; a quota of 0 is none.
// Files are not reckoned with: how fast the line is nobody knows before the first of them.
func (t Totals) Duration(answer time.Duration, workers, quota int) (time.Duration, int) {
	took := time.Duration(t.Cases) * answer / time.Duration(max(workers, 1))
	days := 1
	if quota > 0 {
		days = (t.Cases + quota - 1) / quota
	}
	return took, days
}
