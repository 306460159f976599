package importer

import (
	"fmt"
	"strings"

	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/mapping"
	"wolkvox-import/reports"
)

// task is a row that is to be sent.
type task struct {
	in      *input
	row     int
	claim   ledger.Claim
	c       mapping.Case
	refused bool // by an earlier run too
}

// decide settles what can be settled without the CRM, and makes a case of the rest.
// The order matters: what the ledger knows of a row's key wins over all that may be
// wrong with its cells.
func (r *run) decide(in *input, it *item) (task, bool) {
	o := reports.Outcome{File: in.path, Row: it.number, Key: strings.ToValidUTF8(it.key, "\ufffd"), Status: reports.Skipped}
	switch {
	case r.ahead[place{in.number, it.number}]: // it has its outcome
	case it.err != nil, it.problem != nil:
		r.invalid(in, it, o, in.unreadable(it)...)
	case r.repeated(in, it, &o), r.settled(in, it, &o):
	case r.stop.Err() != nil:
		r.note(in, r.notAttempted(task{in: in, row: it.number, claim: ledger.Claim{Key: it.key}}))
	default:
		return r.apply(in, it, o)
	}
	return task{}, false
}

// unreadable lists what is wrong with a row that can't be read or has no key.
func (in *input) unreadable(it *item) []mapping.Problem {
	if it.err != nil {
		return []mapping.Problem{{Field: "row", Error: it.err.Word, Message: it.err.Message, Hint: it.err.Hint}}
	}
	return append(in.flawed(it), *it.problem)
}

// repeated settles a row whose key stands in this input already.
func (r *run) repeated(in *input, it *item, o *reports.Outcome) bool {
	before := it.known.before
	switch {
	case before.Times == 0:
		return false
	case before.Content != it.known.content:
		r.invalid(in, it, *o, repeatedKey(it.key, r.rowName(in, before.Input, before.Row)))
		return true
	}
	sameAs(o, r.rowName(in, before.Input, before.Row))
	o.WolkvoxID, o.IDPrefijo = it.known.entry.WolkvoxID, it.known.entry.IDPrefijo
	r.note(in, *o)
	return true
}

// stillRepeated tells whether a rejects file's row had the key of another one, and still has it.
func (in *input) stillRepeated(it *item) bool {
	return in.rejects && !it.given && strings.HasPrefix(it.cells[in.why], reports.RepeatedKey)
}

func sameAs(o *reports.Outcome, row string) {
	o.Error, o.Message = "repeated", "the same as "+row
}

func repeatedKey(key, row string) mapping.Problem {
	return mapping.Problem{Field: "key", Error: reports.RepeatedKey, Message: fmt.Sprintf("key: %q stands in %s already, with other cells", key, row),
		Hint: "one of the two rows has the wrong key; correct it"}
}

// settled settles a row whose key earlier runs have dealt with.
func (r *run) settled(in *input, it *item, o *reports.Outcome) bool {
	e := it.known.entry
	o.WolkvoxID, o.IDPrefijo = e.WolkvoxID, e.IDPrefijo
	switch {
	case r.free(it):
		return false
	case e.State == ledger.Rejected, e.State == ledger.Invalid:
		o.Error, o.Message = "left_alone", fmt.Sprintf("%s by an earlier run, and left alone (--no-retry)", e.State)
	case !it.given && e.Template != r.mapping.KeyText:
		o.WolkvoxID, o.IDPrefijo = "", ""
		r.invalid(in, it, *o, mapping.Problem{Field: "key", Error: reports.KeyInUse, Message: fmt.Sprintf("key: %q is already used by rows of the key %q", it.key, e.Template),
			Hint: "make the keys of the two mappings differ, for example by a word in front"})
		return true
	case it.known.changed && in.stillRepeated(it):
		o.WolkvoxID, o.IDPrefijo = "", ""
		r.invalid(in, it, *o, mapping.Problem{Field: "key", Error: reports.RepeatedKey, Message: fmt.Sprintf("key: %q is that of another row, which was imported with other cells", it.key),
			Hint: "this row still has the wrong key; correct it"})
		return true
	case e.State == ledger.Ignored:
		o.Error, o.Message = "ignored", "a person said that it is not to be sent (resolve --ignore)"
	case e.State == ledger.Created && it.known.changed:
		o.Changed = true
		o.Error, o.Message = "changed", "changed since its import; created earlier, and not sent again"
		o.Hint = "the row is in changed.csv: change the case at the CRM by hand"
	case e.State == ledger.Created:
		o.Message = "created earlier"
	default: // in doubt, or being sent by somebody we don't know of; an id is only what an answer named
		o.WolkvoxID, o.IDPrefijo = "", ""
		o.Status, o.Error, o.Message = reports.InDoubt, "in_doubt", "an earlier request for this row may have made a case; it is not sent again"
		o.Hint = "settle it by: wolkvox-import resolve --ledger " + r.ledgerPath() + " --auto --server " + r.server.String()
	}
	r.note(in, *o)
	return true
}

