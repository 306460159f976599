package tty

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"wolkvox-import/importer"
)

// Progress shows how far the run is, until the returned function is called: a bar
// if stderr is a terminal, and otherwise a line now and then.
func (c *Console) Progress(m *importer.Meter) (stop func()) {
	show, every := c.lines(m), 5*time.Second
	if file, ok := c.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		show, every = c.bar(m), 200*time.Millisecond
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for tick := time.NewTicker(every); ; {
			select {
			case <-tick.C:
				show()
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() {
		close(done)
		<-gone
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.clear != nil {
			c.clear()
			c.clear = nil
		}
	}
}

// lines says how far the run is in a line of talk.
func (c *Console) lines(m *importer.Meter) func() {
	return func() {
		if r := m.Read(); !r.Since.IsZero() {
			fmt.Fprintf(c, Program+"%s, %.0f%% of the input read\n", gist(r), 100*r.Read)
		}
	}
}

// bar draws on the share of the input that has been read, since the number of rows
// isn't known before the end.
func (c *Console) bar(m *importer.Meter) func() {
	const whole = 1000
	bar := progressbar.NewOptions(whole, progressbar.OptionSetWriter(c.err), progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
		progressbar.OptionUseANSICodes(true))
	c.clear = func() { bar.Clear() }
	return func() {
		r := m.Read()
		if r.Since.IsZero() {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.asking {
			return
		}
		bar.Describe(gist(r))
		// A full bar would finish, and a finished one isn't drawn again.
		bar.Set(min(int(r.Read*whole), whole-1))
	}
}

// gist is the run so far, in a few words.
func gist(r importer.Progress) string {
	seconds := time.Since(r.Since).Seconds()
	text := fmt.Sprintf("%d rows, %.0f/s, %d created, %d failed",
		r.Rows, float64(r.Rows)/max(seconds, 1), r.Created, r.Failed)
	if perRow := r.Bytes / max(r.Created, 1); perRow > 100_000 {
		text += fmt.Sprintf(", %.1f MB/s", float64(r.Bytes)/1e6/max(seconds, 1))
	}
	return text
}
