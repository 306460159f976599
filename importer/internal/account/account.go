// Package account keeps what a run tells of itself beside what the ledger records of each row, so
// that its reports can be written: at its end, again later, or of a run that was killed.
//
//	Account (the run, its inputs) + records (a row each) + cells (of the input) ──Write──► reports
//
// The JSON of an Account lies in ledgers. Its names must stay, or old ledgers lose their last
// report.
package account

import (
	"encoding/json"
	"path/filepath"
	"time"

	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/reports"
)

// Account is what a run tells the ledger of itself: once at its beginning, with nothing read, so that
// a killed run can be reported on, and once at its end. Fields may be added, and a program must do
// without those that an older one didn't write.
type Account struct {
	About   reports.About
	Formats []string
	Keep    []string // files that no report may replace
	Inputs  []Input
	Renewed time.Time // when the first token's quota is renewed, as far as that is known

	Templates []string // of all keys in the ledger; an older program says none
}

// Input is what a run tells of one of its inputs.
type Input struct {
	Source  reports.Source
	Options source.Options
	Rejects bool
	Header  []string
	Out     string // folder of its reports
	Read    int    // rows
}

// OfInput is the account of an input as far as it has been read. The header is the person's, without
// what a rejects file puts before cells.
func OfInput(in *intake.Input) Input {
	return Input{in.Source, in.Options, in.IsRejects(), in.Header(), in.Out, in.Read()}
}

// Last is the ledger's last run and what it told of itself. The error is ledger.ErrNoRun if there
// was none.
// An account that can't be read is an error of its own.
func Last(view ledger.View) (last ledger.Run, a Account, err error) {
	if last, err = view.LastRun(); err == nil {
		err = json.Unmarshal(last.About, &a)
	}
	return last, a, err
}

// JSON is the account as the ledger keeps it.
func (a *Account) JSON() []byte {
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

// Of is what the reports of one input say of the run. Its exit status is the caller's to set.
func (a *Account) Of(i int) reports.About {
	about := a.About
	// About is a copy: what is set here is of this input alone.
	about.Input, about.RowsRead = a.Inputs[i].Source, a.Inputs[i].Read
	return about
}

// MoveTo sends the reports to another folder, one inside it for each of several inputs: their names
// are those of their old folders, which the run made different.
func (a *Account) MoveTo(out string) {
	for i := range a.Inputs {
		if len(a.Inputs) == 1 {
			a.Inputs[i].Out = out
		} else {
			a.Inputs[i].Out = filepath.Join(out, filepath.Base(a.Inputs[i].Out))
		}
	}
}
