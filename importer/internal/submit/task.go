package submit

import (
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Task is a row that is to be sent, as plain data: whoever has it needs neither the input nor the
// mapping. Its attachments are paths with the size and the time that they had.
type Task struct {
	Input   int    // number of the input
	File    string // the input's path
	Row     int    // as a spreadsheet shows it
	Claim   ledger.Claim
	Case    mapping.Case
	Refused bool // by an earlier run too
}

// NewTask makes a task of a row and its case. The claim is the row's, without what comes from the
// case.
func NewTask(in *intake.Input, row *identity.Row, c mapping.Case, claim ledger.Claim) Task {
	claim.Marker, claim.Contact, claim.Length, claim.Bytes = c.Marker, c.Contact, c.Length, c.Bytes
	return Task{
		Input:   in.Number,
		File:    in.Path,
		Row:     row.Number,
		Claim:   claim,
		Case:    c,
		Refused: row.Entry.State == ledger.Rejected,
	}
}

// NotAttempted is the task's outcome if nothing of it was sent, for the reason that the run stopped.
func (t *Task) NotAttempted(halt *stop.Halt) reports.Outcome {
	return triage.NotAttempted(t.File, t.Row, t.Claim.Key, halt)
}
