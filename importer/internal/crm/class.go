package crm

// Class is what the caller does next about a case that was not created. The zero value is InDoubt:
// an error that nobody has classified must not be sent again.
type Class int

const (
	InDoubt     Class = iota // the case may exist: never send it again without proof
	Unsent                   // no byte of the request left: send it again
	Again                    // not processed: send it again after a pause, and everything else more slowly
	TooMany                  // not processed: send it again, with fewer of this token's at once
	Refused                  // the CRM refused this case; others may go on
	TokenSpent               // not processed: this token rests until its quota is renewed
	TokenBad                 // not processed: this token is no good
	Misdirected              // not processed: this is not the CRM, or not its address: stop the run
	Redirected               // in doubt, and not the CRM's address: stop the run
	Unable                   // not sent: this machine lacks something: stop the run
)

// classNames are in the order of the constants.
var classNames = [...]string{"in doubt", "unsent", "again", "too many", "refused", "token spent", "token bad",
	"misdirected", "redirected", "unable"}

// String is for logs and tests.
func (c Class) String() string { return classNames[c] }

// Hint is what a person does next about it, if nothing better is known.
func (c Class) Hint() string { return hints[c] }

var hints = map[Class]string{
	InDoubt:     "look at the CRM whether the case exists; it is never sent again by itself",
	Unsent:      "check the server's name and the network, then run the same command again",
	Again:       "run the same command again later, or with fewer workers",
	TooMany:     "run the same command again with fewer workers; is another program using the token?",
	Refused:     "mend the row in rejects.csv, or create at the CRM what is missing, and import it again",
	TokenSpent:  "run the same command again when the quota is renewed, or with another token",
	TokenBad:    "check WOLKVOX_TOKEN or the token file, and that the operation is the token's own",
	Misdirected: "check --server: it should be the CRM's host, such as crm.wolkvox.com",
	Redirected:  "check --server: it should be the CRM's host, such as crm.wolkvox.com",
	Unable:      "raise ulimit -n or use fewer --workers, then run the same command again",
}
