package ledgertest_test

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wolkvox-import/importer/internal/clock"
	"wolkvox-import/importer/internal/ledger"
	"wolkvox-import/importer/internal/ledger/ledgertest"
)

// A memory is the simplest ledger that keeps the contract: a log of changes, of which some are
// durable, and what they amount to. With a defect it breaks one rule, for the suite to find.
type memory struct {
	mu     sync.Mutex
	log    []func(*content) // every change, in order
	synced int              // how many of them outlive a kill
	held   bool
	full   bool
	defect string
	content
}

// content is what the changes amount to.
type content struct {
	binding ledger.Binding // of nobody until it is made
	entries map[ledger.ID]*row
	claimed []ledger.ID // in the order of their first claims
	records map[int]map[int][]byte
	runs    []ledger.Run
	sets    []string
}

// row is an entry with all that is kept of it.
type row struct {
	ledger.Claim
	ledger.Settlement
	run              int
	claimed, settled time.Time
}

func (m *memory) is(defect string) bool { return m.defect == defect }

func blank() content {
	return content{entries: map[ledger.ID]*row{}, records: map[int]map[int][]byte{}}
}

// change applies a change; a durable one takes all before it along.
func (m *memory) change(durable bool, apply func(*content)) {
	m.log = append(m.log, apply)
	apply(&m.content)
	if durable {
		m.synced = len(m.log)
	}
}

// memoryPlace is where one memory is kept.
func memoryPlace(m *memory) ledgertest.Place {
	return ledgertest.Place{
		Open: func(b ledger.Binding) (ledger.Ledger, error) { return m.open(b) },
		Look: func() (ledger.View, error) { return &memoryView{m, !m.held}, nil },
		Kill: func(l ledger.Ledger) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.log, m.content, m.held = m.log[:m.synced], blank(), false
			for _, apply := range m.log {
				apply(&m.content)
			}
		},
	}
}

func (m *memory) open(b ledger.Binding) (ledger.Ledger, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held && !m.is("two may write") {
		run := m.runs[len(m.runs)-1]
		return nil, &ledger.BusyError{Path: "memory", PID: run.PID, Started: run.Started}
	}
	l := &opened{memory: m, memoryView: memoryView{m, false}, opening: ledger.Opening{Fresh: m.entries == nil}}
	if m.entries == nil {
		m.content = blank()
	} else if _, err := b.Check("memory", m.binding.Operation, m.binding.Server); err != nil && !m.is("anybody's") {
		return nil, err
	}
	m.change(true, func(c *content) { c.binding = b })
	now := clock.Clock(nil).Now()
	for id, r := range m.entries {
		if r.State == ledger.Sending && !m.is("recovers nothing") {
			m.change(true, func(c *content) {
				r := c.entries[id]
				r.State, r.At, r.settled, r.Evidence = ledger.InDoubt, now, r.claimed, "its process died"
			})
			l.opening.Recovered++
		}
	}
	m.held = true
	return l, nil
}

// opened is an open memory.
type opened struct {
	*memory
	memoryView
	opening ledger.Opening
	dropped bool
	late    []ledger.Record
	ahead   map[ledger.ID]ledger.Entry // told for ever, by one defect
}

func (o *opened) Opening() ledger.Opening { return o.opening }

func (o *opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held {
		o.held, o.synced = false, len(o.log)
	}
	return nil
}

func (o *opened) Claim(c ledger.Claim) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.full && !o.is("claims on a full disk") {
		o.dropped = true // for as long as it is open
	}
	if o.dropped {
		return ledger.ErrFull
	}
	if e := o.entries[c.ID]; e != nil && !e.State.Claimable() {
		return ledger.ErrNotClaimable
	}
	if o.is("two winners") {
		o.mu.Unlock()
		time.Sleep(time.Millisecond)
		o.mu.Lock()
	}
	now, run := time.Now(), len(o.runs)
	o.change(!o.is("claims are not durable"), func(content *content) {
		e := content.entry(c.ID)
		e.Claim, e.run, e.claimed, e.State = c, run, now, ledger.Sending
	})
	if o.is("settlements wait") {
		o.synced--
	}
	return nil
}

