package stop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wolkvox-import/importer/internal/stop"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestTheFirstReasonStays(t *testing.T) {
	s := stop.New(t.Context(), quiet())
	defer s.Close()
	if s.Thrown() || s.Halt() != nil {
		t.Fatal("thrown by nobody:", s.Halt())
	}
	first := &stop.Halt{Status: stop.Paused, Why: "quota"}
	s.Stop(first)
	s.Stop(&stop.Halt{Status: stop.Stopped, Why: "later"})
	if !s.Thrown() || s.Halt() != first || s.Context().Err() == nil {
		t.Errorf("%+v", s.Halt())
	}
}

func TestAFailureComesBeforeAllReasons(t *testing.T) {
	s := stop.New(t.Context(), quiet())
	defer s.Close()
	s.Stop(&stop.Halt{Status: stop.Paused, Why: "quota"})
	s.Fail(errors.New("the ledger's disk is gone"))
	s.Fail(errors.New("a consequence"))
	if h := s.Halt(); h.Status != stop.Stopped || h.Why != "the ledger's disk is gone" || h.Hint == "" {
		t.Errorf("%+v", h)
	}
}

func TestAFailureThatIsAHaltKeepsItsWords(t *testing.T) {
	s := stop.New(t.Context(), quiet())
	defer s.Close()
	h := &stop.Halt{Status: stop.Stopped, Why: "the input changed", Hint: "again"}
	s.Fail(fmt.Errorf("in.csv: %w", h))
	if s.Halt() != h {
		t.Errorf("%+v", s.Halt())
	}
}

func TestOneFailureIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	s := stop.New(t.Context(), slog.New(slog.NewTextHandler(&said, nil)))
	defer s.Close()
	for range 3 {
		s.Fail(errors.New("disk full"))
	}
	s.Fail(errors.New("another one"))
	if strings.Count(said.String(), "disk full") != 1 || strings.Count(said.String(), "another one") != 1 {
		t.Error(said.String())
	}
}

func TestTheEndOfTheContextIsAnInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := stop.New(ctx, quiet())
	defer s.Close()
	cancel()
	if !s.Thrown() || s.Halt() != stop.Interrupted || s.Halt().Status != stop.Paused {
		t.Errorf("%+v", s.Halt())
	}
}

func TestUntilATimeThatHasPassedPausesAtOnce(t *testing.T) {
	s := stop.New(t.Context(), quiet())
	defer s.Close()
	at := time.Date(2020, 5, 6, 7, 8, 0, 0, time.Local)
	s.Until(at)
	if h := s.Halt(); h == nil || h.Status != stop.Paused || !strings.Contains(h.Why, "07:08") {
		t.Errorf("%+v", h)
	}
}

func TestUntilReturnsIfTheSwitchIsThrownOtherwise(t *testing.T) {
	s := stop.New(t.Context(), quiet())
	defer s.Close()
	h := &stop.Halt{Status: stop.Stopped, Why: "enough"}
	s.Stop(h)
	s.Until(time.Now().Add(time.Hour)) // or the test would take that long
	if s.Halt() != h {
		t.Errorf("%+v", s.Halt())
	}
}

func TestWithRowsLeft(t *testing.T) {
	paused := &stop.Halt{Status: stop.Paused, Why: "night", Hint: "go on"}
	stopped := &stop.Halt{Status: stop.Stopped, Why: "full", Hint: "free some space"}
	for name, c := range map[string]struct {
		halt *stop.Halt
		left int
		want *stop.Halt
	}{
		"none is none":                   {nil, 3, nil},
		"a stop stays as it is":          {stopped, 3, stopped},
		"a stop with nothing left stays": {stopped, 0, stopped},
		"a pause with nothing left":      {paused, 0, nil},
		"a pause with one row left":      {paused, 1, &stop.Halt{Status: stop.Paused, Why: "night", Hint: "1 row is left; go on"}},
		"a pause with rows left":         {paused, 12, &stop.Halt{Status: stop.Paused, Why: "night", Hint: "12 rows are left; go on"}},
	} {
		got := c.halt.WithRowsLeft(c.left)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if paused.Hint != "go on" {
		t.Error("the halt itself was changed")
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	if err := stop.Sleep(t.Context(), 0); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop.Sleep(ended, time.Hour); err != stop.Interrupted {
		t.Error(err)
	}
}
