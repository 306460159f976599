package sandbox

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// What a request may make the sandbox hold, attachments aside, which it never holds.
const (
	mostText   = 1 << 20 // bytes of a case's fields
	mostValues = 50_000  // values of a case's fields, which take more memory than their text
	mostFiles  = 2000    // attachments of a case
	mostDepth  = 100     // of objects and lists in one another
)

// These bounds are the sandbox's own: the real CRM doesn't have them.
var (
	fieldsTooLarge = tooLarge("fields-too-large", "FIELDS OF AT MOST %d BYTES", mostText)
	tooManyValues  = tooLarge("too-many-values", "AT MOST %d VALUES IN A CASE", mostValues)
	tooManyFiles   = tooLarge("too-many-attachments", "AT MOST %d ATTACHMENTS IN A CASE", mostFiles)
	tooDeep        = refusal{"too-deep", http.StatusBadRequest,
		fmt.Sprintf("THE SANDBOX TAKES OBJECTS AND LISTS OF AT MOST %d LEVELS", mostDepth)}
)

// tooLarge refuses a body that has more of something than the sandbox takes.
func tooLarge(name, bound string, most int) refusal {
	return refusal{name, http.StatusRequestEntityTooLarge, fmt.Sprintf("THE SANDBOX TAKES "+bound, most)}
}

// splitter takes the attachments out of a JSON text. It understands only as much of
// JSON as that needs; whether the text is valid is for the decoder of the rest.
type splitter struct {
	in          *bufio.Reader
	rest        bytes.Buffer // the text, each attachment replaced by ""
	attachments []Attachment // of the last key "attachments"
	corrupt     bool         // some attachment isn't base64
	values      int          // at least as many as there are in the rest
}

// split reads to the end of the text and returns the reader's error, io.EOF at last, or a
// refusal if there is more than the sandbox takes.
func (s *splitter) split() error {
	depth, inside := 0, false
	var key []byte // the last string: if a list begins in an object, the list's key
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

// isAttachments compares a key as JSON does: it may be written with escapes.
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

// measure bounds the rest of a body while it is copied. Values are counted by what separates them,
// also within texts: that is never too few.
func (s *splitter) measure(b byte) error {
	switch {
	case s.rest.Len() > mostText:
		return fieldsTooLarge
	case b == ',' || b == ':' || b == '{' || b == '[':
		if s.values++; s.values > mostValues {
			return tooManyValues
		}
	}
	return nil
}
