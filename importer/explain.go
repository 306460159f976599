package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"wolkvox-import/mapping"
)

// Which chooses the row to explain: the first that answers to all that is given.
type Which struct {
	Row   int
	Key   string
	Error string // the word of a problem, as results.csv has it
}

// Explanation is what becomes of a row.
type Explanation struct {
	File     string
	Row      int
	Key      string
	Wanted   bool // by when
	Cells    []Cell
	Fields   []Trace
	Problems []mapping.Problem
	JSON     []byte // the request's body, with attachments as size and sha256; nil where there are problems
}

// Trace is what became of one field.
type Trace = mapping.Trace

// Cell is a cell with its column.
type Cell struct{ Column, Text string }

// Explain maps one row of a job's inputs and tells how.
func Explain(ctx context.Context, job Job, which Which) (Explanation, error) {
	p := &plan{job: job, dry: true}
	if err := p.settings(); err != nil {
		return Explanation{}, err
	}
	if err := p.open(); err != nil {
		return Explanation{}, err
	}
	defer p.close()
	for _, in := range p.inputs {
		for it := new(item); in.next(it); {
			if ctx.Err() != nil {
				return Explanation{}, ctx.Err()
			}
			in.findKey(it)
			if which.skips(it) {
				continue
			}
			if e := in.explain(it); which.Error == "" || e.has(which.Error) {
				return e, nil
			}
		}
		if err := in.reader.Err(); err != nil {
			return Explanation{}, err
		}
	}
	return Explanation{}, usage("no row of the input is %s", which)
}

func (w Which) skips(it *item) bool {
	return w.Row > 0 && it.number != w.Row || w.Key != "" && it.key != w.Key
}

func (w Which) String() string {
	switch {
	case w.Row > 0:
		return fmt.Sprintf("row %d (empty rows are no rows; the header is one)", w.Row)
	case w.Key != "":
		return fmt.Sprintf("that of the key %q", w.Key)
	}
	return fmt.Sprintf("one with the error %s", w.Error)
}

func (e *Explanation) has(word string) bool {
	for _, p := range e.Problems {
		if p.Error == word {
			return true
		}
	}
	return false
}

func (in *input) explain(it *item) Explanation {
	e := Explanation{File: in.path, Row: it.number, Key: it.key}
	for i, name := range in.header() {
		e.Cells = append(e.Cells, Cell{name, it.cells[i]})
	}
	if it.err != nil || it.problem != nil {
		e.Problems = in.unreadable(it)
	}
	var problem *mapping.Problem
	if e.Wanted, problem = in.program.Wants(it.cells); problem != nil {
		e.Problems = append(e.Problems, *problem)
	}
	if it.key == "" && !in.program.HasKey() {
		e.Key = "row-…" // of the cells, which only the ledger counts
	}
	e.Problems = append(e.Problems, in.flawed(it)...)
	c, traces, problems := in.program.Explain(it.cells, e.Key)
	e.Fields, e.Problems = traces, append(e.Problems, problems...)
	if len(e.Problems) == 0 {
		e.JSON, problem = wholeBody(&c)
		if problem != nil {
			e.Problems = append(e.Problems, *problem)
		}
	}
	return e
}

// wholeBody is the request's body, readable: attachments are their sizes and digests.
func wholeBody(c *mapping.Case) ([]byte, *mapping.Problem) {
	type file struct {
		File   string `json:"file"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	}
	files := []file{}
	for i := range c.Attachments {
		f, problem := c.Attachments[i].Open()
		if problem != nil {
			return nil, problem
		}
		hash := sha256.New()
		n, err := io.Copy(hash, f)
		f.Close()
		if err != nil {
			return nil, &mapping.Problem{Field: "attachments", Error: "attachment_unreadable", Message: fmt.Sprintf("attachments: %q can't be read: %v", c.Attachments[i].Name, err), Hint: "correct the file or the name"}
		}
		files = append(files, file{c.Attachments[i].Name, n, hex.EncodeToString(hash.Sum(nil))})
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
