package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wolkvox-import/importer/internal/crm"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/reports"
)

// mostCanaries is how many rows a canary sends at most.
const mostCanaries = 50

// place is where a row stands.
type place struct{ input, row int }

// kind is what the CRM has to know for a case: each combination of these is tried.
type kind struct {
	Type        string `json:"case-type"`
	Status      string `json:"status"`
	Priority    string `json:"priority"`
	Owner       string `json:"owner"`
	Responsible string `json:"responsible"`
}

func (k kind) String() string {
	return fmt.Sprintf("%s, %s, %s, %s, %s", k.Type, k.Status, k.Priority, k.Owner, k.Responsible)
}

// canary sends one row of each kind before all others, reads the cases back, and says
// which fields did not arrive as they were sent. The run goes on only if all were created
// and the person agrees.
func (r *run) canary() error {
	if !r.job.Canary || r.stop.Err() != nil {
		return nil
	}
	tasks, more, err := r.kinds()
	if err != nil || len(tasks) == 0 {
		return err
	}
	if r.plans.Do(r.forecast); r.stop.Err() != nil {
		return nil
	}
	said := "canary: sending a row of each combination of case type, status, priority, owner and responsible"
	if more {
		said += fmt.Sprintf(", of the first %d", mostCanaries)
	}
	r.job.Log.Info(said, "rows", len(tasks), "requests", 2*len(tasks))
	r.ahead = map[place]bool{}
	var seen sight
	for _, t := range tasks {
		if r.stop.Err() != nil {
			break
		}
		r.ahead[place{t.in.number, t.row}] = true
		if o := r.submit(t); o.Status != reports.NotAttempted {
			r.compare(t, o, &seen)
		}
	}
	r.verdict(&seen, len(tasks))
	return nil
}

// sight is what a canary has seen of its cases.
type sight struct {
	created, whole int             // cases that exist, and that arrived as they were sent
	hidden         map[string]bool // fields that the CRM doesn't show
	putOff         bool            // the CRM answers no questions now
}

// verdict says what was seen, and lets the run go on or ends it.
func (r *run) verdict(seen *sight, of int) {
	r.job.Log.Info(fmt.Sprintf("canary: %d of %s created, and %d arrived as they were sent", seen.created, several(of, "case"), seen.whole))
	if len(seen.hidden) > 0 {
		r.job.Log.Info("canary: the CRM doesn't show these fields, so they could not be compared: " + strings.Join(slices.Sorted(maps.Keys(seen.hidden)), ", "))
	}
	const hint = "look at these cases at the CRM; to import the rest, run the same command without --canary"
	switch {
	case r.stop.Err() != nil:
	case seen.created < of:
		r.end(&Halt{StatusStopped, fmt.Sprintf("canary: %d of %s not created", of-seen.created, several(of, "row")), "mend the cause and run the same command again"})
	case r.job.Agreed == nil:
		r.end(&Halt{StatusPaused, "canary: all were created; nobody is here to be asked whether to go on, and --yes was not given", hint})
	case !r.job.Agreed(r.stop, fmt.Sprintf("%s created; go on with the rest? [y/N] ", several(of, "case"))):
		r.end(&Halt{StatusPaused, "canary: all were created; the person chose to stop here", hint})
	}
}

// kinds finds the first row of each kind among those that are to be sent.
func (r *run) kinds() (tasks []task, more bool, err error) {
	seen, keys := map[kind]bool{}, map[ledger.ID]bool{}
	for _, in := range r.inputs {
		err := r.sendable(in, func(t task) bool {
			var k kind
			if json.Unmarshal(t.c.JSON, &k) != nil || seen[k] || keys[t.claim.ID] {
				return true
			}
			keys[t.claim.ID] = true
			if more = len(tasks) == mostCanaries; more {
				return false
			}
			seen[k] = true
			tasks = append(tasks, t)
			return true
		})
		if err != nil || more {
			return tasks, more, err
		}
	}
	return tasks, false, nil
}

// sendable reads an input beforehand and yields what is going to be sent of it.
func (r *run) sendable(in *input, yield func(task) bool) (err error) {
	before, err := in.anew()
	if err != nil {
		return err
	}
	defer before.reader.Close()
	defer func() { err = errors.Join(err, r.startOver()) }() // the rows come once more
	for batch, err := range before.batches(1) {
		if err != nil {
			return err
		}
		if err := r.identify(before, batch); err != nil {
			return err
		}
		for _, it := range batch {
			if it.err != nil || it.problem != nil || it.known.before.Times > 0 || !r.free(it) {
				continue
			}
			c, wanted, problems := before.makeCase(it)
			if wanted && len(problems) == 0 && !yield(r.task(in, it, c)) {
				return nil
			}
		}
	}
	return nil
}

