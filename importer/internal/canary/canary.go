// Package canary tries an import with a few rows before the rest: one of each kind of case, whose
// cases are read back from the CRM and compared with what was sent.
//
//	inputs ──Choose──► a task of each kind ──sent by the caller──► Compare ──► Conclude
//
// Its rules:
//
//   - Rows are chosen by the decisions of the run itself, so no row is sent that a run would not send.
//   - Choosing changes nothing: the finder forgets, and the run meets the same rows again.
//   - The cases are real ones. Their rows have their outcomes, and the run passes them over.
//   - What the CRM doesn't show proves nothing. A difference is said, and is no failure: only the
//     person can tell whether it matters.
package canary

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/intake"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/pace"
	"wolkvox-import/importer/internal/say"
	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/importer/internal/submit"
	"wolkvox-import/importer/internal/triage"
	"wolkvox-import/reports"
)

// mostRows is how many rows a canary sends at most: as many cases a person may look at and delete.
const mostRows = 50

// kind is what the CRM has to know for a case: each combination of these is tried, since refusals may
// hang on one alone, such as a status that a type doesn't have.
type kind struct{ Type, Status, Priority, Owner, Responsible string }

// String is for the log.
func (k kind) String() string {
	return fmt.Sprintf("%s, %s, %s, %s, %s", k.Type, k.Status, k.Priority, k.Owner, k.Responsible)
}

func kindOf(t *submit.Task) kind {
	c := &t.Case
	return kind{c.Type, c.Status, c.Priority, c.Owner, c.Responsible}
}

// Choose finds the first row of each kind among those that are to be sent; more tells that there
// are more kinds than a canary sends. The rows come once more, so the finder forgets them.
func Choose(
	inputs []*intake.Input, finder *identity.Finder, rules *triage.Rules,
) (tasks []submit.Task, more bool, err error) {
	defer func() { err = errors.Join(err, finder.Forget()) }()
	// A key may stand in two inputs, and its second row would be sent by a claim that is taken.
	seen, keys := map[kind]bool{}, map[ledger.ID]bool{}
	for _, in := range inputs {
		for t, err := range sendable(in, finder, rules) {
			if err != nil {
				return nil, false, err
			}
			k := kindOf(&t)
			if seen[k] || keys[t.Claim.ID] {
				continue
			}
			if len(tasks) == mostRows {
				return tasks, true, nil
			}
			seen[k], keys[t.Claim.ID] = true, true
			tasks = append(tasks, t)
		}
	}
	return tasks, false, nil
}

// sendable reads an input beforehand and yields what is going to be sent of it. Tasks stay good
// after that: they have texts of rows, and no row's memory.
func sendable(in *intake.Input, finder *identity.Finder, rules *triage.Rules) func(func(submit.Task, error) bool) {
	return func(yield func(submit.Task, error) bool) {
		before, err := in.Anew()
		if err != nil {
			yield(submit.Task{}, err)
			return
		}
		defer before.Done()
		// The task has the number of the input itself, which the copy of it shares.
		var rows []identity.Row
		for batch, err := range before.Batches(1) {
			if err == nil {
				rows, err = finder.Find(before, batch, rows)
			}
			if err != nil {
				yield(submit.Task{}, err)
				return
			}
			for i := range rows {
				d := rules.Decide(before, &rows[i], nil)
				if d.Send && !yield(submit.NewTask(in, &rows[i], d.Case, finder.Claim(in, &rows[i])), nil) {
					return
				}
			}
		}
	}
}

// Reader reads the canary's cases back. It is for one goroutine. Its questions go by the run's own
// sender, so they count against the same quota and heed the same pauses.
type Reader struct {
	Sender *pace.Sender
	Log    *slog.Logger

	created, whole int             // cases that exist, and that arrived as they were sent
	hidden         map[string]bool // fields that the CRM doesn't show
	putOff         bool            // the CRM answers no questions now
}

