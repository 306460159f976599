package sandbox

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// body is the body of an insert, its attachments hashed.
type body struct {
	fields      map[string]any // numbers are json.Number; each attachment is ""
	attachments []Attachment
	corrupt     bool  // some attachment isn't base64
	size        int64 // of all that is kept of it, in bytes
}

// readBody decodes a body of any length in little memory: attachments of gigabytes may pass, and
// many requests at once. Not the JSON itself is
// decoded but a copy in which each attachment has become the empty string; the
// attachments are decoded and hashed while the copy is made.
func readBody(r io.Reader) (body, error) {
	s := splitter{in: bufio.NewReader(r)}
	if err := s.split(); err != io.EOF {
		return body{}, readError(err)
	}
	size := int64(s.rest.Len() + len(s.attachments)*2*sha256.Size)
	fields, err := decodeObject(&s.rest)
	if err != nil {
		return body{}, notJSON
	}
	return body{fields: fields, attachments: s.attachments, corrupt: s.corrupt, size: size}, nil
}

// readError is a refusal if the body is longer than the CRM takes, and the reader's own error
// otherwise: then nobody is left to be answered.
func readError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bodyTooLarge
	}
	return err
}

// decodeObject decodes exactly one JSON object. Numbers stay as they were written: an id of twenty
// digits must not be rounded.
func decodeObject(r io.Reader) (map[string]any, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF || fields == nil {
		return nil, errors.New("not one object")
	}
	return fields, nil
}

// has tells whether the key is there, whatever it holds.
func (b body) has(key string) bool {
	_, ok := b.fields[key]
	return ok
}

// text returns the field if it is a text, and "" otherwise.
func (b body) text(key string) string {
	text, _ := b.fields[key].(string)
	return text
}

// blank tells whether a text is missing, is no text, or has nothing but white space.
func (b body) blank(key string) bool { return strings.TrimSpace(b.text(key)) == "" }

// attachmentsWhole says whether `attachments` is a list of nothing but base64.
func (b body) attachmentsWhole() bool {
	list, ok := b.fields["attachments"].([]any)
	return ok && !b.corrupt && len(list) == len(b.attachments)
}
