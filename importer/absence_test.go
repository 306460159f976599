package importer_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wolkvox-import/importer"
	"wolkvox-import/importer/sandbox"
)

// kind is a world in which one thing makes a case hard to find.
type kind struct {
	name string
	make func(w *world)
}

// doubtful loses answers, with and without a case behind them.
func doubtful(w *world) {
	w.patience = 3
	w.config.Faults = sandbox.Faults{ResetAfter: 0.35, ErrorBefore: 0.15}
}

// someKeys gives some rows another kind of key, and all of them texts of one length.
func someKeys(w *world, others string) {
	for i := range w.rows {
		format := "abcd%d" // no shorter than the others
		if w.rand.IntN(2) == 0 {
			format = others
		}
		w.rows[i].key, w.rows[i].detail = fmt.Sprintf(format, i), "xxxxxxxx"
	}
}

// someTexts gives some rows another text, of as many characters as the rest have.
func someTexts(w *world, other string) {
	for i := range w.rows {
		w.rows[i].detail = strings.Repeat("x", 30)
		if w.rand.IntN(2) == 0 {
			w.rows[i].detail = strings.Repeat(other, 30/utf8.RuneCountInString(other))
		}
	}
}

var kinds = []kind{
	{"pages, the newest first", func(w *world) {
		w.config.Queries = sandbox.Queries{Page: 2, Newest: true, Descriptions: "refused"}
	}},
	{"pages, the oldest first", func(w *world) {
		w.config.Queries = sandbox.Queries{Page: 2, Descriptions: "whole", Total: "none"}
	}},
	{"search by regular expression", func(w *world) {
		w.config.Queries.Descriptions = "regexp"
		someKeys(w, "S-%d")
	}},
	{"descriptions kept as HTML", func(w *world) {
		w.config.Storage.HTML = true
		someKeys(w, "R&%d")
	}},
	{"descriptions cut by bytes", func(w *world) {
		w.config.Storage.CutBytes = 60
		someTexts(w, "ñ")
	}},
	{"descriptions cut at the first emoji", func(w *world) {
		w.config.Storage.Astral = true
		someTexts(w, "😀")
	}},
	{"blanks squeezed", func(w *world) {
		w.config.Storage.Blanks = true
		someKeys(w, "a  %d")
	}},
	{"descriptions edited", func(w *world) { w.config.Agents.AddBelow = 0.5 }},
	{"a search that dies", func(w *world) {
		w.config.Queries.DeadAfter, w.config.Faults = 2+w.rand.IntN(2), sandbox.Faults{ResetAfter: 0.3, ErrorBefore: 0.3}
		someTexts(w, "y")
	}},
	{"an upload that uses the margin up", func(w *world) {
		w.slow, w.mortal, w.config.Faults = 50*time.Second, 1, sandbox.Faults{Slow: 0.4}
	}},
	{"a clock that jumps forward", func(w *world) {
		w.jump, w.config.Faults = time.Hour, sandbox.Faults{Slow: 0.4}
	}},
}

// mostSeeds is how many worlds of a kind the naive rule may survive.
const mostSeeds = 40

// TestAbsenceIsProven is the control of the simulation's proofs, of each kind. A rule that
// takes "not found, though another case is" for absence makes a second case, or else these
// worlds are blind; the program makes none in the same ones.
func TestAbsenceIsProven(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			caught := uint64(0)
			for seed := uint64(1); seed <= mostSeeds && (caught == 0 || seed < caught+4); seed++ {
				if caught == 0 {
					err := inWorld(t, seed, k, true)
					if second := new(secondCase); errors.As(err, &second) {
						caught = seed
					} else if err != nil {
						t.Errorf("seed %d, by the naive rule: %v", seed, err)
					}
				}
				if err := inWorld(t, seed, k, false); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			if t.Logf("the naive rule is caught in world %d", caught); caught == 0 {
				t.Errorf("in %d worlds the naive rule makes no second case", mostSeeds)
			}
		})
	}
}

