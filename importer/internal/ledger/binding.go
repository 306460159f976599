package ledger

import "fmt"

// Binding is whom a ledger is for. Its keys mean nothing anywhere else: a rehearsal must never
// make a real run skip rows.
type Binding struct {
	Operation string
	Server    string // identity of the server: one for all names of a host
	Rehearsal string // the identity of servers that only rehearse; such a ledger stays one
	Moved     bool   // the person says that the server has moved: take the new one over
}

// BindingError says that a ledger was made for something else.
type BindingError struct {
	Path, What, Has, Want, Hint string
}

func (e *BindingError) Error() string {
	return fmt.Sprintf("the ledger %s was made for the %s %q, not %q: %s", e.Path, e.What, e.Has, e.Want, e.Hint)
}

// Check tells whether the ledger at path, which was made for this operation and server, may be
// opened for b. If not, it returns a *BindingError. If moved is true, it may, and from then on it
// belongs to b.Server: the implementation has to record that before anything else.
func (b Binding) Check(path, operation, server string) (moved bool, err error) {
	rehearsed := server == b.Rehearsal
	switch {
	case operation != b.Operation:
		return false, &BindingError{path, "operation", operation, b.Operation, "give another one with --ledger"}
	case server == b.Server:
		return false, nil
	case rehearsed || b.Server == b.Rehearsal:
		return false, &BindingError{path, "server", server, b.Server,
			"a rehearsal and the real thing need a ledger each; give another one with --ledger"}
	case !b.Moved:
		return false, &BindingError{path, "server", server, b.Server,
			"give another one with --ledger, or, if it is the same CRM under a new name, say --server-moved"}
	}
	return true, nil
}
