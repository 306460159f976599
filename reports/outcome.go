package reports

import "time"

// Status is the word for what became of a row.
type Status string

const (
	Created      Status = "created"       // a case was made
	Rejected     Status = "rejected"      // the CRM refused it
	Invalid      Status = "invalid"       // it could not become a case
	InDoubt      Status = "in_doubt"      // sent, and nobody knows whether a case was made
	Skipped      Status = "skipped"       // there was nothing to do, as the message says
	NotAttempted Status = "not_attempted" // the run stopped before it
)

// Statuses lists all of them, in the order in which reports show them.
func Statuses() []Status {
	return []Status{Created, Rejected, Invalid, InDoubt, Skipped, NotAttempted}
}

// Outcome is what became of one row: which row, what became of it, what the CRM said, and what
// the sending took.
//
// Its JSON is for keeping, flat and in this order: nothing is lost on the way there and back, if
// texts are valid UTF-8 and the time is in UTC. What results.jsonl shows is the view for people
// and programs, with the columns of results.csv.
type Outcome struct {
	Origin
	Status Status `json:"status,omitempty"`
	Reply
	Sending

	// Changed says that the row's cells are not those of its import: it is listed in changed.csv.
	Changed bool `json:"changed,omitempty"`
}

// Origin tells which row it is.
type Origin struct {
	File string `json:"file,omitempty"`
	Row  int    `json:"row,omitempty"` // as a spreadsheet numbers it
	Key  string `json:"key,omitempty"` // by which the ledger knows the row
}

// Reply is what the CRM said, or what is said in its place.
type Reply struct {
	WolkvoxID  string `json:"wolkvox_id,omitempty"`  // of the case that was made
	IDPrefijo  string `json:"id_prefijo,omitempty"`  // the case's number, as people see it
	HTTPStatus int    `json:"http_status,omitempty"` // zero: there was no answer

	// Code, Error and Message are the CRM's code, error and msg. If the row never got
	// there, Error is a stable word of ours and Message explains it.
	Code    string `json:"code,omitempty"`
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
	Hint    string `json:"hint,omitempty"` // what to do about it
}

// Sending is what the row's requests took, all of them together. It is zero for a row that was
// never sent.
type Sending struct {
	Attempts    int           `json:"attempts,omitempty"`
	Attachments []Attachment  `json:"attachments,omitempty"` // in sending order
	SentBytes   int64         `json:"sent_bytes,omitempty"`
	Duration    time.Duration `json:"duration_ns,omitempty"`
	FinishedAt  time.Time     `json:"finished_at,omitzero"` // zero: it never began
}

// Attachment is a file that was sent with a case. The CRM gets no name, so the
// order and the digest are what ties it to the file.
type Attachment struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Line is an outcome with the source row that it belongs to.
type Line struct {
	Outcome
	// Cells are needed only where the row is rejected, invalid or changed.
	Cells []string
}
