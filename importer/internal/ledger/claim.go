package ledger

import "wolkvox-import/importer/internal/clock"

// ID is what a key is found by: the first half of its SHA-256. Unlike the key it may be kept for
// ever, since it tells nothing about a person.
type ID [16]byte

// Claim says that a row's request is about to leave.
type Claim struct {
	ID       ID
	Key      string
	Template string // the mapping's key text, "" if cells are the key
	Columns  int64  // of Content, from ColumnSet
	Content  [16]byte
	Marker   string
	Contact  string
	Length   int // of the description, in characters
	Bytes    int // of the description
}

// Settlement says what became of a claim.
type Settlement struct {
	ID        ID
	State     State  // Created, Rejected or InDoubt
	WolkvoxID string // of an InDoubt one: an id that the doubtful answer had
	IDPrefijo string
	Evidence  string       // on what grounds, for the history
	At        clock.Moment // when nothing of an InDoubt one's request can leave any more
}

// Record is what the run did with one row, in the importer's own words.
type Record struct {
	Input   int // number of the input within the run
	Row     int // below 1<<40
	Outcome []byte
}
