package sandbox

import "strings"

// world is what exists at the CRM, and what it asks of a case. A real one has it from its people,
// and no call of the API makes any of it.
type world struct {
	operation       string // that the tokens belong to; empty: any
	contacts        addresses
	users, statuses set
	closed          set // statuses that require a solution
}

// required are the keys of a case that must have a text. `form` and `attachments`
// must be there too, but may be empty.
var required = []string{"operation", "case-type", "responsible", "owner", "contact", "description", "status",
	"priority"}

// check applies the rules to a body that has been read. The vendor says which keys must be there;
// that a contact, a user and a status must exist, and that some statuses need a solution. In which
// order a real CRM looks at them isn't known.
//
// It comes after the quota was charged, since a server must have decoded a body to refuse it. That
// a blank text counts as missing is this sandbox's choice, the stricter one.
func (w *world) check(b body) error {
	for _, key := range required {
		if b.blank(key) {
			return missingParameters
		}
	}
	_, isForm := b.fields["form"].(map[string]any)
	switch {
	case !b.has("form") || !b.has("attachments"):
		return missingParameters
	case !w.serves(b.text("operation")):
		return tokenInvalid
	case !isForm:
		return badForm
	case !b.attachmentsWhole():
		return badAttachments
	case !w.contacts.knows(b.text("contact")):
		return unknownContact
	case !w.users.knows(b.text("responsible")) || !w.users.knows(b.text("owner")):
		return unknownUser
	case !w.statuses.knows(b.text("status")):
		return unknownStatus
	case w.closed[b.text("status")] && b.blank("solution"):
		return noSolution
	}
	return nil
}

// serves says whether the tokens belong to an operation.
func (w *world) serves(operation string) bool { return w.operation == "" || w.operation == operation }

// set is a list of names that are known; if it is empty, every name is.
type set map[string]bool

func newSet(names []string) set {
	s := set{}
	for _, name := range names {
		s[name] = true
	}
	return s
}

// knows tells whether a name is in the list.
func (s set) knows(name string) bool { return len(s) == 0 || s[name] }

// addresses is a set of e-mail addresses, which are the same in capitals.
type addresses struct{ exact, folded set }

func newAddresses(list []string) addresses {
	a := addresses{newSet(list), set{}}
	for _, address := range list {
		a.folded[strings.ToLower(address)] = true
	}
	return a
}

// knows takes capitals for small letters.
func (a addresses) knows(address string) bool { return a.folded.knows(strings.ToLower(address)) }

// knowsExactly tells addresses apart by their capitals.
func (a addresses) knowsExactly(address string) bool { return a.exact.knows(address) }
