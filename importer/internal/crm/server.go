package crm

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Server is an address of the CRM. Tokens and cases go there and nowhere else.
type Server struct {
	base     string // scheme://host[:port]
	identity string
	note     string
}

// renamed are hosts that the vendor has given new names; the old ones were announced
// as disabled after 30 November 2024.
var renamed = map[string]string{
	"sv0000.crmvox.com": "crm0000.wolkvox.com",
	"sv0001.crmvox.com": "crm0001.wolkvox.com",
}

// ParseServer reads a host or a URL as people paste it, also with the scheme twice or
// with the path of an endpoint behind it. Plain http is for loopback only, since the
// token would be readable on the way.
func ParseServer(text string) (Server, error) {
	scheme, rest := "", strings.TrimSpace(text)
	for {
		before, after, found := strings.Cut(rest, "://")
		if !found {
			break
		}
		scheme, rest = strings.ToLower(strings.TrimSpace(before)), after
	}
	host, _, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	u, err := url.Parse("https://" + host)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(host, "?# ") {
		return Server{}, fmt.Errorf("the server %q is not a host name such as crm.wolkvox.com", text)
	}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case scheme == "" && loopback(name): // what serves on this machine has no certificate
		scheme = "http"
	case scheme == "":
		scheme = "https"
	case scheme != "https" && scheme != "http":
		return Server{}, fmt.Errorf("the server %q must be reached by https, not %s", text, scheme)
	case scheme == "http" && !loopback(name):
		return Server{}, fmt.Errorf("the server %q must be reached by https: "+
			"by plain http the token could be read on the way", text)
	}
	s := Server{base: scheme + "://" + strings.ToLower(u.Host), identity: name}
	if loopback(name) {
		s.identity = Loopback
	}
	if now, old := renamed[name]; old {
		s.identity = now
		s.note = fmt.Sprintf("the vendor has renamed %s to %s and announced the old name's end; "+
			"use --server %s", name, now, now)
	}
	return s, nil
}

// Loopback is the identity of every address on this machine: rehearsals, not a CRM.
const Loopback = "loopback"

// loopback tells whether a name or an address is meant to be this machine. Where a connection goes
// is looked at again when it is made (dial.go).
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Identity is what a ledger remembers of a server: one for all names of a host.
func (s Server) Identity() string { return s.identity }

// Note is a remark for the person, or "".
func (s Server) Note() string { return s.note }

// String is the server as it is asked, such as https://crm.wolkvox.com.
func (s Server) String() string { return s.base }

// plain tells whether what travels there can be read on the way.
func (s Server) plain() bool { return strings.HasPrefix(s.base, "http:") }

// url is the address of an endpoint.
func (s Server) url(path string) string { return s.base + path }
