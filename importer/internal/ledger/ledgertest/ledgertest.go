// Package ledgertest holds implementations of ledger.Ledger against their contract. An
// implementation's own tests call Run and add what only they know: its files, its damage, its
// power cuts.
//
//	Factory ──► Place ──Open──► ledger.Ledger ──Close──┐
//	              ▲             (claims, settlements)   │
//	              │                    └──Kill──────────┤
//	              └──Open, Look: what is still known? ◄─┘
//
// Whatever a test expects to be durable, it looks for after the ledger was closed or killed and
// opened again. If a Place has no Kill, those tests close the ledger, and catch less.
package ledgertest

import "testing"

// Run holds the ledgers of a factory against the contract.
func Run(t *testing.T, f Factory) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"binding", testBinding},
		{"claim", testClaim},
		{"settle", testSettle},
		{"refuse", testRefuse},
		{"release", testRelease},
		{"run's own", testClaimsOfAnotherRun},
		{"resolve", testResolve},
		{"resolve many", testResolveMany},
		{"reopen", testReopen},
		{"claim lasts", testClaimLasts},
		{"settlement lasts", testSettlementLasts},
		{"claims race", testClaimsRace},
		{"many workers", testManyWorkers},
		{"records", testRecords},
		{"order", testOrder},
		{"runs", testRuns},
		{"views", testViews},
		{"entries", testEntries},
		{"entries are new", testEntriesAreNew},
		{"doubts", testDoubts},
		{"cases", testCases},
		{"controls", testControls},
		{"keys", testKeys},
		{"other keys", testOtherKeys},
		{"column sets", testColumnSets},
		{"purge", testPurge},
		{"purge and claim", testPurgeAndClaim},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, &fixture{t, f.New(t), nil}) })
	}
	t.Run("model", func(t *testing.T) { testModel(t, f) })
	t.Run("full disk", func(t *testing.T) {
		if f.Full == nil {
			t.Skip("this ledger has no disk that can fill up")
		}
		disk := f.Full(t)
		testFullDisk(t, &fixture{t, disk.Place, nil}, disk)
	})
}
