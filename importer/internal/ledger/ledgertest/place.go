package ledgertest

import "wolkvox-import/importer/internal/ledger"

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