// entry is the key's, which is made if it isn't there.
func (c *content) entry(id ledger.ID) *row {
	if c.entries[id] == nil {
		c.entries[id] = &row{}
		c.claimed = append(c.claimed, id)
	}
	return c.entries[id]
}

func (o *opened) mine(id ledger.ID) bool {
	e := o.entries[id]
	return e != nil && e.State == ledger.Sending && (e.run == len(o.runs) || o.is("settles for others"))
}

func (o *opened) Release(id ledger.ID, evidence string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.mine(id) {
		return ledger.ErrNotClaimable
	}
	o.conclude(true, ledger.Settlement{ID: id, State: ledger.Pending, Evidence: evidence})
	return nil
}

func (o *opened) conclude(durable bool, s ledger.Settlement, records ...ledger.Record) {
	now := time.Now()
	o.change(durable, func(c *content) {
		e := c.entries[s.ID]
		e.Settlement, e.settled = s, now
		c.record(records)
	})
}

func (c *content) record(list []ledger.Record) {
	for _, r := range list {
		if c.records[r.Input] == nil {
			c.records[r.Input] = map[int][]byte{}
		}
		c.records[r.Input][r.Row] = r.Outcome
	}
}

func (o *opened) Settle(s ledger.Settlement, r ledger.Record, done func(error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.mine(s.ID) {
		if o.is("records of nothing") {
			o.change(true, func(c *content) { c.record([]ledger.Record{r}) })
		}
		done(ledger.ErrNotClaimable)
		return
	}
	o.conclude(!o.is("settlements wait"), s, r)
	if o.is("settlements are not durable") {
		o.log[len(o.log)-1] = func(*content) {} // what a kill leaves of it
	}
	done(nil)
}

func (o *opened) Refuse(claim ledger.Claim, r ledger.Record) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	free := o.entries[claim.ID] == nil || o.entries[claim.ID].State.Claimable() || o.is("refusals overwrite")
	o.change(false, func(c *content) {
		if free {
			e := c.entry(claim.ID)
			if e.State == ledger.Unknown {
				e.Claim, e.claimed = claim, now
				e.Marker, e.Contact = "", ""
			}
			e.Key, e.Template, e.State, e.settled = claim.Key, claim.Template, ledger.Invalid, now
		}
		c.record([]ledger.Record{r})
	})
	return nil
}

func (o *opened) Begin(pid int, about []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	run := ledger.Run{ID: int64(len(o.runs) + 1), PID: pid, Started: time.Now(), About: about}
	o.change(true, func(c *content) {
		c.runs = append(c.runs, run)
		if !o.is("records of all runs") {
			clear(c.records)
		}
	})
	return nil
}

func (o *opened) End(about []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	o.change(true, func(c *content) { run := &c.runs[len(c.runs)-1]; run.Ended, run.About = now, about })
	return nil
}

func (o *opened) Note(list []ledger.Record) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.full {
		o.dropped = !o.is("drops in silence")
		return nil
	}
	if o.is("notes late") {
		o.late = append(o.late, list...)
		return nil
	}
	o.change(false, func(c *content) { c.record(list) })
	return nil
}

func (o *opened) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	late := o.late
	o.change(!o.is("flushes nothing"), func(c *content) { c.record(late) })
	o.late = nil
	if o.dropped {
		return ledger.ErrFull
	}
	return nil
}

func (o *opened) ColumnSet(names string) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.sets, names); i >= 0 {
		return int64(i), nil
	}
	o.change(!o.is("forgets columns"), func(c *content) { c.sets = append(c.sets, names) })
	return int64(len(o.sets) - 1), nil
}

func (o *opened) Resolve(list ...ledger.Resolution) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	states := map[ledger.ID]ledger.State{}
	for id, e := range o.entries {
		states[id] = e.State
	}
	for i, r := range list {
		if err := r.Check(); err != nil {
			return err
		}
		if states[r.ID] != r.From && !o.is("resolves whatever is there") || o.entries[r.ID] == nil {
			if o.is("resolves by halves") {
				o.resolve(list[:i], now)
			}
			return fmt.Errorf("resolution %d: %w", i, ledger.ErrNotClaimable)
		}
		states[r.ID] = r.To
	}
	o.resolve(list, now)
	return nil
}

