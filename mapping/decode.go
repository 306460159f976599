package mapping

import (
	"wolkvox-import/mapping/internal/steps"
)

// decoder reads a mapping's YAML and collects its mistakes. We walk the nodes ourselves,
// because the library's own decoder stops at the first mistake.
type decoder struct {
	*steps.Reader
}

// apiFields are the fields of insertAttach that a mapping gives, in the order in
// which they are sent. All but solution are required; solution is sent only for
// statuses that close.
var apiFields = []string{"case-type", "responsible", "owner", "contact", "description", "status", "priority", "solution"}

// sections are the keys of a mapping file.
var sections = []string{"operation", "key", "marker", "when", "input", "lookups", "case", "closed", "attachments"}
