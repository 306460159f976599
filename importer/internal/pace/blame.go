package pace

import (
	"context"
	"errors"
	"fmt"

	"wolkvox-import/importer/internal/crm"
)

// blame finds out what an answer is about that may be about the token, the server, or the words
// of one row, which a firewall takes for an attack. It asks something harmless by the same token,
// from the same slot. If that is answered, it was the row. If nobody answers, nothing is known,
// and the row is sent again later.
func (s *Sender) blame(stop context.Context, slot Slot, e *crm.Error) *crm.Error {
	slot.Asks()
	_, err := s.Client.Query(context.WithoutCancel(stop), slot.lane.token, s.Operation, crm.ByID, nobody)
	said := new(crm.Error)
	switch errors.As(err, &said); {
	case err == nil, answersProbe(said):
		s.health.works() // it was the row: nobody else has to be put off
		s.pausedFor.end()
		return ofRow(e)
	case said.PutOff(), said.AboutToken():
		return said
	case said.Class == crm.Unsent, said.Class == crm.InDoubt:
		return e.Reclassified(crm.Again, "not_processed",
			"not processed, and the CRM gives no answer to a harmless question")
	case e.RateLimited():
		return e.Reclassified(crm.Again, "throttled", "the server takes no more requests for now")
	case e.Class == crm.Refused:
		return e.Reclassified(crm.Misdirected, "wrong_server",
			"this is not the CRM: it refuses inserts and questions alike")
	}
	return e
}

// RefusedBefore is the reason of a refusal that isn't the CRM's.
const RefusedBefore = "refused_before_crm"

// ofRow makes a refusal of the row of one that was not known to be. The CRM's own words stay.
func ofRow(e *crm.Error) *crm.Error {
	if !e.Foreign() {
		return e.Reclassified(crm.Refused, e.Reason, e.Message)
	}
	row := e.Reclassified(crm.Refused, RefusedBefore, fmt.Sprintf("refused by something before the CRM (HTTP %d), "+
		"which answers a harmless question by the same token", e.HTTPStatus))
	row.Hint = "a firewall may take words of the row for an attack: have it let the case pass, " +
		"or write the words otherwise, and import the row again"
	return row
}
