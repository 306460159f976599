package reports_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"wolkvox-import/reports"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func tally(about reports.About, ls ...reports.Line) reports.Summary {
	s := reports.Summary{About: about}
	for _, l := range ls {
		s.Add(l.Outcome)
	}
	return s
}

// object is the summary as another program reads it.
func object(t *testing.T, s reports.Summary) map[string]any {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestSummaryJSONSaysEverythingOfAnImport(t *testing.T) {
	o := object(t, tally(reports.About{
		Input:     reports.Source{Path: "tickets.csv", SHA256: "ab", Bytes: 99},
		Mapping:   reports.Source{Path: "map.yaml", SHA256: "cd", Bytes: 7},
		Operation: "op", Server: "crm.wolkvox.com", Ledger: "op.ledger.db", ToolVersion: "v1.2.3", RowsRead: 6,
		StartedAt: start, FinishedAt: start.Add(4 * time.Second), Ended: "the quota is spent", ExitStatus: 5,
	}, oneOfEach...))
	for key, want := range map[string]any{
		"input":      map[string]any{"path": "tickets.csv", "sha256": "ab", "bytes": 99.0},
		"mapping":    map[string]any{"path": "map.yaml", "sha256": "cd", "bytes": 7.0},
		"operation":  "op",
		"server":     "crm.wolkvox.com",
		"ledger":     "op.ledger.db",
		"started_at": "2026-11-20T10:00:00Z", "finished_at": "2026-11-20T10:00:04Z", "duration_ms": 4000.0,
		"tool_version": "v1.2.3", "ended": "the quota is spent", "status": 5.0,
		"rows_read": 6.0, "adds_up": true, "changed": 1.0, "attachments": 2.0, "sent_bytes": 1234.0,
		"rows_per_second": 1.5, "created_per_second": 0.25, "sent_bytes_per_second": 308.5,
		"outcomes": map[string]any{"created": 1.0, "rejected": 1.0, "invalid": 1.0, "in_doubt": 1.0, "skipped": 1.0, "not_attempted": 1.0},
	} {
		equal(t, o[key], want)
	}
	equal(t, len(o["by_error"].([]any)), 3)
}

func TestAnEmptySummaryHasEveryKey(t *testing.T) {
	o := object(t, reports.Summary{})
	equal(t, len(o["outcomes"].(map[string]any)), len(reports.Statuses()))
	equal(t, o["by_error"], []any{})
	equal(t, o["rows_per_second"], 0.0)
	equal(t, o["duration_ms"], 0.0)
}

func TestCountsThatDoNotAddUpAreSaid(t *testing.T) {
	for read, want := range map[int]bool{5: false, 6: true, 7: false} {
		s := tally(reports.About{RowsRead: read}, oneOfEach...)
		equal(t, s.AddsUp(), want)
		equal(t, object(t, s)["adds_up"], want)
	}
}

func TestAnOutcomeThatIsNoneOfTheSixAddsNothingUp(t *testing.T) {
	s := tally(reports.About{RowsRead: 1}, reports.Line{Outcome: reports.Outcome{Status: "lost"}})
	equal(t, s.AddsUp(), false)
	equal(t, object(t, s)["outcomes"].(map[string]any)["lost"], 1.0)
}

func failure(row int, code, word string) reports.Line {
	return reports.Line{Outcome: reports.Outcome{
		Origin: reports.Origin{Row: row, Key: fmt.Sprint("T-", row)},
		Status: reports.Rejected,
		Reply:  reports.Reply{Code: code, Error: word, Message: "m"},
	}}
}

func TestFailuresAreGroupedWithTheFirstExamples(t *testing.T) {
	var ls []reports.Line
	for row := range 5 {
		ls = append(ls, failure(row, "404", "NOT FOUND"))
	}
	ls = append(ls, failure(5, "400", "NOT FOUND"), failure(6, "404", "GONE"), invalid3, doubt4)
	groups := tally(reports.About{}, ls...).ByError
	equal(t, len(groups), 5)
	equal(t, groups[0], reports.Group{Status: reports.Rejected, Error: "NOT FOUND", Code: "404", Count: 5, Examples: []reports.Example{
		{Row: 0, Key: "T-0", Message: "m"}, {Row: 1, Key: "T-1", Message: "m"}, {Row: 2, Key: "T-2", Message: "m"},
	}})
}

func TestJSONShowsTheLargestGroupFirst(t *testing.T) {
	o := object(t, tally(reports.About{}, failure(1, "", "rare"), failure(2, "", "often"), failure(3, "", "often")))
	equal(t, o["by_error"].([]any)[0].(map[string]any)["error"], "often")
}

func TestRowsPassedOverAreGroupedOnlyWithAnError(t *testing.T) {
	limit := left6
	limit.Error = "server_gone"
	groups := tally(reports.About{}, created1, changed5, left6, limit).ByError
	equal(t, len(groups), 1)
	equal(t, groups[0].Error, "server_gone")
}

func TestErrorsWithoutEndEndInOneGroupAStatus(t *testing.T) {
	var s reports.Summary
	for row := range 1000 {
		l := failure(row, "", fmt.Sprint("error ", row))
		s.Add(l.Outcome)
		l.Status = reports.InDoubt
		s.Add(l.Outcome)
	}
	equal(t, len(s.ByError), 202)
	sum := 0
	for _, g := range s.ByError {
		sum += g.Count
	}
	equal(t, sum, 2000)
	for _, g := range s.ByError[200:] {
		equal(t, g.Error, reports.Others)
		equal(t, g.Count, 900)
		equal(t, len(g.Examples), 3)
	}
}

func TestATotalIsTheSumOfItsInputs(t *testing.T) {
	about := reports.About{
		Input: reports.Source{Path: "1.csv"}, Mapping: reports.Source{Path: "map.yaml"}, Operation: "op", RowsRead: 6,
		StartedAt: start.Add(time.Second), FinishedAt: start.Add(3 * time.Second), ExitStatus: 3,
	}
	first := tally(about, oneOfEach...)
	about.Input.Path, about.RowsRead, about.ExitStatus, about.Ended = "2.csv", 2, 5, "interrupted"
	about.StartedAt, about.FinishedAt = start, start.Add(8*time.Second)
	second := tally(about, rejected2, created1)

	total := reports.Total([]reports.Summary{first, second})
	equal(t, total.RowsRead, 8)
	equal(t, total.Outcomes[reports.Created], 2)
	equal(t, total.Outcomes[reports.Rejected], 2)
	equal(t, total.Changed, 1)
	equal(t, total.Attachments, 4)
	equal(t, total.SentBytes, int64(2468))
	equal(t, total.Duration(), 8*time.Second)
	equal(t, total.Operation, "op")
	equal(t, total.Ended, "interrupted")
	equal(t, total.ExitStatus, 5)
	equal(t, total.Input, reports.Source{})
	equal(t, total.AddsUp(), true)
	equal(t, total.ByError[0].Count, 2)
	equal(t, first.ByError[0].Count, 1) // its parts are as they were

	inputs := object(t, total)["inputs"].([]any)
	equal(t, inputs[1].(map[string]any)["input"].(map[string]any)["path"], "2.csv")
	equal(t, inputs[1].(map[string]any)["adds_up"], true)
}

func TestATotalOfOneInputIsThatInput(t *testing.T) {
	s := tally(reports.About{Input: reports.Source{Path: "1.csv"}, RowsRead: 6}, oneOfEach...)
	equal(t, reports.Total([]reports.Summary{s}), s)
	equal(t, reports.Total(nil), reports.Summary{})
}

func TestARowTooManyDoesNotMakeUpForOneTooFew(t *testing.T) {
	total := reports.Total([]reports.Summary{
		tally(reports.About{RowsRead: 5}, oneOfEach...),
		tally(reports.About{RowsRead: 7}, oneOfEach...),
	})
	equal(t, total.AddsUp(), false)
}

func TestTheWorstExitStatusIsTheTotals(t *testing.T) {
	order := []int{4, 1, 5, 3, 0}
	for i, worst := range order {
		for _, other := range order[i:] {
			for _, pair := range [][]int{{worst, other}, {other, worst}} {
				var parts []reports.Summary
				for _, status := range pair {
					parts = append(parts, reports.Summary{About: reports.About{ExitStatus: status}})
				}
				equal(t, reports.Total(parts).ExitStatus, worst)
			}
		}
	}
}

func TestAnInputThatNeverBeganDoesNotStretchTheTotal(t *testing.T) {
	ran := reports.Summary{About: reports.About{StartedAt: start, FinishedAt: start.Add(time.Second)}}
	for _, parts := range [][]reports.Summary{{ran, {}}, {{}, ran}} {
		equal(t, reports.Total(parts).Duration(), time.Second)
	}
}

func TestStatusesAreTheSix(t *testing.T) {
	equal(t, slices.Sorted(slices.Values(reports.Statuses())), slices.Sorted(maps.Keys(map[reports.Status]bool{
		"created": true, "rejected": true, "invalid": true, "in_doubt": true, "skipped": true, "not_attempted": true,
	})))
}
