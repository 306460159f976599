package crm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// The reasons for which a request is given up. They are told apart from errors of the network: a
// server that is slow has closed nothing.
var (
	errStalled = errors.New("the upload stalled")
	errNoReply = errors.New("no answer in time")
	errOver    = errors.New("the request is over")
)

// watch gives a request up when it stands still: an upload that moves no byte for
// stall, then an answer that isn't whole timeout after the body's last byte.
// Connecting has net/http's own limits and counts as part of the upload.
type watch struct {
	stall, timeout time.Duration
	timer          *time.Timer
	cancel         context.CancelCauseFunc
	why            chan error // has the reason until it is used
}

// newWatch watches from now on: cancel gives the request up.
func newWatch(stall, timeout time.Duration, cancel context.CancelCauseFunc) *watch {
	w := &watch{stall: stall, timeout: timeout, cancel: cancel, why: make(chan error, 1)}
	w.why <- fmt.Errorf("%w: nothing moved for %v", errStalled, stall)
	w.timer = time.AfterFunc(stall, func() { cancel(<-w.why) })
	return w
}

// sending takes in that something moved.
func (w *watch) sending() { w.timer.Reset(w.stall) }

// sent starts the wait for the answer.
func (w *watch) sent() {
	select {
	case <-w.why:
		w.why <- fmt.Errorf("%w: none %v after the request", errNoReply, w.timeout)
		w.timer.Reset(w.timeout)
	default: // the stall has just been called
	}
}

// stop ends the watch. The request is over.
func (w *watch) stop() { w.timer.Stop() }

// smallBody is a body, in bytes, that leaves together with its headers.
const smallBody = 64 << 10

// content is the body as net/http reads it for one request, until letGo is called. A small
// body that is all in memory is of a kind that net/http knows: it leaves together with the
// headers then, in one piece. Of the others every piece that is taken is movement.
func (w *watch) content(body *Body) (content io.ReadCloser, letGo func()) {
	if whole := body.whole(); whole != nil && len(whole) <= smallBody {
		return io.NopCloser(bytes.NewReader(whole)), func() {}
	}
	r := &watched{body: body, watch: w}
	return io.NopCloser(r), r.letGo
}

// watched lets go of the body when its request is over: net/http may still be reading
// then, from the goroutine that writes, and the body is sent again, or its buffers are
// another's.
type watched struct {
	watch *watch
	mu    sync.Mutex
	body  io.Reader // nil when the request is over
}

// Read holds the mutex while the body is read, for letGo to wait.
func (r *watched) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body == nil {
		return 0, errOver
	}
	n, err := r.body.Read(p)
	if n > 0 {
		r.watch.sending()
	}
	return n, err
}

// letGo returns when nobody reads the body any more.
func (r *watched) letGo() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body = nil
}