func (o *opened) resolve(list []ledger.Resolution, now time.Time) {
	o.change(!o.is("resolutions are not durable"), func(c *content) {
		for _, r := range list {
			e := c.entries[r.ID]
			e.Settlement = ledger.Settlement{ID: r.ID, State: r.To, WolkvoxID: r.WolkvoxID, IDPrefijo: r.IDPrefijo, Evidence: r.Evidence}
			e.settled = now
		}
	})
}

func (o *opened) Purge(before time.Time) (purged int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	keeps := []ledger.State{ledger.Sending, ledger.InDoubt}
	if o.is("purges doubts") {
		keeps = nil
	}
	ids := map[ledger.ID]bool{}
	for id, e := range o.entries {
		if !slices.Contains(keeps, e.State) && e.settled.Before(before) && (e.Key != "" || e.Marker != "" || e.Contact != "") {
			ids[id] = true
		}
	}
	o.change(true, func(c *content) {
		for id := range ids {
			if e := c.entries[id]; o.is("purges all") {
				delete(c.entries, id)
			} else {
				e.Key, e.Marker, e.Contact, e.Evidence = "", "", "", ""
			}
		}
		if c.runs[len(c.runs)-1].Started.Before(before) {
			clear(c.records)
		}
	})
	return len(ids), nil
}

func (o *opened) Entries(ids []ledger.ID) (map[ledger.ID]ledger.Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := map[ledger.ID]ledger.Entry{}
	for _, id := range ids {
		if e := o.entries[id]; e != nil {
			found[id] = ledger.Entry{State: e.State, Template: e.Template, Columns: e.Columns, Content: e.Content, WolkvoxID: e.WolkvoxID, IDPrefijo: e.IDPrefijo}
		}
		if old, ok := o.ahead[id]; ok {
			found[id] = old
		}
	}
	if o.is("reads ahead for ever") {
		o.ahead = map[ledger.ID]ledger.Entry{}
		for id, e := range o.entries {
			o.ahead[id] = ledger.Entry{State: e.State}
		}
	}
	return found, nil
}

func (o *opened) NextInput() {}

// memoryView reads a memory.
type memoryView struct {
	m        *memory
	orphaned bool
}

func (v *memoryView) Close() error { return nil }

// rows are the entries that fit, in the order of their first claims.
func (v *memoryView) rows(fits func(row) bool) (list []row) {
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	for _, id := range v.m.claimed {
		if e := v.m.entries[id]; e != nil {
			r := *e
			if r.State == ledger.Sending && v.orphaned {
				r.State, r.settled = ledger.InDoubt, r.claimed
			}
			if fits == nil || fits(r) {
				list = append(list, r)
			}
		}
	}
	return list
}

func (v *memoryView) created(fits func(row) bool) []row {
	return v.rows(func(r row) bool { return r.State == ledger.Created && fits(r) })
}

func (v *memoryView) Binding() (operation, server string, err error) {
	return v.m.binding.Operation, v.m.binding.Server, nil
}

func (v *memoryView) LastRun() (ledger.Run, error) {
	if len(v.m.runs) == 0 {
		return ledger.Run{}, ledger.ErrNoRun
	}
	return v.m.runs[len(v.m.runs)-1], nil
}

func (v *memoryView) Records(input int) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for _, n := range slices.Sorted(maps.Keys(v.m.records[input])) {
			if !yield(ledger.Record{Input: input, Row: n, Outcome: v.m.records[input][n]}, nil) {
				return
			}
		}
	}
}

func (v *memoryView) Counts() (map[ledger.State]int, error) {
	counts := map[ledger.State]int{}
	for _, r := range v.rows(nil) {
		counts[r.State]++
	}
	return counts, nil
}

func (v *memoryView) Doubts(most int) (list []ledger.Doubt, err error) {
	rows := v.rows(func(r row) bool { return r.State == ledger.InDoubt })
	slices.SortStableFunc(rows, func(a, b row) int { return a.settled.Compare(b.settled) })
	for _, r := range rows {
		last := clock.Moment{Wall: r.At.Wall.Truncate(time.Millisecond), Boot: r.At.Boot, Uptime: r.At.Uptime.Truncate(time.Millisecond)}
		list = append(list, ledger.Doubt{ID: r.Claim.ID, Key: r.Key, Marker: r.Marker, Contact: r.Contact, Evidence: r.Evidence,
			WolkvoxID: r.WolkvoxID, Length: r.Length, Bytes: r.Bytes, Claimed: r.claimed, Since: r.settled, Last: last})
	}
	if most > 0 && len(list) > most {
		list = list[:most]
	}
	return list, nil
}

