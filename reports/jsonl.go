package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// jsonlEncoder writes a row as an object with the columns as keys, in their order. An empty
// cell is null. Texts are as they are: nothing runs a formula in JSON.
type jsonlEncoder struct {
	w     io.Writer
	keys  [][]byte // `{"file":`, `,"row":` …
	line  bytes.Buffer
	texts *json.Encoder // into line
}

func newJSONL(w io.Writer, header []string) (encoder, error) {
	e := &jsonlEncoder{w: w}
	e.texts = json.NewEncoder(&e.line)
	e.texts.SetEscapeHTML(false)
	before := byte('{')
	for _, h := range header {
		e.keys = append(e.keys, append(strconv.AppendQuote([]byte{before}, h), ':'))
		before = ','
	}
	return e, nil
}

func (e *jsonlEncoder) row(cells []cell) error {
	e.line.Reset()
	for i, c := range cells {
		e.line.Write(e.keys[i])
		if err := e.value(c); err != nil {
			return err
		}
	}
	e.line.WriteString("}\n")
	_, err := e.w.Write(e.line.Bytes())
	return err
}

func (e *jsonlEncoder) value(c cell) error {
	switch c.kind {
	case isText:
		if err := e.texts.Encode(c.text); err != nil {
			return err
		}
		e.line.Truncate(e.line.Len() - 1) // the encoder ends each value with a line feed
	case isNumber:
		e.line.Write(strconv.AppendInt(e.line.AvailableBuffer(), c.number, 10))
	case isEmpty:
		e.line.WriteString("null")
	}
	return nil
}

func (e *jsonlEncoder) close() error { return nil }
