package csv

import "io"

// firstWindow is how many bytes a window has at first. It grows to hold a record.
const firstWindow = 256 << 10

// window is the piece of a text that is in memory. What is not read yet begins at pos.
// What was read stays where it is until fill, which moves it: slices of buf are good until then.
type window struct {
	in     io.Reader
	buf    []byte
	pos    int
	eof    bool
	failed error // of in; what is in buf was read before it
}

// fill reads more into the window and makes it larger if it is full.
// It sets eof at the end and on an error; both are found out once and stay.
func (w *window) fill() {
	if w.pos > 0 {
		n := copy(w.buf, w.buf[w.pos:])
		w.buf, w.pos = w.buf[:n], 0
	}
	if len(w.buf) == cap(w.buf) {
		larger := make([]byte, len(w.buf), max(firstWindow, 2*cap(w.buf)))
		copy(larger, w.buf)
		w.buf = larger
	}
	for empty := 0; ; empty++ {
		n, err := w.in.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
		// io.Reader allows zero bytes without an error, but not for ever.
		if err == nil && n == 0 && empty > 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			w.eof = true
			if err != io.EOF {
				w.failed = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
}
