package crm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

var (
	errStalled = errors.New("the upload stalled")
	errNoReply = errors.New("no answer in time")
)

// watch gives a request up when it stands still: an upload that moves no byte for
// Stall, then an answer that isn't whole Timeout after the body's last byte.
// Connecting has net/http's own limits and counts as part of the upload.
type watch struct {
	config Config
	timer  *time.Timer
	cancel context.CancelCauseFunc
	why    chan error
}

func newWatch(c Config, cancel context.CancelCauseFunc) *watch {
	w := &watch{config: c, cancel: cancel, why: make(chan error, 1)}
	w.why <- fmt.Errorf("%w: nothing moved for %v", errStalled, c.Stall)
	w.timer = time.AfterFunc(c.Stall, func() { cancel(<-w.why) })
	return w
}

func (w *watch) sending() { w.timer.Reset(w.config.Stall) }

// sent starts the wait for the answer.
func (w *watch) sent() {
	select {
	case <-w.why:
		w.why <- fmt.Errorf("%w: none %v after the request", errNoReply, w.config.Timeout)
		w.timer.Reset(w.config.Timeout)
	default: // the stall has just been called
	}
}

func (w *watch) stop() { w.timer.Stop() }

// reader reports every piece of the body that is taken as movement.
func (w *watch) reader(body io.Reader) io.Reader { return &watched{body, w} }

type watched struct {
	io.Reader
	watch *watch
}

func (r *watched) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.watch.sending()
	}
	return n, err
}