// free tells whether the ledger lets the row be sent.
func (r *run) free(it *item) bool {
	switch it.known.entry.State {
	case ledger.Unknown, ledger.Pending:
		return true
	case ledger.Rejected, ledger.Invalid:
		return !r.job.NoRetry
	}
	return false
}

// compare reads a case back and says what differs.
func (r *run) compare(t task, o reports.Outcome, seen *sight) {
	var k kind
	_ = json.Unmarshal(t.c.JSON, &k) // it was made here
	log := r.job.Log.With("row", t.row)
	if o.Status != reports.Created {
		log.Warn(fmt.Sprintf("canary: %s: %s", strings.ReplaceAll(string(o.Status), "_", " "), o.Message), "kind", k)
		return
	}
	seen.created++
	if seen.putOff {
		log.Warn(fmt.Sprintf("canary: the case %s was created and not read back, since the CRM puts questions off", o.WolkvoxID), "kind", k)
		return
	}
	found, err := r.readBack(o.WolkvoxID)
	if err != nil {
		seen.putOff = crm.PutOff(err)
		log.Warn(fmt.Sprintf("canary: the case %s was created and can't be read back: %v", o.WolkvoxID, err), "kind", k)
		return
	}
	differs, hidden := differences(t.c.JSON, found.Fields)
	for _, d := range differs {
		log.Warn("canary: " + d)
	}
	for _, name := range hidden {
		if seen.hidden == nil {
			seen.hidden = map[string]bool{}
		}
		seen.hidden[name] = true
	}
	if len(differs) == 0 {
		seen.whole++
	}
}

// readBack asks for a case, a few times: how soon a new one shows is not known.
func (r *run) readBack(id string) (found crm.Found, err error) {
	for try := range 4 {
		if sleep(r.stop, time.Duration(try)*time.Second) != nil {
			return found, errInterrupted
		}
		var cases []crm.Found
		if cases, err = r.sender.Find(r.stop, id); crm.PutOff(err) {
			return found, err // that has been waited for, as long as there is patience
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

// aliases are the names under which queries may show a field that an insert calls
// otherwise, without case and punctuation. What the CRM really uses is not documented.
var aliases = map[string][]string{
	"case-type":   {"typecase", "type"},
	"contact":     {"emailcontact", "contactemail"},
	"responsible": {"emailresponsible", "responsibleemail"},
	"owner":       {"emailowner", "owneremail"},
}

// differences compares a case as it was sent with the CRM's view of it: fields that
// differ, each as a sentence, and those that aren't shown at all.
func differences(sent []byte, shown map[string]any) (differs, missing []string) {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(sent))
	d.UseNumber()
	if d.Decode(&fields) != nil {
		return nil, nil
	}
	form, _ := fields["form"].(map[string]any)
	shownForm, _ := shown["form"].(map[string]any)
	delete(fields, "form")
	delete(fields, "operation")
	delete(fields, "attachments")
	for _, name := range sorted(fields) {
		value, ok := shownAs(shown, name)
		differs, missing = differ(differs, missing, name, fields[name], value, ok)
	}
	for _, name := range sorted(form) {
		value, ok := shownAs(shownForm, name)
		if !ok {
			value, ok = shownAs(shown, name)
		}
		differs, missing = differ(differs, missing, "form: "+name, form[name], value, ok)
	}
	return differs, missing
}

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shownAs finds a field by its name, or by one that queries have for it.
func shownAs(shown map[string]any, name string) (any, bool) {
	if v, ok := shown[name]; ok {
		return v, true
	}
	names := append([]string{plainName(name)}, aliases[name]...)
	for _, other := range sorted(shown) {
		if slices.Contains(names, plainName(other)) {
			return shown[other], true
		}
	}
	return nil, false
}

func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

func differ(differs, missing []string, name string, sent, shown any, ok bool) ([]string, []string) {
	switch {
	case !ok:
		return differs, append(missing, name)
	case same(sent, shown):
		return differs, missing
	}
	return append(differs, fmt.Sprintf("%s did not arrive as sent: sent %s, the CRM shows %s", name, brief(sent), brief(shown))), missing
}

// same compares values as people would. An object that the CRM shows for a text is the
// text's where any of its values is.
func same(sent, shown any) bool {
	if object, ok := shown.(map[string]any); ok {
		if _, wasObject := sent.(map[string]any); !wasObject {
			for _, v := range object {
				if same(sent, v) {
					return true
				}
			}
			return false
		}
	}
	return text(sent) == text(shown)
}

// text is a value without what transport may change: line ends and outer white space.
func text(v any) string {
	if s, ok := v.(string); ok {
		return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	}
	out, err := json.Marshal(v) // with the keys of objects in order
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}

// brief shows enough of a value to see what became of it.
func brief(v any) string {
	const most = 60
	s := text(v)
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", s)
}
