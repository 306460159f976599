package reports_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wolkvox-import/reports"
)

var header = []string{"ID Ticket", "Correo", "Asunto"}

// outcomes of one row each, cells and all.
var (
	created1 = reports.Line{Outcome: reports.Outcome{
		Origin:  reports.Origin{File: "tickets.csv", Row: 2, Key: "T-1"},
		Status:  reports.Created,
		Reply:   reports.Reply{WolkvoxID: "65f1a2b3c4d5e6f708192a3b", IDPrefijo: "CASE-7", HTTPStatus: 200, Code: "200", Message: "Succesfully create record"},
		Sending: reports.Sending{Attempts: 2, Attachments: []reports.Attachment{{File: "a/uno.pdf", Bytes: 10, SHA256: "aa"}, {File: "dos.png", Bytes: 20, SHA256: "bb"}}, SentBytes: 1234, Duration: 1500 * time.Millisecond, FinishedAt: time.Date(2026, 11, 20, 5, 4, 3, 0, time.FixedZone("COT", -5*3600))},
	}}
	rejected2 = reports.Line{Cells: []string{"T-2", "ana@x.co", "Daño"}, Outcome: reports.Outcome{
		Origin:  reports.Origin{File: "tickets.csv", Row: 3, Key: "T-2"},
		Status:  reports.Rejected,
		Reply:   reports.Reply{HTTPStatus: 404, Code: "404", Error: "NOT FOUND", Message: "THE CONTACT DOES NOT EXIST", Hint: "create the contact first"},
		Sending: reports.Sending{Attempts: 1},
	}}
	invalid3 = reports.Line{Cells: []string{"T-3", "", "Otro"}, Outcome: reports.Outcome{
		Origin: reports.Origin{File: "tickets.csv", Row: 4, Key: "T-3"},
		Status: reports.Invalid,
		Reply:  reports.Reply{Error: "empty", Message: "contact is empty"},
	}}
	doubt4 = reports.Line{Outcome: reports.Outcome{
		Origin:  reports.Origin{File: "tickets.csv", Row: 5, Key: "T-4"},
		Status:  reports.InDoubt,
		Reply:   reports.Reply{Error: "timeout"},
		Sending: reports.Sending{Attempts: 1},
	}}
	changed5 = reports.Line{Cells: []string{"T-5", "leo@x.co", "Nuevo"}, Outcome: reports.Outcome{
		Origin:  reports.Origin{File: "tickets.csv", Row: 6, Key: "T-5"},
		Status:  reports.Skipped,
		Reply:   reports.Reply{WolkvoxID: "5555", Message: "changed since its import"},
		Changed: true,
	}}
	left6 = reports.Line{Outcome: reports.Outcome{
		Origin: reports.Origin{File: "tickets.csv", Row: 7, Key: "T-6"},
		Status: reports.NotAttempted,
	}}

	oneOfEach = []reports.Line{created1, rejected2, invalid3, doubt4, changed5, left6}
)

func TestResultsHaveALineARowInOrderWithEveryColumn(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir}, oneOfEach...)
	got := readCSV(t, dir, "results.csv")

	want := strings.Split("file,row,key,status,wolkvox_id,id_prefijo,http_status,code,error,message,hint,attempts,attachments,sent_bytes,duration_ms,finished_at", ",")
	equal(t, got[0], want)
	equal(t, got[1], []string{
		"tickets.csv", "2", "T-1", "created", "65f1a2b3c4d5e6f708192a3b", "CASE-7", "200", "200", "",
		"Succesfully create record", "", "2", "2", "1234", "1500", "2026-11-20T10:04:03Z",
	})
	equal(t, got[2], []string{
		"tickets.csv", "3", "T-2", "rejected", "", "", "404", "404", "NOT FOUND",
		"THE CONTACT DOES NOT EXIST", "create the contact first", "1", "0", "0", "0", "",
	})
	equal(t, got[6], []string{"tickets.csv", "7", "T-6", "not_attempted", "", "", "", "", "", "", "", "0", "0", "0", "0", ""})
	equal(t, len(got), 7)
}

