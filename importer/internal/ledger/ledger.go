// Package ledger says what the durable record of every row ever sent must do. It has the types
// and the contract; package sqlite keeps them on a disk, and package ledgertest holds any
// implementation against what is said here.
//
// An entry is a key and what became of it. Before a request leaves, its key is claimed; what came
// of it is settled afterwards:
//
//	            ┌───────────────────────────────┐ (not sent, not processed)
//	            ▼                               │
//	(none), pending, rejected, invalid ─Claim─► sending ─Settle─► created
//	                                            │    └──────────► rejected
//	                                            └─ or a crash ──► in_doubt
//
// What is in doubt is resolved by proof or by a person: it becomes created, pending again, or
// ignored.
//
// The rules, for every implementation:
//
//   - A claim is durable before Claim returns. A request may only leave after that, so no
//     crash and no power cut can hide a request that left.
//   - A claim is one change of one entry, and the implementation checks that it took place. Of
//     any number of claims on one key, one wins.
//   - What is settled is durable before any later Claim returns. A process that dies leaves no
//     more keys in doubt than it had workers.
//   - Changes take effect in the order in which they were asked for, also those that nobody
//     waits for.
//   - What a dead process left as sending is in doubt from the next opening on.
//   - One process at a time writes a ledger; any number may read it meanwhile.
//   - A ledger belongs to one operation and one server; see Binding.
//   - History is append-only: every change of state is kept, with its time and evidence.
//   - A full disk stops claims before it can keep an outcome from being recorded.
//   - After a write whose durability is not certain, nothing is written any more: every later
//     call fails, with the first reason.
//
// Beside the entries, a ledger holds what the last run did with each row (see Record), so that
// reports can be written again.
package ledger

import "time"

// Ledger is an open ledger that this process alone writes. Its methods are safe for concurrent
// use, except those of Lookup, which belong to one reader of one input at a time.
type Ledger interface {
	Claims
	Runs
	Lookup
	View

	// Opening tells what opening the ledger found. It is the same for as long as the ledger is
	// open.
	Opening() Opening

	// Resolve writes what proof or a person says of keys. It is atomic: all of the resolutions
	// are durable when it returns nil; if it returns an error, or if the process dies in it, the
	// ledger has all or none of them.
	//
	// A resolution that Resolution.Check refuses is refused before anything is written. If a key
	// isn't in the state that its resolution was made for, the error wraps ErrNotClaimable, none
	// of the list is kept, and claims and settlements made at the same time are unaffected.
	Resolve(list ...Resolution) error

	// Purge removes what tells about persons from entries that were settled before then: keys,
	// markers, contacts, evidence, and what the last run said of its rows, if that run began
	// before then. The removal is durable when Purge returns, and no readable trace is left in
	// the ledger's storage.
	//
	// What keeps a row from being sent twice stays: the key's ID, its state and the case's id.
	// Rows in doubt stay whole. Purge returns how many entries were purged; that number is also
	// right if it fails while it gives the space back.
	Purge(before time.Time) (purged int, err error)
}

// Opening is what opening a ledger found.
type Opening struct {
	Fresh     bool // the ledger was made by this opening
	Recovered int  // entries that a dead process left as sending, in doubt from now on
}

// Claims change the entry of one key. Workers call them at the same time, and implementations
// are to let many changes share one sync: each Claim waits for the disk.
//
// An ErrNotClaimable says that the key isn't in the state that the call needs, and that nothing
// was changed. Any error but that and ErrFull ends all writing: the change may or may not be
// found after the next opening.
type Claims interface {
	// Claim records that the key's request is about to leave: the entry becomes Sending, with
	// everything that c holds. It returns nil only when the claim is durable. The first byte of
	// the request must not leave before that, and must not leave at all after an error.
	//
	// It fails with ErrNotClaimable unless the entry's state is Claimable, and with ErrFull if
	// the disk is as good as full; then no later Claim succeeds while the ledger is open.
	Claim(c Claim) error

	// Release records that the request of this run's claim was not sent or not processed: the
	// key becomes Pending and may be claimed again. It is durable when Release returns nil. It
	// fails with ErrNotClaimable if this run has no claim on the key.
	Release(id ID, evidence string) error

	// Settle records what became of this run's claim, and what is said of its row, in one
	// atomic change. It returns before that is durable. The ledger calls done exactly once, from
	// a goroutine of its own: with nil when the change is durable, or with the reason why it is
	// not. That is before any Claim returns that was called after Settle. Until then the ledger
	// keeps r.Outcome, which must not be changed. done must not block and must not call the
	// ledger.
	//
	// If this run has no claim on the key, done gets ErrNotClaimable and nothing is recorded. A
	// full disk must not keep a settlement from being recorded: implementations hold room back.
	Settle(s Settlement, r Record, done func(error))

	// Refuse records that the row with this key could not become a case, and what is said of the
	// row, in one atomic change. An entry whose state is Claimable becomes Invalid; any other
	// stays as it is, and only the record is kept. Refuse has the durability of Note.
	Refuse(c Claim, r Record) error
}

// Runs are the beginning and the end of a run and what it says of its rows. One goroutine begins
// and ends runs; Note and Flush may be called at any time in between, also while rows are sent.
type Runs interface {
	// Begin starts a run, which claims belong to from then on, and drops the records of the last
	// run. about is kept as it is. It is durable when Begin returns nil. No claim may be open.
	Begin(pid int, about []byte) error

	// Note records rows that were not sent. It returns before they are durable; Flush waits for
	// that. A record replaces that of the same row, and changes take effect in the order of the
	// calls, those of Settle and Refuse among them. Until Flush returns the ledger keeps the
	// records, which must not be changed.
	//
	// Note fails only if the ledger is closed. On a full disk the records are dropped, and Flush
	// says so.
	Note(records []Record) error

	// Flush returns nil when everything noted, refused and settled so far is durable. ErrFull
	// means that some of it was dropped and will not be recorded.
	Flush() error

	// End marks the run as ended, and about stands in for what Begin was told. It is durable
	// when End returns nil. A run without an end is one that died, or is still on.
	End(about []byte) error

	// ColumnSet returns the number of a set of columns, given as a JSON list of names. The same
	// names have the same number for as long as the ledger exists. A new number is durable when
	// ColumnSet returns.
	ColumnSet(names string) (id int64, err error)
}

// Lookup is how one pass over an input learns what is known of its rows' keys. One goroutine
// uses it at a time; Claims and Runs may be called meanwhile.
type Lookup interface {
	// Entries returns what the ledger has of the keys; those that it lacks are absent. An error
	// never passes for an absent key: that row would be sent again.
	//
	// What has changed since the last NextInput need not show, so that implementations can read
	// ahead: only Claim is certain to see it. But a key that is asked for a second time is looked
	// up anew. The keys of a file that comes every night are asked for in the order in which they
	// were first claimed; that order must be fast.
	Entries(ids []ID) (map[ID]Entry, error)

	// NextInput begins another pass: what Entries tells from then on is at least as new as this
	// call.
	NextInput()
}