// apply maps the row.
func (r *run) apply(in *input, it *item, o reports.Outcome) (task, bool) {
	c, wanted, problems := in.makeCase(it)
	switch {
	case len(problems) > 0 && r.unable(problems[0].Err):
		r.note(in, r.notAttempted(task{in: in, row: it.number, claim: ledger.Claim{Key: it.key}}))
		return task{}, false
	case len(problems) > 0:
		r.invalid(in, it, o, problems...)
		return task{}, false
	case !wanted:
		filtered(&o)
		r.note(in, o)
		return task{}, false
	}
	return r.task(in, it, c), true
}

// reusedKeys tells whether most rows that were imported before have other cells, in one of the
// inputs: their keys may be those of other rows, as where numbers begin anew each year.
func reusedKeys(s *reports.Summary) bool {
	const few = 5
	for i := range s.Inputs {
		if reusedKeys(&s.Inputs[i]) {
			return true
		}
	}
	return len(s.Inputs) == 0 && s.Changed >= few && s.Changed > s.Known/2
}

// sayReused asks the person to look at an input whose keys may be those of other rows.
func (r *run) sayReused(in *input) {
	if s := &r.tallies[in.number]; reusedKeys(s) {
		r.job.Log.Warn(fmt.Sprintf("%s: %d of %d rows that were imported before have other cells: are these other tickets? if so, the key has to tell them from the earlier ones, for example by a year, and they can be imported; if not, look at changed.csv",
			in.path, s.Changed, s.Known))
	}
}

// task is the row's case, ready to be sent.
func (r *run) task(in *input, it *item, c mapping.Case) task {
	claim := r.claim(in, it)
	claim.Marker, claim.Contact, claim.Length, claim.Bytes = c.Marker, c.Contact, c.Length, c.Bytes
	return task{in: in, row: it.number, claim: claim, c: c, refused: it.known.entry.State == ledger.Rejected}
}

// makeCase is what the mapping makes of a row that nothing else has settled. The case is
// good where it is wanted and has no problems.
func (in *input) makeCase(it *item) (c mapping.Case, wanted bool, problems []mapping.Problem) {
	if problems := in.flawed(it); len(problems) > 0 {
		return c, false, problems
	}
	wanted, problem := in.program.Wants(it.cells)
	if problem != nil {
		return c, false, []mapping.Problem{*problem}
	}
	if wanted {
		c, problems = in.program.Apply(it.cells, it.key)
	}
	return c, wanted, problems
}

func filtered(o *reports.Outcome) {
	o.Error, o.Message = "filtered", "not wanted by when"
}

// claim is what the ledger keeps of the row. A key that a rejects file gave stays
// with the template that it was made by.
func (r *run) claim(in *input, it *item) ledger.Claim {
	template := r.mapping.KeyText
	if it.given { // what no entry has isn't claimed
		template = it.known.entry.Template
	}
	return ledger.Claim{ID: it.known.id, Key: it.key, Template: template, Columns: in.columns[0].id, Content: it.known.content}
}

// invalid records a row that can't become a case, with all of its problems.
func (r *run) invalid(in *input, it *item, o reports.Outcome, problems ...mapping.Problem) {
	spoilt(&o, problems)
	if it.known.id == (ledger.ID{}) || it.known.before.Times > 0 || !sendable(it.known.entry.State) {
		r.note(in, o)
		return
	}
	r.tally(in, o)
	if err := r.ledger.Refuse(r.claim(in, it), record(in, o)); err != nil {
		r.fail(err)
	}
}

// spoilt is the outcome of a row that can't become a case.
func spoilt(o *reports.Outcome, problems []mapping.Problem) {
	messages := make([]string, len(problems))
	for i, p := range problems {
		messages[i] = p.Message
	}
	o.Status, o.Error, o.Hint = reports.Invalid, problems[0].Error, problems[0].Hint
	o.Message = strings.ToValidUTF8(strings.Join(messages, "; "), "\ufffd")
}

// notAttempted is the outcome of a row that the run's end has overtaken.
func (r *run) notAttempted(t task) reports.Outcome {
	o := reports.Outcome{File: t.in.path, Row: t.row, Key: strings.ToValidUTF8(t.claim.Key, "\ufffd"), Status: reports.NotAttempted, Error: "not_attempted", Message: "the run stopped before this row"}
	if h := r.halt(); h != nil {
		o.Message, o.Hint = "not attempted: "+h.Why, h.Hint
	}
	return o
}