func TestResultsAsJSONHaveTheSameKeysInTheSameOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Formats: []string{"jsonl"}}, created1)
	equal(t, read(t, dir, "results.jsonl"), `{"file":"tickets.csv","row":2,"key":"T-1","status":"created",`+
		`"wolkvox_id":"65f1a2b3c4d5e6f708192a3b","id_prefijo":"CASE-7","http_status":200,"code":"200","error":"",`+
		`"message":"Succesfully create record","hint":"","attempts":2,"attachments":2,"sent_bytes":1234,"duration_ms":1500,`+
		`"finished_at":"2026-11-20T10:04:03Z"}`+"\n")
}

func TestWhatNeverHappenedIsNullInJSON(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Formats: []string{"jsonl"}}, left6)
	var got map[string]any
	if err := json.Unmarshal([]byte(read(t, dir, "results.jsonl")), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"http_status", "finished_at"} {
		if value, there := got[key]; !there || value != nil {
			t.Errorf("%s is %v, there: %v", key, value, there)
		}
	}
}

func TestEveryCSVBeginsWithAByteOrderMark(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Header: header}, oneOfEach...)
	for _, name := range []string{"results.csv", "rejects.csv", "changed.csv", "attachments.csv"} {
		if !strings.HasPrefix(read(t, dir, name), "\ufeff") {
			t.Errorf("%s has none", name)
		}
	}
}

func TestRejectsAreTheSourceRowsToMend(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Header: header}, oneOfEach...)
	equal(t, readCSV(t, dir, "rejects.csv"), [][]string{
		slices.Concat(header, reports.RejectColumns),
		{"T-2", "ana@x.co", "Daño", "T-2", "rejected", "404 NOT FOUND: THE CONTACT DOES NOT EXIST", "create the contact first"},
		{"T-3", "", "Otro", "T-3", "invalid", "empty: contact is empty", ""},
	})
}

func TestRejectsAreAHeaderOnlyWhereNothingFailed(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Header: header}, created1)
	equal(t, readCSV(t, dir, "rejects.csv"), [][]string{slices.Concat(header, reports.RejectColumns)})
}

func TestRejectsSayWhyWhateverIsKnown(t *testing.T) {
	for _, test := range []struct{ code, word, message, want string }{
		{"404", "NOT FOUND", "no contact", "404 NOT FOUND: no contact"},
		{"", "missing_attachment", "a.pdf is not there", "missing_attachment: a.pdf is not there"},
		{"400", "SOME PARAMETERS ARE REQUIRED", "SOME PARAMETERS ARE REQUIRED", "400 SOME PARAMETERS ARE REQUIRED"},
		{"400", "", "", "400"},
		{"", "", "too long", "too long"},
		{"", "", "", "invalid"},
	} {
		dir := t.TempDir()
		line := reports.Line{Outcome: reports.Outcome{
			Status: reports.Invalid,
			Reply:  reports.Reply{Code: test.code, Error: test.word, Message: test.message},
		}}
		write(t, reports.Set{Dir: dir, Header: header}, line)
		equal(t, readCSV(t, dir, "rejects.csv")[1][5], test.want)
	}
}

func TestRejectsOfARejectsFileHaveTheirColumnsOnce(t *testing.T) {
	dir := t.TempDir()
	again := invalid3
	again.Cells = []string{"old key", "T-3", "rejected", "", "old error", "Otro", "old hint"}
	source := []string{"import_key", "ID Ticket", "Import_Status ", "Correo", "import_error", "Asunto", "import_hint"}
	write(t, reports.Set{Dir: dir, Header: source}, again)
	equal(t, readCSV(t, dir, "rejects.csv"), [][]string{
		slices.Concat(header, reports.RejectColumns),
		{"T-3", "", "Otro", "T-3", "invalid", "empty: contact is empty", ""},
	})
}

