package sandbox

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
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

// readBody decodes a body of any length in little memory. Not the JSON itself is
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

func readError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bodyTooLarge
	}
	return err
}

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

func (b body) has(key string) bool {
	_, ok := b.fields[key]
	return ok
}

// text returns the field where it is a text, and "" elsewhere.
func (b body) text(key string) string {
	text, _ := b.fields[key].(string)
	return text
}

func (b body) blank(key string) bool { return strings.TrimSpace(b.text(key)) == "" }

// attachmentsWhole says whether `attachments` is a list of nothing but base64.
func (b body) attachmentsWhole() bool {
	list, ok := b.fields["attachments"].([]any)
	return ok && !b.corrupt && len(list) == len(b.attachments)
}

// splitter takes the attachments out of a JSON text. It understands only as much of
// JSON as that needs; whether the text is valid is for the decoder of the rest.
type splitter struct {
	in          *bufio.Reader
	rest        bytes.Buffer
	attachments []Attachment
	corrupt     bool
	values      int
}

// split reads to the end of the text and returns the reader's error, io.EOF at last, or a
// refusal where there is more than the sandbox takes.
func (s *splitter) split() error {
	depth, inside := 0, false
	var key []byte // the last string: where a list begins in an object, the list's key
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		s.rest.WriteByte(b)
		if err := s.measure(b); err != nil {
			return err
		}
		switch b {
		case '{', '[':
			if depth++; depth > mostDepth {
				return tooDeep
			}
			if depth == 2 && b == '[' && isAttachments(key) {
				inside, s.attachments, s.corrupt = true, nil, false // of a repeated key the last holds
			}
		case '}', ']':
			depth--
			inside = inside && depth >= 2
		case '"':
			if inside && depth == 2 {
				err = s.attachment()
			} else {
				key, err = s.copyString()
			}
			if err != nil {
				return err
			}
		}
	}
}

// copyString copies a string to the rest, whose opening quote is there already, and
// returns it as it stands there. It is good until the next write.
func (s *splitter) copyString() ([]byte, error) {
	start := s.rest.Len() - 1
	for escaped := false; ; {
		b, err := s.in.ReadByte()
		if err != nil {
			return nil, err
		}
		s.rest.WriteByte(b)
		if s.rest.Len() > mostText {
			return nil, fieldsTooLarge
		}
		if b == '"' && !escaped {
			return s.rest.Bytes()[start:], nil
		}
		escaped = b == '\\' && !escaped
	}
}

func isAttachments(key []byte) bool {
	var name string
	return json.Unmarshal(key, &name) == nil && name == "attachments"
}

// attachment hashes a string of base64 and leaves an empty one in the rest.
func (s *splitter) attachment() error {
	if len(s.attachments) == mostFiles {
		return tooManyFiles
	}
	text := &stringReader{in: s.in}
	sum := sha256.New()
	piece := make([]byte, 1<<10) // a decoder gives no more at once
	size, bad := io.CopyBuffer(sum, base64.NewDecoder(base64.StdEncoding, text), piece)
	if _, err := io.Copy(io.Discard, text); err != nil {
		return err
	}
	s.rest.WriteByte('"')
	s.corrupt = s.corrupt || bad != nil
	s.attachments = append(s.attachments, Attachment{Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}