func (v *memoryView) Find(id ledger.ID) (ledger.State, string, error) {
	for _, r := range v.rows(func(r row) bool { return r.Claim.ID == id }) {
		return r.State, r.WolkvoxID, nil
	}
	return ledger.Unknown, "", nil
}

func (v *memoryView) FreeKeys() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, r := range v.rows(func(r row) bool { return r.State.Claimable() && r.Key != "" }) {
			if !yield(r.Key, nil) {
				return
			}
		}
	}
}

func (v *memoryView) others(template string) []row {
	return v.rows(func(r row) bool { return r.State.MayHaveCase() && r.Template != template })
}

func (v *memoryView) OtherContents(template string) iter.Seq2[[16]byte, error] {
	return func(yield func([16]byte, error) bool) {
		for _, r := range v.others(template) {
			if !yield(r.Content, nil) {
				return
			}
		}
	}
}

func (v *memoryView) OtherKey(contents [][16]byte, template string) (string, bool, error) {
	for _, r := range v.others(template) {
		if slices.Contains(contents, r.Content) {
			return r.Template, true, nil
		}
	}
	return "", false, nil
}

func (v *memoryView) Templates() (list []string, err error) {
	for _, r := range v.rows(nil) {
		if !slices.Contains(list, r.Template) {
			list = append(list, r.Template)
		}
	}
	return list, nil
}

func (v *memoryView) ColumnSets() (map[int64]string, error) {
	sets := map[int64]string{}
	for i, names := range v.m.sets {
		sets[int64(i)] = names
	}
	return sets, nil
}

func (v *memoryView) Owner(wolkvoxID string) (string, bool, error) {
	owners, err := v.Owners([]string{wolkvoxID})
	owner, taken := owners[wolkvoxID]
	return owner.Key, taken, err
}

func (v *memoryView) Owners(ids []string) (map[string]ledger.Known, error) {
	owners := map[string]ledger.Known{}
	for _, r := range v.created(func(r row) bool { return slices.Contains(ids, r.WolkvoxID) }) {
		owners[r.WolkvoxID] = r.known()
	}
	return owners, nil
}

func (r row) known() ledger.Known {
	return ledger.Known{WolkvoxID: r.WolkvoxID, Key: r.Key, Claimed: r.claimed, Settled: r.settled}
}

func (v *memoryView) KnownOf(contact string) (list []ledger.Known, err error) {
	for _, r := range v.created(func(r row) bool { return strings.EqualFold(r.Contact, contact) }) {
		list = append(list, r.known())
	}
	return list, nil
}

func (v *memoryView) Controls(length, bytes, most int, fits func(ledger.Control) bool) (list []ledger.Control, err error) {
	rows := v.created(func(r row) bool { return r.Length >= length && cmp.Or(r.Bytes, r.Length) >= bytes })
	for _, r := range slices.Backward(rows) {
		c := ledger.Control{WolkvoxID: r.WolkvoxID, Marker: r.Marker, Contact: r.Contact}
		if r.Marker != "" && fits(c) && len(list) < most {
			list = append(list, c)
		}
	}
	return list, nil
}

func (v *memoryView) NewestIDs(most int) (ids []string, err error) {
	for _, r := range slices.Backward(v.created(func(r row) bool { return r.WolkvoxID != "" })) {
		if len(ids) < most {
			ids = append(ids, r.WolkvoxID)
		}
	}
	return ids, nil
}

func (v *memoryView) Longer(marker string) (string, error) {
	for _, r := range v.rows(nil) {
		if (r.State == ledger.InDoubt || r.State == ledger.Sending) && len(r.Marker) > len(marker) && strings.HasPrefix(r.Marker, marker) {
			return r.Marker, nil
		}
	}
	return "", nil
}
