package pace

import (
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Know tells the first lane its quota.
func (l *Lanes) Know(q crm.Quota) { l.lanes[0].know(q) }

// Left is what is left of the first lane's quota.
func (l *Lanes) Left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lanes[0].left
}

// Outage lets a table test tell the times of failures.
type Outage struct{ outage }

func (o *Outage) Fails(now, notBefore time.Time, patience time.Duration) (first, patient bool) {
	return o.fails(now, notBefore, patience)
}

func (o *Outage) Ends() { o.ends() }

// Names are how the lanes are called.
func (l *Lanes) Names() (names []string) {
	for _, lane := range l.lanes {
		names = append(names, lane.String())
	}
	return names
}
