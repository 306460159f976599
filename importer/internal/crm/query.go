package crm

import (
	"context"
	"slices"
	"strings"
)

const (
	queryPath   = "/server/API/v2/cases/queryCases.php"
	contactPath = "/server/API/v2/custom/query.php"
)

// The fields by which cases are asked for.
const (
	ByDescription = "description"
	ByContact     = "email contact"
	ByID          = "wolkvox-id"
)

// Answer is what a query shows. Answers may be pages, so that a case is not among those shown is
// no proof that there is none; an answer without any case says that there is none.
type Answer struct {
	Cases   []Found
	Partial string // why there may be more cases than these; "" if the CRM says that these are all
}

// Query asks for the cases whose field has that value. Whether a part of a value is
// enough, the vendor doesn't say. Unlike an insert it may be repeated: its error, an
// *Error, means that nothing is known. An answer in which cases don't show their ids
// or descriptions is an error, since nothing could be told by them.
func (c *Client) Query(ctx context.Context, token, operation, field, value string) (found Answer, err error) {
	defer hide(token, &err)
	question := map[string]string{"operation": operation, "field": field, "value": value}
	l, e, err := c.list(ctx, token, queryPath, question)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Partial: l.partial}
	for _, record := range l.records {
		f, ok := readCase(record)
		if !ok {
			return Answer{}, e.as(InDoubt, "unknown_answer", "the CRM shows cases without their ids or descriptions")
		}
		answer.Cases = append(answer.Cases, f)
	}
	return answer, nil
}

// HasContact asks whether a contact with that e-mail address exists. The CRM may tell capitals
// apart, so the address is asked for as it is given, then in small letters, then in capitals. Its
// error is that of Query.
func (c *Client) HasContact(ctx context.Context, token, operation, address string) (has bool, err error) {
	defer hide(token, &err)
	for _, spelling := range Spellings(address) {
		question := map[string]string{"operation": operation, "module": "contacts",
			"field": "emailcontact", "value": spelling}
		l, _, err := c.list(ctx, token, contactPath, question)
		if err != nil || len(l.records) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// Spellings are the spellings by which a contact is to be found at a CRM that tells capitals apart:
// an address as it is given, in small letters and in capitals, each once.
func Spellings(address string) []string {
	return slices.Compact([]string{address, strings.ToLower(address), strings.ToUpper(address)})
}
