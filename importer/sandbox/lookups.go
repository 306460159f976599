package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query is the body of both query endpoints.
type query struct{ Operation, Module, Field, Value string }

// readQuery admits a query and reads it.
func (c *CRM) readQuery(q *call) (query, error) {
	if err := c.admit(q); err != nil {
		return query{}, err
	}
	var body query
	if err := json.NewDecoder(io.LimitReader(q.Body, mostQuery)).Decode(&body); err != nil {
		return query{}, notJSON
	}
	switch {
	case body.Operation == "" || body.Field == "" || body.Value == "":
		return query{}, missingParameters
	case !c.serves(body.Operation):
		return query{}, tokenInvalid
	}
	if c.blocks(body.Value) {
		return query{}, errBlocked
	}
	return body, c.charge(q)
}

// caseFields are the fields that queryCases knows, besides the description, each with what
// makes a match.
var caseFields = map[string]func(q *Queries, k Case, value string) bool{
	"email contact": func(q *Queries, k Case, v string) bool { return q.sameAddress(k.text("contact"), v) },
	"idPrefijo":     func(_ *Queries, k Case, v string) bool { return k.Prefix == v },
	"idCase":        func(_ *Queries, k Case, v string) bool { return k.number() == v },
	"wolkvox-id":    func(_ *Queries, k Case, v string) bool { return k.ID == v },
	"status":        func(_ *Queries, k Case, v string) bool { return k.text("status") == v },
	"priority":      func(_ *Queries, k Case, v string) bool { return k.text("priority") == v },
	"type case":     func(_ *Queries, k Case, v string) bool { return k.text("case-type") == v },
}

// matcher is what tells which cases a question means.
func (c *CRM) matcher(asked query, now time.Time) (func(Case) bool, error) {
	q := &c.config.Queries
	if asked.Field == "description" {
		matches, err := searches[q.Descriptions](asked.Value)
		return func(k Case) bool { return matches(k.shown(now)) }, err
	}
	matches, ok := caseFields[asked.Field]
	if !ok {
		return nil, unknownField
	}
	return func(k Case) bool { return matches(q, k, asked.Value) }, nil
}

// queryCases is cases/queryCases.php.
func (c *CRM) queryCases(q *call) (answer, error) {
	asked, err := c.readQuery(q)
	if err != nil {
		return answer{}, err
	}
	now, records := time.Now(), []map[string]any{}
	matches, err := c.matcher(asked, now)
	if err != nil {
		return answer{}, err
	}
	if !c.dead() {
		for _, k := range c.kept() {
			if !now.Before(k.At.Add(c.config.Queries.ShownAfter)) && !k.IsDeleted(now) && matches(k) {
				records = append(records, k.record(now))
			}
		}
	}
	return c.show(records), nil
}

// queryContacts is custom/query.php for contacts by their e-mail address.
func (c *CRM) queryContacts(q *call) (answer, error) {
	asked, err := c.readQuery(q)
	switch {
	case err != nil:
		return answer{}, err
	case asked.Module == "":
		return answer{}, missingParameters
	case asked.Module != "contacts":
		return answer{}, unknownModule
	case asked.Field != "emailcontact":
		return answer{}, unknownField
	}
	records := []map[string]any{}
	if c.hasContact(asked.Value) {
		sum := sha256.Sum256([]byte(strings.ToLower(asked.Value)))
		records = append(records, map[string]any{"wolkvox_id": hex.EncodeToString(sum[:12]), "emailcontact": asked.Value})
	}
	return c.show(records), nil
}

// hasContact tells whether a question finds the contact.
func (c *CRM) hasContact(address string) bool {
	if c.config.Queries.ExactContacts && len(c.config.Contacts) > 0 {
		return slices.Contains(c.config.Contacts, address)
	}
	return c.contacts.knows(address)
}

// tokenInformation costs 1 itself, and is refused like any request once the quota is
// spent.
func (c *CRM) tokenInformation(q *call) (answer, error) {
	if err := c.admit(q); err != nil {
		return answer{}, err
	}
	switch operation := q.URL.Query().Get("operation"); {
	case operation == "":
		return answer{}, missingParameters
	case !c.serves(operation):
		return answer{}, tokenInvalid
	}
	if err := c.charge(q); err != nil {
		return answer{}, err
	}
	limit, used, hours := c.quota(q.token)
	return found("1 records were are found", map[string]any{
		"description":                   "token",
		"token_limit":                   limit,
		"token_use_today":               used,
		"available_consumition_options": max(limit-used, 0),
		"hours_to_restart_count":        hours,
	}), nil
}

// unlimited is what tokenInformation calls the quota where there is none.
const unlimited = 1_000_000

// quota is a token's, and the whole hours until it is renewed.
func (c *CRM) quota(token string) (limit, used, hours int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.renewal.IsZero() {
		hours = int(math.Ceil(time.Until(c.renewal).Hours()))
	}
	if c.config.Quota == 0 {
		return unlimited, c.used[token], hours
	}
	return c.config.Quota, c.used[token], hours
}

// record is a case as queryCases shows it: its fields by the names that they were sent
// under. The names that the real CRM uses are not known but for the two ids.
func (k Case) record(now time.Time) map[string]any {
	r := maps.Clone(k.Fields)
	r["description"] = k.shown(now)
	r["wolkvox_id"], r["idPrefijo"], r["idCase"] = k.ID, k.Prefix, k.number()
	return r
}

// number is the readable id without its prefix.
func (k Case) number() string { return k.Prefix[strings.LastIndexByte(k.Prefix, '-')+1:] }

// turn is the number, to take turns by.
func (k Case) turn() int {
	n, _ := strconv.Atoi(k.number()) // made here
	return n
}

func (k Case) text(key string) string {
	text, _ := k.Fields[key].(string)
	return text
}