func TestRaggedRowsKeepTheirCellsAndShiftNoColumn(t *testing.T) {
	dir := t.TempDir()
	short, long := invalid3, invalid3
	short.Cells = []string{"T-3"}
	long.Cells = []string{"T-3", "", "Otro", "too", "many"}
	write(t, reports.Set{Dir: dir, Header: header}, short, long)
	notes := []string{"T-3", "invalid", "empty: contact is empty", ""}
	got := readCSV(t, dir, "rejects.csv")
	equal(t, got[1], append([]string{"T-3", "", ""}, notes...))
	equal(t, got[2], slices.Concat([]string{"T-3", "", "Otro"}, notes, []string{"too", "many"}))
}

func TestChangedRowsCarryTheirID(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Header: header}, oneOfEach...)
	equal(t, readCSV(t, dir, "changed.csv"), [][]string{
		append(slices.Clone(header), "wolkvox_id"),
		{"T-5", "leo@x.co", "Nuevo", "5555"},
	})
}

func TestAttachmentsOfCreatedRowsAreListedInSendingOrder(t *testing.T) {
	dir := t.TempDir()
	refused := rejected2
	refused.Attachments = []reports.Attachment{{File: "never.pdf"}}
	sum, _ := write(t, reports.Set{Dir: dir}, created1, refused)
	equal(t, sum.Attachments, 2)
	equal(t, readCSV(t, dir, "attachments.csv"), [][]string{
		{"key", "wolkvox_id", "n", "file", "bytes", "sha256"},
		{"T-1", "65f1a2b3c4d5e6f708192a3b", "1", "a/uno.pdf", "10", "aa"},
		{"T-1", "65f1a2b3c4d5e6f708192a3b", "2", "dos.png", "20", "bb"},
	})
}

func TestWithoutTheSourceItsCellsAreNotReported(t *testing.T) {
	dir := t.TempDir()
	_, paths := write(t, reports.Set{Dir: dir}, oneOfEach...)
	equal(t, names(t, dir), []string{"attachments.csv", "results.csv", "results.xlsx", "summary.json"})
	equal(t, bases(paths), []string{"results.csv", "results.xlsx", "attachments.csv", "summary.json"})
}

func TestEachFormatIsWrittenOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, reports.Set{Dir: dir, Formats: []string{"jsonl", "csv", "jsonl"}}, oneOfEach...)
	equal(t, names(t, dir), []string{"attachments.csv", "results.csv", "results.jsonl", "summary.json"})
}

func TestAnUnknownFormatIsNamedWithTheKnownOnes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	_, _, err := reports.Set{Dir: dir, Formats: []string{"csv", "pdf"}}.Write(lines(), known(reports.About{}))
	for _, want := range append(reports.Formats(), `"pdf"`) {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made all the same: %v", err)
	}
	if err := reports.CheckFormats(reports.Formats()); err != nil {
		t.Error(err)
	}
}

func TestSummaryJSONIsTheSummaryReturned(t *testing.T) {
	dir := t.TempDir()
	sum, _ := write(t, reports.Set{Dir: dir}, oneOfEach...)
	want, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, []byte(read(t, dir, "summary.json"))); err != nil {
		t.Fatal(err)
	}
	equal(t, got.String(), string(want))
	equal(t, sum.Outcomes, maps.Collect(func(yield func(reports.Status, int) bool) {
		for _, s := range reports.Statuses() {
			yield(s, 1)
		}
	}))
}

// write makes reports of the lines, of which as many are said to have been read.
func write(t *testing.T, set reports.Set, ls ...reports.Line) (reports.Summary, []string) {
	t.Helper()
	sum, paths, err := set.Write(lines(ls...), known(reports.About{RowsRead: len(ls)}))
	if err != nil {
		t.Fatal(err)
	}
	return sum, paths
}

func lines(ls ...reports.Line) iter.Seq2[reports.Line, error] {
	return func(yield func(reports.Line, error) bool) {
		for _, l := range ls {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readCSV(t *testing.T, dir, name string) [][]string {
	t.Helper()
	text := strings.TrimPrefix(read(t, dir, name), "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\r\r\n") // Go's reader takes CRLF within a cell for LF
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func bases(paths []string) (names []string) {
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// known is what is known before the lines are.
func known(about reports.About) func(reports.Summary) reports.About {
	return func(reports.Summary) reports.About { return about }
}
