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

import (
	"testing"

	"wolkvox-import/importer/internal/ledger"
)

// TB is what the suite needs of a test: *testing.T has it, and *rapid.T.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Place is where one ledger is kept.
type Place struct {
	// Open opens the ledger for writing, and makes it if it isn't there. It fails with a
	// *ledger.BusyError while the place has an open one, and with a *ledger.BindingError if that
	// isn't for b.
	Open func(b ledger.Binding) (ledger.Ledger, error)

	// Look opens the ledger for reading. It must be there.
	Look func() (ledger.View, error)

	// Kill ends an open ledger as a kill -9 of its process would. Of what nobody was told that it
	// is durable, anything may be lost. It is optional.
	Kill func(l ledger.Ledger)
}

// Disk is a place on a disk that can fill up.
type Disk struct {
	Place
	Fill func() // leaves no room at all
	Free func() // gives it back
}

// Factory makes places that have no ledger yet. What it makes it removes by TB.Cleanup.
type Factory struct {
	New  func(t TB) Place
	Full func(t TB) Disk // optional; may skip the test
}

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
