package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Which chooses the row to explain: the first that answers to all that is given.
type Which struct {
	Row   int
	Key   string
	Error string // the word of a problem, as results.csv has it
}

// skips tells whether the row isn't the one, as far as that shows before it is decided about.
func (w Which) skips(row *intake.Row) bool {
	return w.Row > 0 && row.Number != w.Row || w.Key != "" && row.Key != w.Key
}

// explains tells whether a row with these problems has the error that is asked for, if any is.
func (w Which) explains(problems []Problem) bool {
	return w.Error == "" || slices.ContainsFunc(problems, func(p Problem) bool { return p.Error == w.Error })
}

// String names the row for the message that there is none.
func (w Which) String() string {
	switch {
	case w.Row > 0:
		return fmt.Sprintf("row %d (empty rows are no rows; the header is one)", w.Row)
	case w.Key != "":
		return fmt.Sprintf("that of the key %q", w.Key)
	}
	return fmt.Sprintf("one with the error %s", w.Error)
}

// Explanation is what becomes of a row.
type Explanation struct {
	Outcome  reports.Outcome // as a check has it; its status is not attempted if the row can be sent
	Cells    []Cell
	Fields   []Trace
	Problems []Problem // why it can't be sent: all that a check says, in its order
	JSON     []byte    // the request's body, with attachments as size and sha256; nil if it isn't sent
}

// Trace is what became of one field.
type Trace = mapping.Trace

// Problem is why a row can't be sent.
type Problem = mapping.Problem

// Cell is a cell with its column.
type Cell struct{ Column, Text string }

// Explain maps one row of a job's inputs and tells how. What becomes of the row is decided as a
// check decides it.
func Explain(ctx context.Context, job Job, which Which) (Explanation, error) {
	job, err := job.complete()
	if err != nil {
		return Explanation{}, err
	}
	inputs, err := intake.Open(job.Reading, job.reports(".check"), job.Log)
	if err != nil {
		return Explanation{}, err
	}
	defer inputs.Close()
	rules := &triage.Rules{Inputs: inputs.All, Key: inputs.Mapping.KeyText}
	rows := identity.NewMemory(inputs)
	for _, in := range inputs.All {
		for row := new(intake.Row); in.Next(row); {
			if ctx.Err() != nil {
				return Explanation{}, ctx.Err()
			}
			// Every row is identified, also those that are skipped: a repetition needs its first row.
			found := rows.Find(in, row)
			if which.skips(row) {
				continue
			}
			d := rules.Decide(in, &found, nil)
			if which.explains(d.Problems) {
				return explain(in, row, &d), nil
			}
		}
		if err := in.Err(); err != nil {
			return Explanation{}, err
		}
	}
	return Explanation{}, usage.Errorf("no row of the input is %s", which)
}

// explain shows how a decision came about.
func explain(in *intake.Input, row *intake.Row, d *triage.Decision) Explanation {
	e := Explanation{Outcome: d.Outcome, Problems: d.Problems}
	for i, name := range in.Header() {
		e.Cells = append(e.Cells, Cell{name, row.Cells[i]})
	}
	if e.Outcome.Key == "" && !in.Program().HasKey() {
		e.Outcome.Key = "row-…" // of the cells, which only the ledger counts
	}
	// Fields are shown as far as they go, also of a row that can't be sent: they tell why.
	_, e.Fields, _ = in.Program().Explain(row.Cells, e.Outcome.Key)
	if d.Send {
		e.Outcome.Status = reports.NotAttempted
		var problem *mapping.Problem
		if e.JSON, problem = wholeBody(&d.Case); problem != nil {
			e.Problems = append(e.Problems, *problem)
		}
	}
	return e
}

// wholeBody is the request's body, readable: attachments are their sizes and digests.
// Base64 would fill the screen. A file that can't be read is a problem of the row, as in a run.
func wholeBody(c *mapping.Case) ([]byte, *mapping.Problem) {
	type file struct {
		File   string `json:"file"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	}
	files := []file{}
	for i := range c.Attachments {
		a := &c.Attachments[i]
		f, problem := a.Open()
		if problem != nil {
			return nil, problem
		}
		hash := sha256.New()
		n, err := io.Copy(hash, f)
		f.Close()
		if err != nil {
			return nil, &mapping.Problem{
				Field:   "attachments",
				Error:   "attachment_unreadable",
				Message: fmt.Sprintf("attachments: %q can't be read: %v", a.Name, err),
				Hint:    "correct the file or the name",
			}
		}
		files = append(files, file{a.Name, n, hex.EncodeToString(hash.Sum(nil))})
	}
	list, err := json.Marshal(files)
	if err != nil {
		panic(err) // names and numbers
	}
	whole := append(bytes.TrimSuffix(c.JSON, []byte("}")), `,"attachments":`...)
	var b bytes.Buffer
	if err := json.Indent(&b, append(append(whole, list...), '}'), "", "  "); err != nil {
		panic(err) // it was made by appending JSON to JSON
	}
	return b.Bytes(), nil
}