// Begin says what is going to be sent.
func (r *Reader) Begin(rows int, more bool) {
	said := "canary: sending a row of each combination of case type, status, priority, owner and responsible"
	if more {
		said += fmt.Sprintf(", of the first %d", mostRows)
	}
	r.Log.Info(said, "rows", rows, "requests", 2*rows)
}

// Compare reads a case back and says what differs. A row without a case is said too. Nothing that it
// finds is an error: Conclude draws the sum. Once the CRM puts questions off, it isn't asked again.
func (r *Reader) Compare(ctx context.Context, t *submit.Task, o *reports.Outcome) {
	log := r.Log.With("row", t.Row)
	k := kindOf(t)
	if o.Status != reports.Created {
		log.Warn(fmt.Sprintf("canary: %s: %s", strings.ReplaceAll(string(o.Status), "_", " "), o.Message), "kind", k)
		return
	}
	r.created++
	if r.putOff {
		log.Warn(fmt.Sprintf("canary: the case %s was created and not read back, since the CRM puts questions off",
			o.WolkvoxID), "kind", k)
		return
	}
	found, err := r.readBack(ctx, o.WolkvoxID)
	if err != nil {
		r.putOff = crm.PutOff(err)
		log.Warn(fmt.Sprintf("canary: the case %s was created and can't be read back: %v", o.WolkvoxID, err), "kind", k)
		return
	}
	differs, hidden := differences(t.Case.JSON, found.Fields)
	for _, d := range differs {
		log.Warn("canary: " + d)
	}
	for _, name := range hidden {
		if r.hidden == nil {
			r.hidden = map[string]bool{}
		}
		r.hidden[name] = true
	}
	if len(differs) == 0 {
		r.whole++
	}
}

// readBack asks for a case, a few times: how soon a new one shows is not known.
func (r *Reader) readBack(ctx context.Context, id string) (found crm.Found, err error) {
	for try := range 4 {
		// 0, 1, 2, 3 seconds: six in all.
		if err := stop.Sleep(ctx, time.Duration(try)*time.Second); err != nil {
			return found, err
		}
		var cases []crm.Found
		if cases, err = r.Sender.Find(ctx, id); crm.PutOff(err) {
			return found, err // the sender has waited for it already
		} else if err != nil {
			continue
		}
		if i := slices.IndexFunc(cases, func(f crm.Found) bool { return f.WolkvoxID == id }); i >= 0 {
			return cases[i], nil
		}
		err = errors.New("the CRM doesn't show it")
	}
	return found, err
}

// Conclude says what was seen of so many rows, and returns why the run should stop, or nil. The
// person is asked through agreed; nil is that nobody is there. A row that was not created stops the
// run, and is for the exit status worse than a person's no, which only pauses it.
func (r *Reader) Conclude(ctx context.Context, of int, agreed func(context.Context, string) bool) *stop.Halt {
	r.Log.Info(fmt.Sprintf("canary: %d of %s created, and %d arrived as they were sent",
		r.created, say.Several(of, "case"), r.whole))
	if len(r.hidden) > 0 {
		r.Log.Info("canary: the CRM doesn't show these fields, so they could not be compared: " +
			strings.Join(slices.Sorted(maps.Keys(r.hidden)), ", "))
	}
	const hint = "look at these cases at the CRM; to import the rest, run the same command without --canary"
	switch {
	// Whatever ended the run is the reason already.
	case ctx.Err() != nil:
	case r.created < of:
		why := fmt.Sprintf("canary: %d of %s not created", of-r.created, say.Several(of, "row"))
		return &stop.Halt{Status: stop.Stopped, Why: why, Hint: "mend the cause and run the same command again"}
	case agreed == nil:
		why := "canary: all were created; nobody is here to be asked whether to go on, and --yes was not given"
		return &stop.Halt{Status: stop.Paused, Why: why, Hint: hint}
	case !agreed(ctx, fmt.Sprintf("%s created; go on with the rest? [y/N] ", say.Several(of, "case"))):
		why := "canary: all were created; the person chose to stop here"
		return &stop.Halt{Status: stop.Paused, Why: why, Hint: hint}
	}
	return nil
}
