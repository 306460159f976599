package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wolkvox-import/importer/internal/identity"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/source"
	"wolkvox-import/importer/internal/usage"
	"wolkvox-import/mapping"
)

// Verdict is what a person says of a row.
type Verdict struct {
	Key  string
	Word string // one of Verdicts
	ID   string // the wolkvox_id, if the word is created
}

// meaning is what a verdict does.
type meaning struct {
	word, means string
	from        []ledger.State
	to          ledger.State
}

// verdicts is the table of what a person may say.
var verdicts = []meaning{
	{"created", "the case exists, with this wolkvox_id",
		[]ledger.State{ledger.InDoubt}, ledger.Created},
	{"absent", "there is no case; the next run may send the row",
		[]ledger.State{ledger.InDoubt}, ledger.Pending},
	{"ignore", "the row is never to be sent",
		[]ledger.State{ledger.InDoubt, ledger.Pending, ledger.Rejected, ledger.Invalid}, ledger.Ignored},
	{"deleted", "its case was removed at the CRM; the next run may send the row again",
		[]ledger.State{ledger.Created}, ledger.Pending},
}

// Verdicts lists the words of a Verdict, each with its meaning.
func Verdicts() (words, meanings []string) {
	for _, v := range verdicts {
		words, meanings = append(words, v.word), append(meanings, v.means)
	}
	return words, meanings
}

// Decide records what a person says of rows: all of it, or nothing if something of it is wrong. It
// returns how many rows are in doubt still.
// who is written into the history, as the evidence.
func Decide(path, who string, said []Verdict) (left int, err error) {
	l, err := openOwn(path)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	var errs []error
	resolutions := make([]ledger.Resolution, len(said))
	// All mistakes of a file are said at once, those that its rows make of each other among them.
	keys, ids := map[string]bool{}, map[string]string{}
	for i, v := range said {
		if keys[v.Key] {
			errs = append(errs, fmt.Errorf("%q: it is said twice what became of it", v.Key))
		}
		if other, taken := ids[v.ID]; taken && v.ID != "" {
			errs = append(errs, fmt.Errorf("%q: the case %s can't be that of the row %q as well", v.Key, v.ID, other))
		}
		keys[v.Key], ids[v.ID] = true, v.Key
		if resolutions[i], err = v.resolution(l, who); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return 0, usage.Of(err)
	}
	if err := l.Resolve(resolutions...); err != nil {
		return 0, err
	}
	counts, err := l.Counts()
	return counts[ledger.InDoubt], err
}

// resolution is the verdict as the ledger takes it, or why it makes no sense. Nothing is written yet.
func (v Verdict) resolution(l ledger.Ledger, who string) (ledger.Resolution, error) {
	r := ledger.Resolution{ID: identity.IDOf(v.Key), WolkvoxID: v.ID, Evidence: fmt.Sprintf("%s said: %s", who, v.Word)}
	i := slices.IndexFunc(verdicts, func(known meaning) bool { return known.word == v.Word })
	if i < 0 {
		words, _ := Verdicts()
		return r, fmt.Errorf("%q: there is no verdict %q; there are %s", v.Key, v.Word, strings.Join(words, ", "))
	}
	state, id, err := l.Find(r.ID)
	switch {
	case err != nil:
		return r, err
	case state == ledger.Unknown:
		return r, fmt.Errorf("the ledger has no row with the key %q; status lists those in doubt", v.Key)
	case !slices.Contains(verdicts[i].from, state):
		return r, fmt.Errorf("the row %q is %s, and %s is for rows that are %s",
			v.Key, state, v.Word, statesText(verdicts[i].from))
	case verdicts[i].to == ledger.Created && strings.TrimSpace(v.ID) == "":
		return r, fmt.Errorf("%q: created needs the case's wolkvox_id", v.Key)
	case verdicts[i].to != ledger.Created && v.ID != "":
		return r, fmt.Errorf("%q: %s goes without an id", v.Key, v.Word)
	case verdicts[i].to == ledger.Created:
		owner, taken, err := l.Owner(v.ID)
		if err != nil {
			return r, err
		}
		if taken {
			return r, fmt.Errorf("%q: the case %s is that of the row %q", v.Key, v.ID, owner)
		}
	}
	if state == ledger.Created {
		r.Evidence += " (the case was " + id + ")"
	}
	r.From, r.To = state, verdicts[i].to
	return r, nil
}

// statesText lists states for a sentence.
func statesText(states []ledger.State) string {
	var words []string
	for _, s := range states {
		words = append(words, string(s))
	}
	return strings.Join(words, " or ")
}

// ReadVerdicts reads a file with the columns key, verdict and id, CSV or XLSX as inputs are.
// Rows without a key are passed over. Its errors are *usage.Error, and then nothing was recorded.
func ReadVerdicts(path string) ([]Verdict, error) {
	r, err := source.Open(path, source.Options{})
	if err != nil {
		return nil, usage.Of(err)
	}
	defer r.Close()
	header := mapping.NewHeader(r.Header())
	var column [3]int
	for i, name := range []string{"key", "verdict", "id"} {
		if column[i], err = header.Find(name); err != nil && name != "id" {
			return nil, usage.Errorf("%s: there is no column %q; it needs key, verdict and id", path, name)
		} else if err != nil {
			column[i] = -1 // it isn't needed for every verdict
		}
	}
	var said []Verdict
	for r.Next() {
		row := r.Row()
		if row.Err != nil {
			return nil, usage.Errorf("%s, row %d: %w", path, row.Number, row.Err)
		}
		of := func(i int) string {
			if column[i] < 0 {
				return ""
			}
			return strings.TrimSpace(row.Cells[column[i]])
		}
		if of(0) != "" {
			said = append(said, Verdict{Key: of(0), Word: strings.ToLower(of(1)), ID: of(2)})
		}
	}
	if err := r.Err(); err != nil {
		return nil, usage.Of(err)
	}
	return said, nil
}
