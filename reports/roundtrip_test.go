package reports_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"wolkvox-import/reports"
)

// scraps that random texts are made of: what the encodings have to escape, and some that look escaped.
var scraps = []string{
	"a", "Ñandú", "日本", "😀", " ", "  ", "\n", "\t", "\r", ",", ";", `"`, "'", "=", "+", "-", "@", "<b>", "&", "&amp;", "]]>",
	"_x000D_", "_x0041_x0042_", "_x005F_", "_", "x0041_", "\x07", "\x00", "null", "007", "1e9", "\u2028", "\\u0041", "{{x}}",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(5) {
		b.WriteString(scraps[r.IntN(len(scraps))])
	}
	return b.String()
}

func randomOutcome(r *rand.Rand) reports.Outcome {
	statuses := reports.Statuses()
	o := reports.Outcome{
		Origin:  reports.Origin{File: randomText(r), Row: r.IntN(1 << 20), Key: randomText(r)},
		Status:  statuses[r.IntN(len(statuses))],
		Reply:   reports.Reply{WolkvoxID: randomText(r), IDPrefijo: randomText(r), HTTPStatus: r.IntN(3) * 200, Code: randomText(r), Error: randomText(r), Message: randomText(r), Hint: randomText(r)},
		Sending: reports.Sending{Attempts: r.IntN(4), SentBytes: r.Int64N(1 << 40), Duration: time.Duration(r.Int64N(int64(time.Hour)))},
		Changed: r.IntN(2) == 0,
	}
	for range r.IntN(3) {
		o.Attachments = append(o.Attachments, reports.Attachment{File: randomText(r), Bytes: r.Int64N(1 << 30), SHA256: randomText(r)})
	}
	if r.IntN(3) > 0 {
		o.FinishedAt = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
	}
	return o
}

// expected is the row of results that an outcome should make, written out on its own.
func expected(o reports.Outcome) []string {
	status, finished := "", ""
	if o.HTTPStatus != 0 {
		status = strconv.Itoa(o.HTTPStatus)
	}
	if !o.FinishedAt.IsZero() {
		finished = o.FinishedAt.Format("2006-01-02T15:04:05Z")
	}
	return []string{
		o.File, strconv.Itoa(o.Row), o.Key, string(o.Status), o.WolkvoxID, o.IDPrefijo, status, o.Code, o.Error, o.Message, o.Hint,
		strconv.Itoa(o.Attempts), strconv.Itoa(len(o.Attachments)), fmt.Sprint(o.SentBytes), fmt.Sprint(int64(o.Duration / time.Millisecond)), finished,
	}
}

func TestOutcomesSurviveTheLedgersJSON(t *testing.T) {
	r := random(t)
	for range 2000 {
		want := randomOutcome(r)
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got reports.Outcome
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", data, got, want)
		}
	}
}

// readers turn results of each format back into texts, as other programs see them.
var readers = map[string]func(t *testing.T, dir string) [][]string{
	"csv":   csvResults,
	"jsonl": jsonlResults,
	"xlsx":  xlsxResults,
}

func TestResultsReadBackAsTheyWere(t *testing.T) {
	for _, format := range reports.Formats() {
		t.Run(format, func(t *testing.T) {
			r, dir := random(t), t.TempDir()
			var ls []reports.Line
			var want [][]string
			for range 500 {
				o := randomOutcome(r)
				ls, want = append(ls, reports.Line{Outcome: o}), append(want, expected(o))
			}
			write(t, reports.Set{Dir: dir, Formats: []string{format}}, ls...)
			got := readers[format](t, dir)
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d", len(got), len(want))
			}
			for i := range want {
				equal(t, got[i], want[i])
			}
		})
	}
}

// controls are the characters that CSV has as JSON has them, since a terminal obeys them.
var controls = regexp.MustCompile(`\\u00[0189][0-9a-f]|\\u007f`)

func csvResults(t *testing.T, dir string) [][]string {
	rows := readCSV(t, dir, "results.csv")[1:]
	for _, row := range rows {
		for i, cell := range row {
			row[i] = controls.ReplaceAllStringFunc(reports.Undefuse(cell), func(code string) string {
				var text string
				json.Unmarshal([]byte(`"`+code+`"`), &text)
				return text
			})
		}
	}
	return rows
}

func jsonlResults(t *testing.T, dir string) (rows [][]string) {
	names := strings.Split("file,row,key,status,wolkvox_id,id_prefijo,http_status,code,error,message,hint,attempts,attachments,sent_bytes,duration_ms,finished_at", ",")
	for line := range strings.Lines(read(t, dir, "results.jsonl")) {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		var row []string
		for _, name := range names {
			value, there := object[name]
			switch {
			case !there:
				t.Fatalf("no %s in %s", name, line)
			case value == nil:
				row = append(row, "")
			default:
				row = append(row, fmt.Sprint(value))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func xlsxResults(t *testing.T, dir string) [][]string {
	book, err := excelize.OpenFile(dir+"/results.xlsx", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("results 1")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		rows[i] = append(row, make([]string, 16-len(row))...) // the reader drops empty cells at the end
	}
	return rows[1:]
}

func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// Ledgers keep outcomes in this form, and those of former versions have to be read: neither the
// names nor their order may change.
func TestJSONOfAnOutcomeStaysAsItIs(t *testing.T) {
	o := reports.Outcome{
		Origin: reports.Origin{File: "a.csv", Row: 2, Key: "k"},
		Status: reports.Created,
		Reply: reports.Reply{
			WolkvoxID: "id", IDPrefijo: "CASE-1", HTTPStatus: 200, Code: "200", Error: "e", Message: "m", Hint: "h",
		},
		Sending: reports.Sending{
			Attempts: 2, Attachments: []reports.Attachment{{File: "f", Bytes: 3, SHA256: "s"}}, SentBytes: 4,
			Duration: 5, FinishedAt: time.Date(2026, 11, 20, 5, 4, 3, 2, time.UTC),
		},
		Changed: true,
	}
	const want = `{"file":"a.csv","row":2,"key":"k","status":"created","wolkvox_id":"id","id_prefijo":"CASE-1",` +
		`"http_status":200,"code":"200","error":"e","message":"m","hint":"h","attempts":2,` +
		`"attachments":[{"file":"f","bytes":3,"sha256":"s"}],"sent_bytes":4,"duration_ns":5,` +
		`"finished_at":"2026-11-20T05:04:03.000000002Z","changed":true}`
	for text, o := range map[string]reports.Outcome{want: o, "{}": {}} {
		got, err := json.Marshal(o)
		if err != nil || string(got) != text {
			t.Errorf("got  %s, %v\nwant %s", got, err, text)
		}
		var back reports.Outcome
		if err := json.Unmarshal([]byte(text), &back); err != nil || !reflect.DeepEqual(back, o) {
			t.Errorf("%s comes back as %+v, %v", text, back, err)
		}
	}
}
