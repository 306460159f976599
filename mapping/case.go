package mapping

// Case is what a row became.
type Case struct {
	JSON        []byte // the request's object, without its attachments
	Key         string
	Attachments []Attachment
	LeftOut     []LeftOut // files that the row names and that are not sent
	Sent
	Description
}

// Sent is what a case is sent with, field by field, as its JSON has it.
type Sent struct {
	Contact                                    string
	Type, Status, Priority, Responsible, Owner string
}

// Description is what a case's description can be recognised by.
type Description struct {
	Marker string // its last line, "" if the mapping has none
	Length int    // in characters
	Bytes  int
}
