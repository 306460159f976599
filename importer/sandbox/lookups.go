package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
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
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return query{}, notJSON
	}
	switch {
	case body.Operation == "" || body.Field == "" || body.Value == "":
		return query{}, missingParameters
	case !c.serves(body.Operation):
		return query{}, tokenInvalid
	}
	return body, c.charge(q)
}

// caseFields are the fields that queryCases knows, each with what makes a match. The
// vendor doesn't say whether a part of a value matches: here it does in descriptions.
var caseFields = map[string]func(k Case, value string) bool{
	"description":   func(k Case, v string) bool { return strings.Contains(k.text("description"), v) },
	"email contact": func(k Case, v string) bool { return strings.EqualFold(k.text("contact"), v) },
	"idPrefijo":     func(k Case, v string) bool { return k.Prefix == v },
	"idCase":        func(k Case, v string) bool { return k.number() == v },
	"wolkvox-id":    func(k Case, v string) bool { return k.ID == v },
	"status":        func(k Case, v string) bool { return k.text("status") == v },
	"priority":      func(k Case, v string) bool { return k.text("priority") == v },
	"type case":     func(k Case, v string) bool { return k.text("case-type") == v },
}

// queryCases is cases/queryCases.php. It shows a case as soon as it is created.
func (c *CRM) queryCases(q *call) (answer, error) {
	asked, err := c.readQuery(q)
	if err != nil {
		return answer{}, err
	}
	matches, ok := caseFields[asked.Field]
	if !ok {
		return answer{}, unknownField
	}
	records := []map[string]any{}
	for _, k := range c.kept() {
		if matches(k, asked.Value) {
			records = append(records, k.record())
		}
	}
	return foundRecords(records), nil
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
	if c.contacts.knows(asked.Value) {
		sum := sha256.Sum256([]byte(strings.ToLower(asked.Value)))
		records = append(records, map[string]any{"wolkvox_id": hex.EncodeToString(sum[:12]), "emailcontact": asked.Value})
	}
	return foundRecords(records), nil
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

func foundRecords(records []map[string]any) answer {
	return found(fmt.Sprintf("%d records were are found", len(records)), records)
}

// record is a case as queryCases shows it: its fields by the names that they were sent
// under. The names that the real CRM uses are not known but for the two ids.
func (k Case) record() map[string]any {
	r := maps.Clone(k.Fields)
	r["wolkvox_id"], r["idPrefijo"], r["idCase"] = k.ID, k.Prefix, k.number()
	return r
}

// number is the readable id without its prefix.
func (k Case) number() string { return k.Prefix[strings.LastIndexByte(k.Prefix, '-')+1:] }

func (k Case) text(key string) string {
	text, _ := k.Fields[key].(string)
	return text
}