// inWorld returns what went wrong in a world of a kind, whose rows in doubt are settled by
// the naive rule, or by the program.
func inWorld(t *testing.T, seed uint64, k kind, naively bool) (wrong error) {
	inBubble(t, func(t *testing.T, dir string) {
		make := k.make
		k.make = func(w *world) { doubtful(w); make(w) }
		w := newWorld(t, seed, dir, &k)
		defer w.end()
		if naively {
			w.settle = (&naive{world: w}).settle
		}
		wrong = w.live()
	})
	return wrong
}

// naive settles rows in doubt by a rule that sounds well: a case whose last line is the
// marker is the row's; where there is none, a created case with a description as long is
// asked for in the same way, once; if that is found, and the margin since the claim has
// passed, there is no case.
type naive struct {
	*world
	shown map[question]bool // controls
}

type question struct{ field, value string }

func (n *naive) settle() error {
	doubts, err := importer.Doubts(n.ledger)
	if err != nil {
		return err
	}
	n.shown = map[question]bool{}
	var said []importer.Verdict
	for _, d := range doubts {
		time.Sleep(simMargin - time.Now().Add(n.jump).Sub(d.Since))
		v, err := n.one(d)
		if err != nil {
			return err
		}
		taken := func(other importer.Verdict) bool { return other.ID != "" && other.ID == v.ID }
		if v.Word != "" && !slices.ContainsFunc(said, taken) {
			said = append(said, v)
		}
	}
	_, err = importer.Decide(n.ledger, "a naive rule", said)
	return err
}

func (n *naive) one(d importer.Doubt) (importer.Verdict, error) {
	for _, q := range []question{{"description", d.Marker}, {"email contact", d.Contact}} {
		ids, ok := n.find(q, d.Marker)
		switch {
		case !ok:
		case len(ids) > 0:
			return importer.Verdict{Key: d.Key, Word: "created", ID: slices.Min(ids)}, nil
		case n.controlled(d, q.field):
			return importer.Verdict{Key: d.Key, Word: "absent"}, nil
		}
	}
	return importer.Verdict{}, nil
}

// controlled tells whether the CRM shows, or once showed, a created case that is as long.
func (n *naive) controlled(d importer.Doubt, field string) bool {
	row := func(key string) simRow {
		return n.rows[slices.IndexFunc(n.rows, func(r simRow) bool { return r.key == key })]
	}
	length := func(key string) int { return utf8.RuneCountInString(row(key).detail + key) }
	created := slices.DeleteFunc(n.results(), func(o simResult) bool {
		return o.WolkvoxID == "" || length(o.Key) < length(d.Key)
	})
	if len(created) == 0 {
		return false
	}
	control := slices.MinFunc(created, func(a, b simResult) int { return cmp.Compare(length(a.Key), length(b.Key)) })
	marker := "[ref:" + control.Key + "]"
	q := question{field, marker}
	if field != "description" {
		q.value = row(control.Key).contact
	}
	if _, asked := n.shown[q]; !asked {
		ids, _ := n.find(q, marker)
		n.shown[q] = slices.Contains(ids, control.WolkvoxID)
	}
	return n.shown[q]
}

// find asks the CRM, and returns the cases that end with the marker.
func (n *naive) find(q question, marker string) (ids []string, ok bool) {
	client := &http.Client{Transport: &http.Transport{DialContext: n.wire.dial, DisableKeepAlives: true}}
	body, err := json.Marshal(map[string]string{"operation": "op", "field": q.field, "value": q.value})
	if err != nil {
		n.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.job.Server+"/server/API/v2/cases/queryCases.php", bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Wolkvox-Token", "one")
	response, err := client.Do(request)
	if err != nil {
		return nil, false
	}
	defer response.Body.Close()
	var answer struct {
		Data []struct {
			ID          string `json:"wolkvox_id"`
			Description string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return nil, false
	}
	for _, c := range answer.Data {
		lines := strings.Split(strings.TrimRight(c.Description, " \r\n"), "\n")
		if strings.TrimSpace(lines[len(lines)-1]) == marker {
			ids = append(ids, c.ID)
		}
	}
	return ids, true
}
