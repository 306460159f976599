package sandbox

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
)

// answer is what becomes of a request. It is decided on first and written when the
// request no longer counts as in flight.
type answer struct {
	name   string // in Stats.Answers
	status int
	header map[string]string // over the Content-Type of JSON
	body   []byte
	reset  bool // no answer: the connection is reset
}

// envelope is the frame of every JSON answer. `error` is the text "null" if there
// is none.
type envelope struct {
	Code  any    `json:"code"` // a number or a string
	Error string `json:"error"`
	Msg   string `json:"msg"`
	Data  any    `json:"data"`
	Total *int   `json:"Total records,omitempty"`
}

// style is how the answers to inserts, and refusals, are written.
type style struct {
	stringCode bool // code is a string
}

// code is how the envelope shows a code. The real CRM's inserts have numbers and its questions have
// texts; a client must take both.
func (s style) code(n int) any {
	if s.stringCode {
		return strconv.Itoa(n)
	}
	return n
}

// created is the answer to a case that was kept.
func (s style) created(ids map[string]string) answer {
	return answer{name: "created", status: http.StatusOK,
		body: encode(envelope{Code: s.code(http.StatusOK), Error: "null", Msg: "Succesfully create record", Data: ids})}
}

// refused is the answer to a refusal.
func (s style) refused(r refusal) answer { return s.refusedWith(r, nil) }

// refusedWith is a refusal with some data beside it.
func (s style) refusedWith(r refusal, data any) answer {
	body := envelope{Code: s.code(r.status), Error: reason(r.status), Msg: r.text, Data: data}
	return answer{name: r.name, status: r.status, body: encode(body)}
}

// failed turns an error into an answer. What is neither a refusal nor a page is a body that broke
// off: nobody is left to answer.
func (s style) failed(err error) answer {
	if r, ok := errors.AsType[refusal](err); ok {
		return s.refused(r)
	}
	if p, ok := errors.AsType[*pageError](err); ok {
		return p.answer
	}
	return answer{name: "body-cut", reset: true}
}

// pageError is an answer that isn't the CRM's, but that of something before it.
type pageError struct{ answer }

// Error is the answer's name in Stats.
func (e *pageError) Error() string { return e.name }

// found is the answer of the query endpoints, whose code is always a string.
func found(msg string, data any) answer {
	body := envelope{Code: "200", Error: "null", Msg: msg, Data: data}
	return answer{name: "found", status: http.StatusOK, body: encode(body)}
}

// write sends the answer, or breaks the connection off.
func (a answer) write(w http.ResponseWriter) {
	if a.reset {
		reset(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	for key, value := range a.header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// reset closes the connection so that the client sees a reset rather than an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // not HTTP/1.1: the server drops the stream instead
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// encode can't fail: all that is answered was made here or came as JSON.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// writeLines answers one of the sandbox's own paths, a line of JSON a value.
func writeLines[T any](w http.ResponseWriter, mediaType string, values ...T) {
	w.Header().Set("Content-Type", mediaType)
	for _, v := range values {
		if _, err := w.Write(append(encode(v), '\n')); err != nil {
			return
		}
	}
}
