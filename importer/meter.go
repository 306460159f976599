package importer

import (
	"sync/atomic"
	"time"

	"wolkvox-import/reports"
)

// Meter tells how far a run is. Its zero value is ready; it may be read at any time.
type Meter struct {
	rows, created, skipped, failed, bytes atomic.Int64
	doubts                                atomic.Int64 // rows in doubt
	flying                                atomic.Int64 // claims that are not settled durably
	inputs                                atomic.Pointer[[]*input]
	started                               atomic.Int64
}

// Reading is a look at a Meter.
type Reading struct {
	Rows, Created, Skipped, Failed int64   // rows with an outcome, and which
	Bytes                          int64   // sent
	Read                           float64 // share of the inputs that has been read, 0 to 1
	Since                          time.Time
}

func (m *Meter) start(inputs []*input) {
	m.started.Store(time.Now().UnixNano())
	m.inputs.Store(&inputs)
}

func (m *Meter) count(s reports.Status, bytes int64) {
	m.rows.Add(1)
	m.bytes.Add(bytes)
	switch s {
	case reports.Created:
		m.created.Add(1)
	case reports.Skipped:
		m.skipped.Add(1)
	case reports.InDoubt:
		m.doubts.Add(1)
		m.failed.Add(1)
	case reports.Rejected, reports.Invalid:
		m.failed.Add(1)
	}
}

// AtOnce is the exit status of a run that is ended at this moment, without an end of its own.
func (m *Meter) AtOnce() int {
	if m.flying.Load()+m.doubts.Load() > 0 {
		return StatusInDoubt
	}
	return StatusPaused
}

// Read takes a reading; its Since is zero before the first row is read.
func (m *Meter) Read() Reading {
	r := Reading{Rows: m.rows.Load(), Created: m.created.Load(), Skipped: m.skipped.Load(), Failed: m.failed.Load(), Bytes: m.bytes.Load()}
	inputs := m.inputs.Load()
	if inputs == nil {
		return r
	}
	r.Since = time.Unix(0, m.started.Load())
	for _, in := range *inputs {
		if done, total := in.reader.Progress(); total > 0 {
			r.Read += float64(done) / float64(total) / float64(len(*inputs))
		}
	}
	return r
}
