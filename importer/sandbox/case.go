package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Case is a case that the CRM created. None is changed once it is kept: what agents do to it is
// settled when it is created, and shown by the clock.
type Case struct {
	ID     string    `json:"wolkvox_id"` // 24 hexadecimal digits
	Prefix string    `json:"idPrefijo"`  // such as C-7, counted from 1
	Token  string    `json:"token"`      // TokenID of the token that it came with
	At     time.Time `json:"at"`

	// Fields are as they were sent, without attachments; numbers are json.Number. They must not
	// be changed.
	Fields map[string]any `json:"fields"`

	Attachments []Attachment `json:"attachments"`
	Answer      string       `json:"answer"`           // the name in Stats.Answers of what the client was told
	Deleted     time.Time    `json:"deleted,omitzero"` // when an agent deletes it; zero: never

	description
}

// Attachment is what is kept of an attachment.
type Attachment struct {
	Size   int64  `json:"size"` // bytes, decoded
	SHA256 string `json:"sha256"`
}

// description is what becomes of the text that was sent.
type description struct {
	stored, edited string // as the CRM keeps it, and as agents leave it
	editedAt       time.Time
}

// TokenID is how records name a token: told apart by it, not given away.
func TokenID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:4])
}

// IsDeleted tells whether an agent has deleted the case by then.
func (k Case) IsDeleted(now time.Time) bool { return !k.Deleted.IsZero() && !now.Before(k.Deleted) }

// shown is the description as the CRM shows it at that time.
func (d description) shown(now time.Time) string {
	if !d.editedAt.IsZero() && !now.Before(d.editedAt) {
		return d.edited
	}
	return d.stored
}

// record is a case as queryCases shows it: its fields by the names that they were sent under. The
// names that the real CRM uses are not known but for the two ids.
func (k Case) record(now time.Time) map[string]any {
	r := maps.Clone(k.Fields)
	r["description"] = k.shown(now)
	r["wolkvox_id"], r["idPrefijo"], r["idCase"] = k.ID, k.Prefix, k.number()
	return r
}

// ids are the case's, as an answer to an insert shows them.
func (k Case) ids() map[string]string {
	return map[string]string{"wolkvox_id": k.ID, "idPrefijo": k.Prefix}
}

// number is the readable id without its prefix.
func (k Case) number() string { return k.Prefix[strings.LastIndexByte(k.Prefix, '-')+1:] }

// turn is the number, to take turns by.
func (k Case) turn() int {
	n, _ := strconv.Atoi(k.number()) // made here
	return n
}

// text is a field that is a text, "" otherwise.
func (k Case) text(key string) string {
	text, _ := k.Fields[key].(string)
	return text
}
