package tty

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"wolkvox-import/importer"
)

// A person who is asked must see the question, and not a bar in its place.
func TestBarIsNotDrawnOverAQuestion(t *testing.T) {
	var meter importer.Meter
	job := importer.Job{
		Output: importer.Output{Out: t.TempDir()},
		Reading: importer.Reading{
			Inputs: []string{"../../../../samples/tickets.csv"}, Mapping: "../../../../samples/tickets.yaml",
		},
		Surroundings: importer.Surroundings{Meter: &meter, Log: slog.New(slog.DiscardHandler)},
	}
	if _, _, err := importer.Check(t.Context(), job, ""); err != nil {
		t.Fatal(err)
	}
	var terminal bytes.Buffer
	c := &Console{err: &terminal}
	draw := c.bar(&meter)
	draws := func() bool {
		terminal.Reset()
		draw()
		return terminal.Len() > 0
	}
	if !draws() {
		t.Fatal("there is no bar at all")
	}
	c.ask("go on? ")
	if draws() {
		t.Errorf("over a question: %q", &terminal)
	}
	c.answered()
	if !draws() {
		t.Error("no bar after the answer")
	}

	terminal.Reset()
	c.ask("go on? ")
	fmt.Fprint(c, "stopping\n")
	if said := terminal.String(); !strings.HasSuffix(said, "go on? \nstopping\n") {
		t.Errorf("talk wiped the question: %q", said)
	}
}
