package record

import (
	"sync/atomic"
	"time"

	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// Meter tells how far a run is. Its zero value is ready; it may be used by all goroutines at any
// time.
type Meter struct {
	rows, created, skipped, failed, bytes atomic.Int64
	doubts                                atomic.Int64 // rows in doubt
	claims                                atomic.Int64 // that are not settled durably
	started                               atomic.Int64
	read                                  atomic.Pointer[func() float64]
}

// Progress is a look at a Meter.
type Progress struct {
	Rows, Created, Skipped, Failed int64     // rows with an outcome, and which
	Bytes                          int64     // sent
	Read                           float64   // share of the inputs that has been read, 0 to 1
	Since                          time.Time // zero before the first row is read
}

// Start begins to measure. The function gives the share of the inputs that has been read; it is
// asked by any goroutine.
func (m *Meter) Start(read func() float64) {
	m.started.Store(time.Now().UnixNano())
	m.read.Store(&read)
}

// Count takes in what became of a row.
func (m *Meter) Count(s reports.Status, sent int64) {
	m.rows.Add(1)
	m.bytes.Add(sent)
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

// Claimed takes in that a row is claimed: until it is settled, nobody knows whether it has a case.
func (m *Meter) Claimed() { m.claims.Add(1) }

// Settled takes in that a claim is released, or settled durably.
func (m *Meter) Settled() { m.claims.Add(-1) }

// AtOnce is the exit status of a run that is ended at this moment, without an end of its own.
func (m *Meter) AtOnce() int {
	if m.claims.Load()+m.doubts.Load() > 0 {
		return stop.InDoubt
	}
	return stop.Paused
}

// Read takes a reading.
func (m *Meter) Read() Progress {
	p := Progress{
		Rows:    m.rows.Load(),
		Created: m.created.Load(),
		Skipped: m.skipped.Load(),
		Failed:  m.failed.Load(),
		Bytes:   m.bytes.Load(),
	}
	if read := m.read.Load(); read != nil {
		p.Since = time.Unix(0, m.started.Load())
		p.Read = (*read)()
	}
	return p
}
