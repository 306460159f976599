package reports

import (
	"encoding/json"
	"maps"
	"math"
	"time"
)

// About is what the lines don't say of an import.
type About struct {
	Input       Source    `json:"input,omitzero"`
	Mapping     Source    `json:"mapping,omitzero"`
	Operation   string    `json:"operation"`
	Server      string    `json:"server"`
	Ledger      string    `json:"ledger"`
	ToolVersion string    `json:"tool_version"`
	RowsRead    int       `json:"rows_read"` // counted where they were read, not where they ended
	StartedAt   time.Time `json:"started_at,omitzero"`
	FinishedAt  time.Time `json:"finished_at,omitzero"`
	Ended       string    `json:"ended"`  // why the run stopped; empty where it reached the end of its input
	ExitStatus  int       `json:"status"` // of the command
}

// Source is a file that an import was made from.
type Source struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Summary counts outcomes. The zero value has counted none; [Summary.Add] counts one more.
// What follows from the counts is computed when it is asked for, and the JSON has it too.
type Summary struct {
	About
	Outcomes    map[Status]int `json:"outcomes"`
	Changed     int            `json:"changed"`
	Known       int            `json:"known"`       // rows that earlier runs created, changed or not
	Attachments int            `json:"attachments"` // of the created rows
	SentBytes   int64          `json:"sent_bytes"`
	ByError     []Group        `json:"by_error"`         // as they appeared; the JSON begins with the largest
	Inputs      []Summary      `json:"inputs,omitempty"` // of a [Total]

	reports []written // that were written with it
}

// Add counts one outcome.
func (s *Summary) Add(o Outcome) {
	s.count(o.Status, 1)
	s.SentBytes += o.SentBytes
	if o.Changed {
		s.Changed++
	}
	if o.Status == Skipped && o.WolkvoxID != "" && (o.Changed || o.Error == "") {
		s.Known++
	}
	if o.Status == Created {
		s.Attachments += len(o.Attachments)
	}
	if o.failed() {
		s.merge(Group{o.Status, o.Error, o.Code, 1, []Example{{o.File, o.Row, o.Key, o.Message}}})
	}
}

// count adds so many outcomes of a status.
func (s *Summary) count(status Status, n int) {
	if s.Outcomes == nil {
		s.Outcomes = make(map[Status]int)
	}
	s.Outcomes[status] += n
}

// AddsUp reports whether every row that was read has its one outcome.
func (s Summary) AddsUp() bool {
	for _, in := range s.Inputs {
		if !in.AddsUp() { // a row too many here doesn't make up for one too few there
			return false
		}
	}
	return s.tallied() == s.RowsRead
}

// tallied counts the rows that have an outcome.
func (s Summary) tallied() (n int) {
	for _, status := range Statuses() {
		n += s.Outcomes[status]
	}
	return n
}

// Duration of the import.
func (s Summary) Duration() time.Duration {
	if s.StartedAt.IsZero() {
		return 0
	}
	return max(0, s.FinishedAt.Sub(s.StartedAt))
}

// perSecond is rounded to two decimals, and zero where no time has passed.
func (s Summary) perSecond(n int64) float64 {
	seconds := s.Duration().Seconds()
	if seconds == 0 {
		return 0
	}
	return math.Round(float64(n)/seconds*100) / 100
}

// MarshalJSON adds what follows from the counts, and has every status, counted or not.
func (s Summary) MarshalJSON() ([]byte, error) {
	type counts Summary // without this method
	c := counts(s)
	c.StartedAt = s.StartedAt.UTC().Truncate(time.Millisecond)
	c.FinishedAt = s.FinishedAt.UTC().Truncate(time.Millisecond)
	c.ByError = append([]Group{}, s.largest()...) // [] rather than null
	c.Outcomes = make(map[Status]int)
	for _, status := range Statuses() {
		c.Outcomes[status] = 0
	}
	maps.Copy(c.Outcomes, s.Outcomes)

	return json.Marshal(struct {
		counts
		Reports            []written `json:"reports,omitempty"`
		AddsUp             bool      `json:"adds_up"`
		DurationMS         int64     `json:"duration_ms"`
		RowsPerSecond      float64   `json:"rows_per_second"`
		CreatedPerSecond   float64   `json:"created_per_second"`
		SentBytesPerSecond float64   `json:"sent_bytes_per_second"`
	}{
		counts:             c,
		Reports:            s.reports,
		AddsUp:             s.AddsUp(),
		DurationMS:         s.Duration().Milliseconds(),
		RowsPerSecond:      s.perSecond(int64(s.RowsRead)),
		CreatedPerSecond:   s.perSecond(int64(s.Outcomes[Created])),
		SentBytesPerSecond: s.perSecond(s.SentBytes),
	})
}
