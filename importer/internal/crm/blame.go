package crm

import (
	"context"
	"errors"
	"fmt"
)

// blame finds out what an answer is about that may be about the token, the server, or the
// words of one row, which a firewall takes for an attack. It asks something harmless by the
// same token, from the same place. Where that is answered, it was the row; where nobody
// answers, nothing is known, and the row is sent again later.
func (s *Sender) blame(stop context.Context, place Place, e *Error) *Error {
	place.Asks()
	_, err := s.Client.Query(context.WithoutCancel(stop), place.lane.token, s.Operation, ByID, nobody)
	said := new(Error)
	switch errors.As(err, &said); {
	case err == nil, said.Verdict == Refused && !said.foreign:
		s.refusing.ends() // it was the row: nobody else has to be patient
		s.throttled.Store(0)
		s.quietUntil.Store(0)
		return e.ofRow()
	case said.putOff(), said.ofToken():
		return said
	case said.Verdict == Unsent, said.Verdict == InDoubt:
		return e.like(Again, "not_processed", "not processed, and the CRM gives no answer to a harmless question")
	case e.limited:
		return e.like(Again, "throttled", "the server takes no more requests for now")
	case e.Verdict == Refused:
		return e.like(Misdirected, "wrong_server", "this is not the CRM: it refuses inserts and questions alike")
	}
	return e
}

// like is another error for the same answer.
func (e *Error) like(v Verdict, reason, message string) *Error {
	return &Error{Verdict: v, HTTPStatus: e.HTTPStatus, Code: e.Code, Reason: reason, Message: message, Hint: hints[v],
		foreign: e.foreign, limited: e.limited}
}

// ofRow makes a refusal of the row of one that was not known to be. The CRM's own words stay.
func (e *Error) ofRow() *Error {
	if !e.foreign {
		return e.like(Refused, e.Reason, e.Message)
	}
	row := e.like(Refused, RefusedBefore, fmt.Sprintf("refused by something before the CRM (HTTP %d), "+
		"which answers a harmless question by the same token", e.HTTPStatus))
	row.Hint = "a firewall may take words of the row for an attack: have it let the case pass, " +
		"or write the words otherwise, and import the row again"
	return row
}

// RefusedBefore is the reason of a refusal that isn't the CRM's.
const RefusedBefore = "refused_before_crm"
