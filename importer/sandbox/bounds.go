package sandbox

import (
	"fmt"
	"net/http"
)

// What a request may make the sandbox hold, attachments aside, which it never holds.
const (
	mostText   = 1 << 20  // bytes of a case's fields
	mostQuery  = 64 << 10 // bytes of a question
	mostValues = 50_000   // values of a case's fields, which take more memory than their text
	mostFiles  = 2000     // attachments of a case
	mostDepth  = 100      // of objects and lists in one another
	mostTokens = 10_000   // that are told apart
	mostToken  = 256      // bytes of one
	mostPaths  = 100      // that are counted one by one
)

// otherPaths is the name under which all further paths are counted.
const otherPaths = "others"

// The sandbox's own bounds, which the real CRM doesn't have.
var (
	fieldsTooLarge = refusal{"fields-too-large", http.StatusRequestEntityTooLarge, fmt.Sprintf("THE SANDBOX TAKES FIELDS OF AT MOST %d BYTES", mostText)}
	tooManyValues  = refusal{"too-many-values", http.StatusRequestEntityTooLarge, fmt.Sprintf("THE SANDBOX TAKES AT MOST %d VALUES IN A CASE", mostValues)}
	tooManyFiles   = refusal{"too-many-attachments", http.StatusRequestEntityTooLarge, fmt.Sprintf("THE SANDBOX TAKES AT MOST %d ATTACHMENTS IN A CASE", mostFiles)}
	tooDeep        = refusal{"too-deep", http.StatusBadRequest, fmt.Sprintf("THE SANDBOX TAKES OBJECTS AND LISTS OF AT MOST %d LEVELS", mostDepth)}
)

// room tells whether a count can be kept by that name.
func room(counts map[string]int, name string, most int) bool {
	_, known := counts[name]
	return known || len(counts) < most
}

// full refuses a case that there is no room for.
func full(cases int, bytes int64) refusal {
	return refusal{"full", http.StatusRequestEntityTooLarge,
		fmt.Sprintf("THE SANDBOX IS FULL: IT KEEPS AT MOST %d CASES WITH %d BYTES OF FIELDS; START IT ANEW OR WITH LARGER BOUNDS", cases, bytes)}
}

// measure bounds the rest of a body while it is copied.
func (s *splitter) measure(b byte) error {
	switch {
	case s.rest.Len() > mostText:
		return fieldsTooLarge
	case b == ',' || b == ':' || b == '{' || b == '[':
		if s.values++; s.values > mostValues {
			return tooManyValues
		}
	}
	return nil
}
