package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/ledger"
)

// testCases: a case that another row has is no proof for this one. Who has a case is found, among few
// and among many.
func testCases(t *testing.T, f *fixture) {
	const n = 300
	f.open()
	var ids []string
	for i := range n {
		f.settled(i, ledger.Created)
		ids = append(ids, fmt.Sprint("w", i))
	}
	for _, some := range []int{0, 5, 200, n} {
		owners, err := f.Owners(append(ids[:some:some], "nobody's"))
		if err != nil || len(owners) != some {
			t.Errorf("%d owners of %d cases, %v", len(owners), some, err)
		}
		for i := range some {
			k := owners[ids[i]]
			if k.Key != claim(i).Key || k.WolkvoxID != ids[i] || k.Settled.Before(k.Claimed) ||
				time.Since(k.Claimed).Abs() > time.Minute {
				t.Fatalf("%s: %+v", ids[i], k)
			}
		}
	}
	if key, taken, err := f.Owner("w7"); key != "T-7" || !taken || err != nil {
		t.Errorf("the owner of one is %q, %t, %v", key, taken, err)
	}
	if key, taken, err := f.Owner("w"); key != "" || taken || err != nil {
		t.Errorf("the owner of none is %q, %t, %v", key, taken, err)
	}
	known, err := f.KnownOf(strings.ToUpper(claim(9).Contact))
	if err != nil || len(known) != 1 || known[0].WolkvoxID != "w9" {
		t.Errorf("the contact has %+v, %v", known, err)
	}
	newest, err := f.NewestIDs(3)
	if err != nil || !slices.Equal(newest, []string{"w299", "w298", "w297"}) {
		t.Errorf("the newest are %q, %v", newest, err)
	}
}

// testControls: a control that is shorter than the row in doubt proves less than it seems to. Controls
// are created cases, as long as is asked for, the newest first. A marker
// that goes on where another one ends is found if its row may be in doubt.
func testControls(t *testing.T, f *fixture) {
	f.open()
	for n := 100; n < 120; n++ {
		f.settled(n, []ledger.State{ledger.Created, ledger.InDoubt}[n%2])
	}
	for _, c := range []struct {
		length, bytes, most int
		want                string
	}{
		{0, 0, 3, "w118 w116 w114"},
		{116, 0, 9, "w118 w116"},
		{100, 230, 9, "w118 w116"}, // 236 and 232 bytes
		{119, 0, 9, ""},
		{118, 237, 9, ""},
	} {
		controls, err := f.Controls(c.length, c.bytes, c.most, func(ledger.Control) bool { return true })
		var got []string
		for _, c := range controls {
			got = append(got, c.WolkvoxID)
		}
		if strings.Join(got, " ") != c.want || err != nil {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	want := ledger.Control{WolkvoxID: "w104", Marker: claim(104).Marker, Contact: claim(104).Contact}
	fits := func(c ledger.Control) bool { return c == want }
	if controls, err := f.Controls(0, 0, 1, fits); err != nil || len(controls) != 1 || controls[0] != want {
		t.Errorf("the one that fits: %+v, %v", controls, err)
	}
	for marker, want := range map[string]string{
		"[ref:119": "[ref:119]", "[ref:119]": "", "[ref:118": "", "[REF:119": "",
	} {
		if longer, err := f.Longer(marker); longer != want || err != nil {
			t.Errorf("longer than %q is %q, %v; wanted %q", marker, longer, err, want)
		}
	}
}

// testPurge: what tells about persons goes, and what keeps a row from being sent twice stays. Rows
// in doubt stay whole.
func testPurge(t *testing.T, f *fixture) {
	f.open()
	for n, s := range states {
		f.become(n, s)
	}
	if n, err := f.Purge(time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("%d were purged that are too new, %v", n, err)
	}
	f.hasRecords(0, f.records(f, 0)...)
	doubts, err := f.Doubts(0)
	f.do(err)
	if n, err := f.Purge(time.Now().Add(time.Hour)); n != len(states)-3 || err != nil { // unknown, sending, in doubt
		t.Errorf("%d were purged, %v", n, err)
	}
	f.hasRecords(0)
	f.is(2, ledger.Sending)
	f.do(f.settle(settlement(2, ledger.Rejected), record(2)))
	f.die()
	for n, s := range states {
		if s != ledger.Sending {
			f.is(n, s)
		}
		if !s.Claimable() && s != ledger.Sending && f.Claim(claim(n)) == nil {
			t.Errorf("%q was claimed once more", s)
		}
	}
	if left, err := f.Doubts(0); err != nil || len(left) != 1 || left[0] != doubts[0] {
		t.Errorf("in doubt were %+v, and are %+v, %v", doubts, left, err)
	}
	if key, taken, err := f.Owner("w3"); key != "" || !taken || err != nil {
		t.Errorf("the case's owner is %q, %t, %v", key, taken, err)
	}
	if known, err := f.KnownOf(claim(3).Contact); len(known) > 0 || err != nil {
		t.Errorf("the contact is still known: %+v, %v", known, err)
	}
	for key := range f.FreeKeys() {
		if key != "T-2" {
			t.Errorf("the key %q is still there", key)
		}
	}
}

// testPurgeAndClaim: a purged key that comes again has its name again.
func testPurgeAndClaim(t *testing.T, f *fixture) {
	f.open()
	for n := range 2 {
		f.become(n, ledger.Rejected)
	}
	if n, err := f.Purge(time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	if n, err := f.Purge(time.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Fatalf("%d purged once more, %v", n, err)
	}
	c := claim(1)
	c.Template = "{{new}}"
	f.do(f.Refuse(c, record(1)))
	f.settled(0, ledger.InDoubt)
	if d, err := f.Doubts(0); err != nil || len(d) != 1 || d[0].Key != "T-0" || d[0].Marker != claim(0).Marker {
		t.Errorf("%+v, %v", d, err)
	}
	f.NextInput()
	if e, err := f.Entries([]ledger.ID{id(1)}); err != nil || e[id(1)].Template != "{{new}}" {
		t.Errorf("%+v, %v", e, err)
	}
	if n, err := f.Purge(time.Now().Add(time.Hour)); n != 1 || err != nil { // it had a name to purge
		t.Errorf("%d purged, %v", n, err)
	}
}
