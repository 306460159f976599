package importer

import (
	"errors"
	"testing"

	"wolkvox-import/reports"
)

// The statuses of design and README, each by what a run can come to.
func TestStatusIsTheWorstOfWhatHappened(t *testing.T) {
	paused, stopped := &Halt{Status: StatusPaused}, &Halt{Status: StatusStopped}
	type outcomes = map[reports.Status]int
	for name, c := range map[string]struct {
		outcomes outcomes
		read     int
		halt     *Halt
		failed   error
		want     int
	}{
		"all created":                        {outcomes{reports.Created: 2, reports.Skipped: 1}, 3, nil, nil, StatusDone},
		"no rows":                            {nil, 0, nil, nil, StatusDone},
		"some invalid":                       {outcomes{reports.Created: 2, reports.Invalid: 1}, 3, nil, nil, StatusPartly},
		"some rejected":                      {outcomes{reports.Rejected: 1}, 1, nil, nil, StatusPartly},
		"rows not attempted, and no reason":  {outcomes{reports.Created: 2, reports.NotAttempted: 1}, 3, nil, nil, StatusPaused},
		"paused":                             {outcomes{reports.NotAttempted: 3}, 3, paused, nil, StatusPaused},
		"paused before a row was read":       {nil, 0, paused, nil, StatusPaused},
		"paused, with invalid ones":          {outcomes{reports.Invalid: 1, reports.NotAttempted: 2}, 3, paused, nil, StatusPaused},
		"stopped":                            {outcomes{reports.NotAttempted: 3}, 3, stopped, nil, StatusStopped},
		"stopped before a row was read":      {nil, 0, stopped, nil, StatusStopped},
		"in doubt":                           {outcomes{reports.InDoubt: 1, reports.Created: 2}, 3, nil, nil, StatusInDoubt},
		"in doubt and stopped":               {outcomes{reports.InDoubt: 1, reports.NotAttempted: 2}, 3, stopped, nil, StatusInDoubt},
		"in doubt, and reports that failed":  {outcomes{reports.InDoubt: 1}, 1, nil, errors.New("full"), StatusInDoubt},
		"all created, reports that failed":   {outcomes{reports.Created: 3}, 3, nil, errors.New("full"), StatusStopped},
		"a row read that has no outcome":     {outcomes{reports.Created: 2}, 3, nil, nil, StatusStopped},
		"an outcome of a row that isn't one": {outcomes{reports.Created: 4}, 3, nil, nil, StatusStopped},
		"rows read, none with an outcome":    {nil, 3, nil, nil, StatusStopped},
	} {
		s := &reports.Summary{About: reports.About{RowsRead: c.read}, Outcomes: c.outcomes}
		if got := status(s, c.halt, c.failed); got != c.want {
			t.Errorf("%s: %d, wanted %d", name, got, c.want)
		}
	}
}
