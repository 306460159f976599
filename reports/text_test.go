package reports_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"wolkvox-import/reports"
)

func ExampleSummary_Text() {
	began := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s := reports.Summary{About: reports.About{
		Input:    reports.Source{Path: "tickets.csv"},
		RowsRead: 4, StartedAt: began, FinishedAt: began.Add(2 * time.Second),
	}}
	s.Add(reports.Outcome{
		Origin:  reports.Origin{Row: 2, Key: "T-1"},
		Status:  reports.Created,
		Sending: reports.Sending{Attachments: make([]reports.Attachment, 2), SentBytes: 3_400_000},
	})
	s.Add(reports.Outcome{
		Origin: reports.Origin{Row: 3, Key: "T-2"},
		Status: reports.Rejected,
		Reply:  reports.Reply{Code: "404", Error: "NOT FOUND", Message: "THE CONTACT DOES NOT EXIST"},
	})
	s.Add(reports.Outcome{
		Origin: reports.Origin{Row: 4, Key: "T-3"},
		Status: reports.Rejected,
		Reply:  reports.Reply{Code: "404", Error: "NOT FOUND", Message: "THE CONTACT DOES NOT EXIST"},
	})
	s.Add(reports.Outcome{
		Origin:  reports.Origin{Row: 5, Key: "T-4"},
		Status:  reports.Skipped,
		Reply:   reports.Reply{Message: "changed since its import"},
		Changed: true,
	})
	s.Text(os.Stdout)
	// Output:
	// tickets.csv: 4 rows read in 2s, 2.0 rows/s
	//   created               1
	//   rejected              2
	//   skipped               1
	//   changed               1  since their import
	//   attachments           2  3.4 MB sent
	//
	// rejected, 404 NOT FOUND: 2 rows
	//   row 3         T-2  THE CONTACT DOES NOT EXIST
	//   row 4         T-3  THE CONTACT DOES NOT EXIST
}

func text(t *testing.T, s reports.Summary) string {
	t.Helper()
	var b strings.Builder
	if err := s.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextIsLoudWhereTheCountsDoNotAddUp(t *testing.T) {
	const loud = "THE COUNTS DO NOT ADD UP: 7 rows read, 6 with an outcome"
	if got := text(t, tally(reports.About{RowsRead: 7}, oneOfEach...)); !strings.Contains(got, loud) {
		t.Errorf("not said in\n%s", got)
	}
	if got := text(t, tally(reports.About{RowsRead: 6}, oneOfEach...)); strings.Contains(got, "ADD UP") {
		t.Errorf("said for nothing in\n%s", got)
	}
}

func TestTextOfATotalNamesTheInputThatDoesNotAddUp(t *testing.T) {
	few := tally(reports.About{RowsRead: 7, Input: reports.Source{Path: "few.csv"}}, oneOfEach...)
	many := tally(reports.About{RowsRead: 5, Input: reports.Source{Path: "many.csv"}}, oneOfEach...)
	got := text(t, reports.Total([]reports.Summary{few, many}))
	for _, want := range []string{"UP: few.csv: 7 rows read, 6 with", "UP: many.csv: 5 rows read, 6 with"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// When to go on stands at the end of why a run ended.
func TestTextSaysWhenToGoOn(t *testing.T) {
	why := "the daily quota of every token that the CRM accepts is spent; it begins anew at about 2026-11-24 23:00 CET"
	if got := text(t, tally(reports.About{RowsRead: 6, Ended: why}, oneOfEach...)); !strings.Contains(got, "23:00 CET\n") {
		t.Errorf("%s", got)
	}
}

func TestTextSaysWhyARunEnded(t *testing.T) {
	got := text(t, tally(reports.About{RowsRead: 6, Ended: "the token's quota is spent"}, oneOfEach...))
	if !strings.Contains(got, "ended early: the token's quota is spent") {
		t.Errorf("not said in\n%s", got)
	}
}

func TestTextOfManyKindsOfFailureIsShort(t *testing.T) {
	var s reports.Summary
	for row := range 100 {
		s.Add(failure(row, "", fmt.Sprint("error ", row)).Outcome)
	}
	got := text(t, s)
	if n := strings.Count(got, "\n"); n > 45 || !strings.Contains(got, "90 more kinds of failure") {
		t.Errorf("%d lines:\n%s", n, got)
	}
}

func TestTextOfSeveralInputsNamesTheFileOfARow(t *testing.T) {
	got := text(t, reports.Total([]reports.Summary{tally(reports.About{}, rejected2), tally(reports.About{}, invalid3)}))
	if !strings.HasPrefix(got, "2 inputs: ") || !strings.Contains(got, "(tickets.csv)") {
		t.Errorf("got\n%s", got)
	}
}

func TestTextObeysNoServer(t *testing.T) {
	l := failure(1, "404", "\x1b[2Jgone")
	l.Message = "one\nTHE COUNTS\r\n" + strings.Repeat("long ", 1000)
	got := text(t, tally(reports.About{RowsRead: 1}, l))
	if strings.ContainsAny(got, "\x1b\r") || strings.Contains(got, "\nTHE COUNTS") {
		t.Errorf("got %q", got)
	}
	for line := range strings.Lines(got) {
		if len(line) > 150 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func TestTextReportsAWriterThatFails(t *testing.T) {
	if err := (reports.Summary{}).Text(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
