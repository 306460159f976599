package crm

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shortestSecret is how long a token must be to be worth hiding, in bytes. A shorter one, as
// rehearsals have it, stands in half of all words.
const shortestSecret = 4

// hide masks the token in an error that leaves the client: servers show what they were sent in
// their messages and redirects, and those end in logs, ledgers and reports.
//
// Every method of the client that sends a token defers it. Err is left alone: it is for errors.Is
// and errors.As, and nobody shows it.
func hide(token string, err *error) {
	e := new(Error)
	if !errors.As(*err, &e) || len(token) < shortestSecret {
		return
	}
	secret := secretIn(token)
	for _, text := range []*string{&e.Code, &e.Reason, &e.Message, &e.Location} {
		*text = secret.ReplaceAllLiteralString(*text, "(token)")
	}
	if secret.MatchString(e.WolkvoxID) {
		e.WolkvoxID = ""
	}
}

// secretIn matches a token as it is written in texts, addresses and quotes.
func secretIn(token string) *regexp.Regexp {
	quoted := strconv.Quote(token)
	forms := []string{token, quoted[1 : len(quoted)-1], url.QueryEscape(token), url.PathEscape(token)}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	for i, form := range forms {
		forms[i] = regexp.QuoteMeta(form)
	}
	return regexp.MustCompile("(?i)" + strings.Join(forms, "|"))
}

// echoes tells whether an id has the token in it, and is none. It is asked for each row.
func echoes(id, token string) bool {
	return len(token) >= shortestSecret && len(id) >= len(token) &&
		strings.Contains(strings.ToLower(id), strings.ToLower(token))
}
