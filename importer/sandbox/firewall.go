package sandbox

import (
	"errors"
	"net/http"
)

// errBlocked is the error of a request that the firewall doesn't let pass.
var errBlocked = errors.New("blocked")

// firewallPage is the answer of a firewall before the CRM.
var firewallPage = answer{name: "firewall", status: http.StatusForbidden, header: map[string]string{"Content-Type": "text/html"},
	body: []byte("<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1><p>Request blocked.</p></body></html>\n")}

// blocks tells whether the firewall lets nothing with that in it pass. A value is what JSON
// decodes to, as deep as the sandbox takes it.
func (c *CRM) blocks(value any) bool {
	if c.config.Firewall == nil {
		return false
	}
	switch v := value.(type) {
	case string:
		return c.config.Firewall.MatchString(v)
	case []any:
		for _, item := range v {
			if c.blocks(item) {
				return true
			}
		}
	case map[string]any:
		for name, item := range v {
			if c.blocks(name) || c.blocks(item) {
				return true
			}
		}
	}
	return false
}
