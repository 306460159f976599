package sandbox

import (
	"net/http"
	"regexp"
)

// firewall stands before the CRM and lets no request with certain texts pass, such as those that
// look like an attack. It knows nothing of tokens: the row is refused, and the next one is not.
type firewall struct{ pattern *regexp.Regexp } // nil lets everything pass

// errBlocked is the error of a request that the firewall doesn't let pass.
var errBlocked = &pageError{answer{
	name: "firewall", status: http.StatusForbidden, header: map[string]string{"Content-Type": "text/html"},
	body: []byte("<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1>" +
		"<p>Request blocked.</p></body></html>\n"),
}}

// check refuses a value that has such a text in it. A value is what JSON decodes to, as deep as
// the sandbox takes it.
func (f firewall) check(value any) error {
	if f.pattern != nil && f.blocks(value) {
		return errBlocked
	}
	return nil
}

// blocks looks through names and values, at every depth.
func (f firewall) blocks(value any) bool {
	switch v := value.(type) {
	case string:
		return f.pattern.MatchString(v)
	case []any:
		for _, item := range v {
			if f.blocks(item) {
				return true
			}
		}
	case map[string]any:
		for name, item := range v {
			if f.blocks(name) || f.blocks(item) {
				return true
			}
		}
	}
	return false
}
