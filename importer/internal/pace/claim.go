package pace

import (
	"fmt"

	"wolkvox-import/importer/internal/crm"
)

// Claim is the caller's durable word that a request is about to leave.
type Claim interface {
	// Take is called when a slot is free, before each request. Nothing leaves if it fails, and
	// it must not succeed before it is durable.
	Take() error

	// Release takes the word back after a request that was not sent or not processed.
	Release(why error) error
}

// notClaimed says that nothing left, since the claim could not be made durable.
func notClaimed(err error) *crm.Error {
	return &crm.Error{Class: crm.Unsent, Reason: "not_claimed", Err: err,
		Message: fmt.Sprintf("not sent, since its claim could not be written: %v", err)}
}

// notReleased says that a claim stays which means nothing: the next run finds the row in doubt.
func notReleased(err error) *crm.Error {
	return &crm.Error{Class: crm.Unsent, Reason: "not_released", Err: err,
		Message: fmt.Sprintf("not processed, which could not be written: %v", err)}
}
