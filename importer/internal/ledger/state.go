package ledger

import "fmt"

// State is what is known of a key.
type State string

// The states are kept in ledgers as these texts.
const (
	Unknown  State = ""         // never claimed
	Pending  State = "pending"  // claimed once, but not sent or not processed
	Sending  State = "sending"  // claimed: its request may have left
	Created  State = "created"  // a case exists
	Rejected State = "rejected" // the CRM refused it
	Invalid  State = "invalid"  // it could not become a case
	InDoubt  State = "in_doubt" // nobody knows whether a case exists
	Ignored  State = "ignored"  // a person said that it is never to be sent
)

// Claimable tells whether a key in this state may be claimed: there is certainly no case, and
// nobody said that there shall be none.
func (s State) Claimable() bool {
	return s == Unknown || s == Pending || s == Rejected || s == Invalid
}

// MayHaveCase tells whether a key in this state has, or may have, a case.
func (s State) MayHaveCase() bool {
	return s == Created || s == InDoubt || s == Sending
}

// Resolution is what proof or a person says of a key.
type Resolution struct {
	ID        ID
	From, To  State
	WolkvoxID string // if To is Created
	IDPrefijo string
	Evidence  string // who says so, and on what grounds
}

// resolvable are the changes that a Resolution may make.
var resolvable = map[[2]State]bool{
	{InDoubt, Created}:  true,
	{InDoubt, Pending}:  true, // there is no case: the row may be sent
	{InDoubt, Ignored}:  true,
	{Pending, Ignored}:  true,
	{Rejected, Ignored}: true,
	{Invalid, Ignored}:  true,
	{Created, Pending}:  true, // the case was removed at the CRM
	{Ignored, Pending}:  true,
}

// Check refuses a change that no resolution may make, whatever the entry's state is.
func (r Resolution) Check() error {
	if !resolvable[[2]State{r.From, r.To}] {
		return fmt.Errorf("a key that is %s can't become %s", r.From, r.To)
	}
	return nil
}
