package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

const mostQuery = 64 << 10 // bytes of a question

// lookups answers the questions: for cases, for contacts, for what a token may still do.
type lookups struct {
	queries Queries
	gate    *gate
	world   *world
	store   *store

	asked atomic.Int64 // questions for cases
}

// query is the body of both query endpoints.
type query struct{ Operation, Module, Field, Value string }

// read admits a query and reads it. It is charged when it is known to be one: what is refused
// before costs nothing.
func (l *lookups) read(q *call) (query, error) {
	if err := l.gate.admit(q); err != nil {
		return query{}, err
	}
	var body query
	if err := json.NewDecoder(io.LimitReader(q.Body, mostQuery)).Decode(&body); err != nil {
		return query{}, notJSON
	}
	switch {
	case body.Operation == "" || body.Field == "" || body.Value == "":
		return query{}, missingParameters
	case !l.world.serves(body.Operation):
		return query{}, tokenInvalid
	}
	if err := l.gate.pass(body.Value); err != nil {
		return query{}, err
	}
	return body, l.gate.charge(q)
}

// cases is cases/queryCases.php. All cases are looked through: the sandbox is made for thousands
// of questions, not for millions.
func (l *lookups) cases(q *call) (answer, error) {
	asked, err := l.read(q)
	if err != nil {
		return answer{}, err
	}
	now, records := time.Now(), []map[string]any{}
	matches, err := l.queries.matcher(asked.Field, asked.Value, now)
	if err != nil {
		return answer{}, err
	}
	if !l.dead() {
		for _, k := range l.store.kept() {
			if l.queries.shows(k, now) && matches(k) {
				records = append(records, k.record(now))
			}
		}
	}
	return l.queries.show(records), nil
}

// dead counts a question for cases and tells whether it comes after the search has died.
func (l *lookups) dead() bool {
	limit := int64(l.queries.DeadAfter)
	return l.asked.Add(1) > limit && limit > 0
}

// contacts is custom/query.php for contacts by their e-mail address.
func (l *lookups) contacts(q *call) (answer, error) {
	asked, err := l.read(q)
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
	knows := l.world.contacts.knows
	if l.queries.ExactContacts {
		knows = l.world.contacts.knowsExactly
	}
	records := []map[string]any{} // [] in JSON, not null
	if knows(asked.Value) {
		sum := sha256.Sum256([]byte(strings.ToLower(asked.Value)))
		id := hex.EncodeToString(sum[:12])
		records = append(records, map[string]any{"wolkvox_id": id, "emailcontact": asked.Value})
	}
	return l.queries.show(records), nil
}

// token is token/tokenInformation.php. It costs 1 itself, and is refused like any request once
// the quota is spent.
func (l *lookups) token(q *call) (answer, error) {
	if err := l.gate.admit(q); err != nil {
		return answer{}, err
	}
	switch operation := q.URL.Query().Get("operation"); {
	case operation == "":
		return answer{}, missingParameters
	case !l.world.serves(operation):
		return answer{}, tokenInvalid
	}
	if err := l.gate.charge(q); err != nil {
		return answer{}, err
	}
	limit, used, hours := l.gate.quota(q.token)
	return found("1 records were are found", map[string]any{
		"description":                   "token",
		"token_limit":                   limit,
		"token_use_today":               used,
		"available_consumition_options": max(limit-used, 0),
		"hours_to_restart_count":        hours,
	}), nil
}
