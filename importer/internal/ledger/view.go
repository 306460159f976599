package ledger

import (
	"iter"
	"time"

	"wolkvox-import/importer/internal/clock"
)

// View reads a ledger, also while another process writes it. Its methods may be called at the
// same time, but see Keys: some of them hold the view until their iteration has ended. They see
// what was durable when they were called, and may see what is not durable yet.
//
// A View of a ledger that no process holds shows what a dead process left as Sending as InDoubt,
// as the next opening for writing will record it.
type View interface {
	Reports
	Keys
	Cases

	// Close ends the reading; that of a Ledger also waits for what is being written, and lets
	// go of the ledger. It returns why what was written is not durable, if so. No method may be
	// called after it.
	Close() error
}

// Reports are for whoever tells a person where things stand.
type Reports interface {
	// Binding returns the operation and the server that the ledger belongs to.
	Binding() (operation, server string, err error)

	// LastRun returns the newest run, and ErrNoRun if there was none.
	LastRun() (Run, error)

	// Records returns what the last run did with an input's rows, in the order of their rows.
	// After an error it yields nothing more.
	Records(input int) iter.Seq2[Record, error]

	// Counts returns how many keys are in each state. States without keys are absent.
	Counts() (map[State]int, error)

	// Doubts returns the keys in doubt, the oldest first, at most so many; 0 is all.
	Doubts(most int) ([]Doubt, error)
}

// Keys are for whoever compares rows at hand with those that are known.
type Keys interface {
	// Find returns a key's state, which is Unknown if it was never claimed, and its case's id.
	Find(id ID) (state State, wolkvoxID string, err error)

	// FreeKeys are the keys that were rejected, invalid or given back, and may be sent again.
	// Purged ones are not among them. It looks through the whole ledger; the view must not be
	// used for anything else during the iteration.
	FreeKeys() iter.Seq2[string, error]

	// SentKeys are the keys of a template that have, or may have, a case, or that a person wants never
	// to be sent. Purged ones are not among them. It looks through the whole ledger, as FreeKeys does.
	SentKeys(template string) iter.Seq2[string, error]

	// OtherContents are the contents of the rows that have, or may have, a case under a key of
	// another template. It looks through the whole ledger; the view must not be used for
	// anything else during the iteration.
	OtherContents(template string) iter.Seq2[[16]byte, error]

	// OtherKey looks for a row with one of these contents that has, or may have, a case under a
	// key of another template, and returns that template.
	OtherKey(contents [][16]byte, template string) (other string, found bool, err error)

	// Templates are those of all keys in the ledger, each once.
	Templates() ([]string, error)

	// ColumnSets returns the known sets of columns, by number, as JSON lists of names.
	ColumnSets() (map[int64]string, error)
}

// Cases are for whoever looks for a case at the CRM, and for proof that there is none.
type Cases interface {
	// Owner returns the key that a case was recorded under. The key is "" if it has been purged;
	// taken is false if no row has this case.
	Owner(wolkvoxID string) (key string, taken bool, err error)

	// Owners returns who of the ledger's rows has these cases, by their ids. A case that none
	// has is absent. It may look through the whole ledger, but once, however many there are.
	Owners(wolkvoxIDs []string) (map[string]Known, error)

	// KnownOf returns the cases of a contact, in whatever spelling (capitals of ASCII letters).
	KnownOf(contact string) ([]Known, error)

	// Controls returns created cases that fit, those claimed last first, at most so many. Their
	// descriptions have at least so many characters and bytes. If the number of bytes was not
	// recorded, it counts as that of the characters.
	Controls(length, bytes, most int, fits func(Control) bool) ([]Control, error)

	// NewestIDs returns the ids of the created cases that were claimed last, at most so many.
	NewestIDs(most int) ([]string, error)

	// Longer returns a marker of a row in doubt that begins with this one and goes on; "" if
	// there is none.
	Longer(marker string) (string, error)
}

// Entry is what the ledger has of a key.
type Entry struct {
	State     State
	Template  string
	Columns   int64
	Content   [16]byte
	WolkvoxID string
	IDPrefijo string
}

// Doubt is a key in doubt, with what is needed to look for its case.
type Doubt struct {
	ID        ID
	Key       string
	Marker    string // as it was sent
	Contact   string // as it was sent
	Evidence  string
	WolkvoxID string       // that a doubtful answer had; "" if there was none
	Length    int          // of its description, in characters; 0 if it was not recorded
	Bytes     int          // of its description; 0 if it was not recorded
	Claimed   time.Time    // when its request was about to leave
	Since     time.Time    // when its request left, or was about to
	Last      clock.Moment // when nothing of it could leave any more; the zero value if that isn't known
}

// Known is a case that the ledger knows to exist.
type Known struct {
	WolkvoxID        string
	Key              string // "" if it has been purged
	Claimed, Settled time.Time
}

// Control is a case that the ledger knows to exist: if the CRM doesn't show it, then that it
// doesn't show another one proves nothing.
type Control struct {
	WolkvoxID, Marker, Contact string
}

// Run is one run of the importer.
type Run struct {
	ID      int64
	PID     int
	Started time.Time
	Ended   time.Time // zero while it runs, and after a crash
	About   []byte    // what the importer said of it
}
