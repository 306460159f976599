// Package triage decides what becomes of a row, as far as that can be known before its request
// leaves. A run, a check, an explanation and a canary ask it, and none of them decides by itself:
// so a check and a run of one file can't disagree but for what earlier runs have done.
//
//	the row, what is known of it, the rules ──Decide──► an outcome, or a case to be sent
//
// The order of its questions is the promise:
//
//  1. A row that can't be read, or has no key, is invalid.
//  2. A key that stands in these inputs already is a repetition, or a mistake.
//  3. What the ledger knows of the key comes before all that may be wrong with the row's cells:
//     what has, or may have, a case is never sent.
//  4. If the run has stopped, the row is not attempted.
//  5. The mapping makes a case of the row, or says why it can't.
//
// It asks no ledger, clock or network, and changes nothing.
package triage

import (
	"fmt"
	"strings"

	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// Rules are what decisions of one job have in common.
type Rules struct {
	Inputs  []*intake.Input // by their numbers, to name rows of
	Key     string          // the mapping's key, as it is written there
	NoRetry bool            // rows are left alone that earlier runs found rejected or invalid
	Settle  string          // the command that settles rows in doubt
}

// Decision is what becomes of a row.
type Decision struct {
	Outcome  reports.Outcome   // unless it is sent
	Send     bool              // the case is to be sent
	Case     mapping.Case      // good if it is to be sent
	Problems []mapping.Problem // all of them, if the row is invalid
	Keep     bool              // the row's entry in the ledger is to say that it is invalid
}

// Decide decides about a row. The halt is why no new row may be sent, or nil.
func (r *Rules) Decide(in *intake.Input, row *identity.Row, halt *stop.Halt) Decision {
	d := Decision{Outcome: reports.Outcome{
		Origin: reports.Origin{File: in.Path, Row: row.Number, Key: say.Valid(row.Key)},
		Status: reports.Skipped,
	}}
	switch problems := in.Unreadable(row.Row); {
	case problems != nil:
		d.invalid(row, problems...)
	case row.Before.Met():
		r.repeated(in, row, &d)
	case !r.free(row):
		r.known(in, row, &d)
	case halt != nil:
		d.Outcome = NotAttempted(in.Path, row.Number, row.Key, halt)
	default:
		r.apply(in, row, &d)
	}
	return d
}

// free tells whether the ledger lets the row be sent.
func (r *Rules) free(row *identity.Row) bool {
	state := row.Entry.State
	return state.Claimable() && !(r.NoRetry && (state == ledger.Rejected || state == ledger.Invalid))
}

// repeated decides about a row whose key stands in these inputs already.
func (r *Rules) repeated(in *intake.Input, row *identity.Row, d *Decision) {
	first := r.nameOf(in, row.Before)
	if !row.Before.Same {
		d.invalid(row, mapping.Problem{
			Field:   "key",
			Error:   reports.RepeatedKey,
			Message: fmt.Sprintf("key: %q stands in %s already, with other cells", row.Key, first),
			Hint:    "one of the two rows has the wrong key; correct it",
		})
		return
	}
	d.Outcome.Error, d.Outcome.Message = "repeated", "the same as "+first
	if row.Entry.State == ledger.Created { // otherwise an id is only what a doubtful answer named
		d.Outcome.WolkvoxID, d.Outcome.IDPrefijo = row.Entry.WolkvoxID, row.Entry.IDPrefijo
	}
}

// nameOf is how a row of any input is called in the reports of this one.
func (r *Rules) nameOf(in *intake.Input, e identity.Earlier) string {
	name := fmt.Sprintf("row %d", e.Row)
	if e.Input != in.Number {
		name += " of " + r.Inputs[e.Input].Path
	}
	return name
}

// known decides about a row whose key earlier runs have dealt with.
func (r *Rules) known(in *intake.Input, row *identity.Row, d *Decision) {
	o, e := &d.Outcome, row.Entry
	switch {
	case e.State == ledger.Rejected, e.State == ledger.Invalid:
		o.Error, o.Message = "left_alone", fmt.Sprintf("%s by an earlier run, and left alone (--no-retry)", e.State)
	case !row.Given && e.Template != r.Key:
		d.invalid(row, mapping.Problem{
			Field:   "key",
			Error:   reports.KeyInUse,
			Message: fmt.Sprintf("key: %q is already used by rows of the key %q", row.Key, e.Template),
			Hint:    "make the keys of the two mappings differ, for example by a word in front",
		})
		return
	case row.Changed && in.StillRepeated(row.Row):
		d.invalid(row, mapping.Problem{
			Field:   "key",
			Error:   reports.RepeatedKey,
			Message: fmt.Sprintf("key: %q is that of another row, which was imported with other cells", row.Key),
			Hint:    "this row still has the wrong key; correct it",
		})
		return
	case e.State == ledger.Ignored:
		o.Error, o.Message = "ignored", "a person said that it is not to be sent (resolve --ignore)"
	case e.State == ledger.Created && row.Changed:
		o.Changed = true
		o.Error, o.Message = "changed", "changed since its import; created earlier, and not sent again"
		o.Hint = "the row is in changed.csv: change the case at the CRM by hand"
	case e.State == ledger.Created:
		o.Message = "created earlier"
	default: // in doubt, or being sent by a process that nobody knows of
		o.Status, o.Error = reports.InDoubt, "in_doubt"
		o.Message = "an earlier request for this row may have made a case; it is not sent again"
		o.Hint = "settle it by: " + r.Settle
		return // its id, if it has one, is only what a doubtful answer named
	}
	o.WolkvoxID, o.IDPrefijo = e.WolkvoxID, e.IDPrefijo
}

// apply lets the mapping make a case of the row. A copy in an earlier input has the same cells, so it
// has the case that this row would have.
func (r *Rules) apply(in *intake.Input, row *identity.Row, d *Decision) {
	made, wanted, problems := in.Case(row.Row)
	switch {
	case len(problems) > 0:
		d.invalid(row, problems...)
	case !wanted:
		d.Outcome.Error, d.Outcome.Message = "filtered", "not wanted by when"
	case row.Copy.Met():
		d.Outcome.Error, d.Outcome.Message = "repeated", "the same as "+r.nameOf(in, row.Copy)
	default:
		d.Send, d.Case = true, made
	}
}

// invalid makes the row one that can't become a case. Its entry says so if the key is its own and
// nothing is known of it that must not be lost.
func (d *Decision) invalid(row *identity.Row, problems ...mapping.Problem) {
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.Message
	}
	d.Problems = problems
	o := &d.Outcome
	o.Status, o.Error, o.Hint = reports.Invalid, problems[0].Error, problems[0].Hint
	o.Message = say.Valid(strings.Join(messages, "; "))
	d.Keep = row.ID != (ledger.ID{}) && !row.Before.Met() && row.Entry.State.Claimable()
}

// NotAttempted is the outcome of a row that the end of the run has overtaken.
func NotAttempted(file string, row int, key string, halt *stop.Halt) reports.Outcome {
	o := reports.Outcome{
		Origin: reports.Origin{File: file, Row: row, Key: say.Valid(key)},
		Status: reports.NotAttempted,
		Reply:  reports.Reply{Error: "not_attempted", Message: "the run stopped before this row"},
	}
	if halt != nil {
		o.Message, o.Hint = "not attempted: "+halt.Why, halt.Hint
	}
	return o
}
