package account

import (
	"errors"
	"testing"

	"wolkvox-import/importer/internal/stop"
	"wolkvox-import/reports"
)

// The statuses of design and README, each by what a run can come to.
func TestStatusIsTheWorstOfWhatHappened(t *testing.T) {
	paused, stopped := &stop.Halt{Status: stop.Paused}, &stop.Halt{Status: stop.Stopped}
	type outcomes = map[reports.Status]int
	for name, c := range map[string]struct {
		outcomes outcomes
		read     int
		halt     *stop.Halt
		failed   error
		want     int
	}{
		"all created":                        {outcomes{reports.Created: 2, reports.Skipped: 1}, 3, nil, nil, stop.Done},
		"no rows":                            {nil, 0, nil, nil, stop.Done},
		"some invalid":                       {outcomes{reports.Created: 2, reports.Invalid: 1}, 3, nil, nil, stop.Partly},
		"some rejected":                      {outcomes{reports.Rejected: 1}, 1, nil, nil, stop.Partly},
		"rows not attempted, and no reason":  {outcomes{reports.Created: 2, reports.NotAttempted: 1}, 3, nil, nil, stop.Paused},
		"paused":                             {outcomes{reports.NotAttempted: 3}, 3, paused, nil, stop.Paused},
		"paused before a row was read":       {nil, 0, paused, nil, stop.Paused},
		"paused, with invalid ones":          {outcomes{reports.Invalid: 1, reports.NotAttempted: 2}, 3, paused, nil, stop.Paused},
		"stopped":                            {outcomes{reports.NotAttempted: 3}, 3, stopped, nil, stop.Stopped},
		"stopped before a row was read":      {nil, 0, stopped, nil, stop.Stopped},
		"in doubt":                           {outcomes{reports.InDoubt: 1, reports.Created: 2}, 3, nil, nil, stop.InDoubt},
		"in doubt and stopped":               {outcomes{reports.InDoubt: 1, reports.NotAttempted: 2}, 3, stopped, nil, stop.InDoubt},
		"in doubt, and reports that failed":  {outcomes{reports.InDoubt: 1}, 1, nil, errors.New("full"), stop.InDoubt},
		"all created, reports that failed":   {outcomes{reports.Created: 3}, 3, nil, errors.New("full"), stop.Stopped},
		"a row read that has no outcome":     {outcomes{reports.Created: 2}, 3, nil, nil, stop.Stopped},
		"an outcome of a row that isn't one": {outcomes{reports.Created: 4}, 3, nil, nil, stop.Stopped},
		"rows read, none with an outcome":    {nil, 3, nil, nil, stop.Stopped},
	} {
		s := &reports.Summary{About: reports.About{RowsRead: c.read}, Outcomes: c.outcomes}
		if got := Status(s, c.halt, c.failed); got != c.want {
			t.Errorf("%s: %d, wanted %d", name, got, c.want)
		}
	}
}
