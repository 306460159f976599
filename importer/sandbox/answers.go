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

// envelope is the frame of every JSON answer. `error` is the text "null" where there
// is none.
type envelope struct {
	Code  any    `json:"code"` // a number or a string
	Error string `json:"error"`
	Msg   string `json:"msg"`
	Data  any    `json:"data"`
	Total *int   `json:"Total records,omitempty"`
}

// created is the answer to a case that was kept.
func (c *CRM) created(id, prefix string) answer {
	ids := map[string]string{"wolkvox_id": id, "idPrefijo": prefix}
	return answer{name: "created", status: http.StatusOK,
		body: encode(envelope{Code: c.code(http.StatusOK), Error: "null", Msg: "Succesfully create record", Data: ids})}
}

// found is the answer of the query endpoints, whose code is always a string.
func found(msg string, data any) answer {
	return answer{name: "found", status: http.StatusOK, body: encode(envelope{Code: "200", Error: "null", Msg: msg, Data: data})}
}

// refuse turns an error into an answer. What is neither a refusal nor the firewall's is a
// body that broke off: nobody is left to answer.
func (c *CRM) refuse(err error) answer {
	r, ok := errors.AsType[refusal](err)
	switch {
	case errors.Is(err, errBlocked):
		return firewallPage
	case !ok:
		return answer{name: "body-cut", reset: true}
	}
	return answer{name: r.name, status: r.status, body: encode(envelope{Code: c.code(r.status), Error: reason(r.status), Msg: r.text})}
}

func (c *CRM) redirect() answer {
	f := c.config.Faults
	return answer{name: "redirected", status: f.RedirectStatus, header: map[string]string{"Content-Type": "text/html", "Location": f.RedirectTo}}
}

func (c *CRM) code(n int) any {
	if c.config.Faults.StringCode {
		return strconv.Itoa(n)
	}
	return n
}

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
