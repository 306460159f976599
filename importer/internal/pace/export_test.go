package pace

import (
	"time"

	"wolkvox-import/importer/internal/crm"
)

// Know tells the first lane its quota.
func (l *Lanes) Know(q crm.Quota) { l.know(l.lanes[0], q) }

// Left is what is left of the first lane's quota.
func (l *Lanes) Left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lanes[0].left
}

// Outage lets a table test tell the times of failures.
type Outage struct{ outage }

func (o *Outage) Fails(now, notBefore time.Time, longest time.Duration) (first, goOn bool) {
	return o.fails(now, notBefore, longest)
}

func (o *Outage) Ends() { o.ends() }

// Names are how the lanes are called.
func (l *Lanes) Names() (names []string) {
	for _, lane := range l.lanes {
		names = append(names, lane.name)
	}
	return names
}
