package reports_test

import (
	"iter"
	"testing"
	"time"

	"wolkvox-import/reports"
)

// BenchmarkSetWrite reports rows/s of whole sets, files synced and in place.
func BenchmarkSetWrite(b *testing.B) {
	for _, formats := range [][]string{{"csv"}, {"jsonl"}, {"xlsx"}, nil} {
		name := "default"
		if formats != nil {
			name = formats[0]
		}
		b.Run(name, func(b *testing.B) {
			const n = 20_000
			set := reports.Set{Dir: b.TempDir(), Formats: formats, Header: []string{"ID Ticket", "Asunto"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := set.Write(created(n), known(reports.About{RowsRead: n})); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// created is an import of n rows that all went well.
func created(n int) iter.Seq2[reports.Line, error] {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return func(yield func(reports.Line, error) bool) {
		for i := range n {
			o := reports.Outcome{
				Origin:  reports.Origin{File: "tickets.csv", Row: i + 2, Key: "zoho-88077"},
				Status:  reports.Created,
				Reply:   reports.Reply{WolkvoxID: "65f1a2b3c4d5e6f708192a3b", IDPrefijo: "CASE-1", HTTPStatus: 200, Code: "200", Message: "Succesfully create record"},
				Sending: reports.Sending{Attempts: 1, SentBytes: 123_456, Duration: 52 * time.Millisecond, FinishedAt: at},
			}
			if !yield(reports.Line{Outcome: o}, nil) {
				return
			}
		}
	}
}
